// SPDX-License-Identifier: MIT

// Package report writes a comparison: as text for people (text.go), as names
// for scripts, and as JSON (json.go). It decides nothing: what changed, and
// why, is pkg/compare's.
package report

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"github.com/fnsum/fnsum/pkg/compare"
)

// Sides says where the two sides of a comparison came from, as the user named
// them, and what of it was asked for.
type Sides struct {
	Old, New string
	Data     bool // the data as well
	Lines    bool // functions in which nothing but line numbers differs as well
}

// Format writes a comparison.
type Format func(w io.Writer, r *compare.Result, sides Sides) error

// formats are the ways to write a comparison, by name.
var formats = map[string]Format{
	"text":  text,
	"names": names,
	"json":  writeJSON,
}

// FormatNames are the names of all formats, the default first.
var FormatNames = [...]string{"text", "names", "json"}

// ByName is the format of that name.
func ByName(name string) (Format, error) {
	if f, ok := formats[name]; ok {
		return f, nil
	}
	return nil, fmt.Errorf("unknown format %q: use one of %v", name, FormatNames)
}

// names writes one name a line, sorted, without repetition.
func names(w io.Writer, r *compare.Result, _ Sides) error {
	list := make([]string, 0, len(r.Changes))
	for i := range r.Changes {
		if c := &r.Changes[i]; c.Differs() {
			list = append(list, c.Name)
		}
	}
	slices.Sort(list)
	b := bufio.NewWriter(w)
	for _, name := range slices.Compact(list) {
		fmt.Fprintln(b, name)
	}
	return b.Flush()
}
