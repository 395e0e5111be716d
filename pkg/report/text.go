// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// text writes a line for each change and a summary, for people.
func text(w io.Writer, r *compare.Result, sides Sides) error {
	many := len(r.Old.Objects) != 1 || len(r.New.Objects) != 1
	var aligned strings.Builder
	table := tabwriter.NewWriter(&aligned, 0, 8, 2, ' ', 0)
	for i := range r.Objects {
		o := &r.Objects[i]
		functions := ""
		if o.Status != compare.Unreadable {
			functions = fmt.Sprintf("%d functions", o.Functions)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", o.Status, o.Name, functions)
	}
	listed := len(r.Objects) + len(r.Data)
	for i := range r.Changes {
		c := &r.Changes[i]
		if c.Status == compare.LineOnly && !sides.Lines {
			continue
		}
		listed++
		fmt.Fprintln(table, strings.Join(columns(c, many), "\t"))
	}
	count := map[compare.Status]int{}
	for i := range r.Data {
		c := &r.Data[i]
		count[c.Status]++
		fmt.Fprintf(table, "%s\tdata %s\t%s\t\n", c.Status, fullName(c.Object, c.File, c.Name, many), sizes(c.Old, c.New))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(aligned.String()) {
		// A change without reasons ends in an empty, padded column.
		if _, err := fmt.Fprintln(w, strings.TrimRight(line, " \n")); err != nil {
			return err
		}
	}
	s := r.Summary
	if listed > 0 {
		fmt.Fprintln(w)
	}
	rare := ""
	if s.Renamed > 0 {
		rare = fmt.Sprintf("%d renamed, ", s.Renamed)
	}
	if s.LineOnly > 0 {
		rare += fmt.Sprintf("%d in line numbers only, ", s.LineOnly)
	}
	_, err := fmt.Fprintf(w, "%d changed, %d added, %d removed, %s%d unchanged\n", s.Changed, s.Added, s.Removed, rare, s.Unchanged)
	if err == nil && sides.Data {
		_, err = fmt.Fprintf(w, "data: %d changed, %d added, %d removed\n", count[compare.Changed], count[compare.Added], count[compare.Removed])
	}
	return err
}

// fullName is a name with as much in front as tells it from others.
func fullName(object, file, name string, many bool) string {
	name = checksum.Readable(name)
	if file != "" {
		name = file + ":" + name
	}
	if many {
		name = object + ":" + name
	}
	return name
}

// columns is a change in a line: what, which function, how large, why. Many is
// set where a function's object must be named.
func columns(c *compare.Change, many bool) []string {
	name := fullName(c.Object, c.File, c.Name, many)
	if c.Name == checksum.OrphanName {
		name += " in " + c.Section
	}
	remarks := slices.Clone(c.Reasons)
	if c.Status == compare.Renamed {
		remarks = append(remarks, "was "+checksum.Readable(c.Old.Name))
	}
	if c.PairedBy == compare.ByPosition {
		remarks = append(remarks, "paired by position only")
	}
	return []string{string(c.Status), name, sizes(c.Old, c.New), strings.Join(remarks, ", ")}
}

// sizes says how many bytes something had and has; nil for a side where it
// isn't.
func sizes(older, newer *checksum.Record) string {
	switch {
	case older == nil:
		return fmt.Sprintf("%d bytes", newer.Size)
	case newer == nil || older.Size == newer.Size:
		return fmt.Sprintf("%d bytes", older.Size)
	}
	return fmt.Sprintf("%d -> %d bytes", older.Size, newer.Size)
}
