// SPDX-License-Identifier: MIT

// Package lines tells which numbers in compiled code are line numbers.
//
// __LINE__ moves with every line that is added above it, so an immediate which
// is one says nothing about what the code does. But nothing in an object marks
// it as one: only evidence does, and a register, or a callee that often gets a
// line, is none. This package holds the kinds of [Evidence], apart from those
// who act on them:
//
//  1. A [Table] knows the functions of the kernel with a parameter that is a
//     line whoever calls them. [Builtin] reads the one that comes with this
//     package, signatures.txt; [Table.Add] puts a user's file on top.
//  2. A [Finder] follows immediates through code to a call of such a function,
//     or to the WARN or BUG whose line they are.
//  3. [ReadDebug] knows which line an instruction is from.
//  4. [AppendText] finds the line at the end of a string.
package lines

import (
	"bufio"
	"cmp"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/zeebo/xxh3"
)

//go:embed signatures.txt
var signatures string

// maxParameter is more than a function of C has to be able to have.
const maxParameter = 127

// A Table says which parameters of which functions are line numbers. Several
// may read it at a time while nobody adds to it.
type Table struct {
	parameters map[string][]int // sorted
	added      map[entry]struct{}
}

// entry is one line of a table's file.
type entry struct {
	name      string
	parameter int
}

// Builtin returns the table of the kernel's functions, which is the caller's
// own to add to.
func Builtin() *Table {
	entries, err := parse(strings.NewReader(signatures))
	if err != nil {
		panic("signatures.txt: " + err.Error()) // a test reads it
	}
	t := &Table{parameters: make(map[string][]int, len(entries)), added: map[entry]struct{}{}}
	for _, e := range entries {
		t.insert(e)
	}
	return t
}

// Add puts the entries of a file on top of the table's: a name and a
// parameter's number, from 1, a line; # starts a comment. An entry that the
// table has already is no error. After an error the table is as before.
func (t *Table) Add(r io.Reader) error {
	entries, err := parse(r)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if t.insert(e) {
			t.added[e] = struct{}{}
		}
	}
	return nil
}

// Parameters returns the numbers, from 1 and in order, of those parameters of
// a function that are lines. The name is that of the source, without what a
// compiler appended to it.
func (t *Table) Parameters(name string) []int {
	return slices.Clone(t.parameters[name])
}

// Digest returns the XXH3-64 of the entries that Add brought, whatever their
// order and layout, in hexadecimal; nothing if there are none. Sums made with
// tables of different digests don't compare.
func (t *Table) Digest() string {
	if len(t.added) == 0 {
		return ""
	}
	h := xxh3.New()
	for _, e := range slices.SortedFunc(maps.Keys(t.added), entry.compare) {
		h.WriteString(e.String() + "\n")
	}
	return hex.EncodeToString(h.Sum(nil))
}

// insert reports whether the entry is new.
func (t *Table) insert(e entry) bool {
	numbers := t.parameters[e.name]
	at, found := slices.BinarySearch(numbers, e.parameter)
	if !found {
		t.parameters[e.name] = slices.Insert(numbers, at, e.parameter)
	}
	return !found
}

func (e entry) String() string { return e.name + " " + strconv.Itoa(e.parameter) }

func (e entry) compare(other entry) int {
	return cmp.Or(strings.Compare(e.name, other.name), cmp.Compare(e.parameter, other.parameter))
}

// parse returns the entries of a file in its order.
func parse(r io.Reader) ([]entry, error) {
	var entries []entry
	scanner := bufio.NewScanner(r)
	number := 0
	for scanner.Scan() {
		number++
		text, _, _ := strings.Cut(scanner.Text(), "#")
		fields := strings.Fields(text)
		if len(fields) == 0 {
			continue
		}
		e, err := parseEntry(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		entries = append(entries, e)
	}
	if err := scanner.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d: too long", number+1)
	} else if err != nil {
		return nil, err
	}
	return entries, nil
}

func parseEntry(fields []string) (entry, error) {
	if len(fields) != 2 {
		return entry{}, errors.New("want a function's name and a parameter's number")
	}
	n, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil || n < 1 || n > maxParameter {
		return entry{}, fmt.Errorf("%q is not a parameter's number, 1 to %d", fields[1], maxParameter)
	}
	return entry{fields[0], int(n)}, nil
}
