// SPDX-License-Identifier: MIT

package report

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// text writes a line for each change and a summary, for people.
func text(w io.Writer, r *compare.Result, _ Sides) error {
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
	for i := range r.Changes {
		fmt.Fprintln(table, strings.Join(columns(&r.Changes[i], many), "\t"))
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
	if len(r.Changes)+len(r.Objects) > 0 {
		fmt.Fprintln(w)
	}
	_, err := fmt.Fprintf(w, "%d changed, %d added, %d removed, %d unchanged\n", s.Changed, s.Added, s.Removed, s.Unchanged)
	return err
}

// columns is a change in a line: what, which function, how large, why. Many is
// set where a function's object must be named.
func columns(c *compare.Change, many bool) []string {
	name := c.Name
	if c.File != "" {
		name = c.File + ":" + name
	}
	if many {
		name = c.Object + ":" + name
	}
	if c.Name == checksum.OrphanName {
		name += " in " + c.Section
	}
	return []string{string(c.Status), name, sizes(c), strings.Join(c.Reasons, ", ")}
}

// sizes says how many bytes a function had and has.
func sizes(c *compare.Change) string {
	switch {
	case c.Old == nil:
		return fmt.Sprintf("%d bytes", c.New.Size)
	case c.New == nil:
		return fmt.Sprintf("%d bytes", c.Old.Size)
	case c.Old.Size == c.New.Size:
		return fmt.Sprintf("%d bytes", c.New.Size)
	}
	return fmt.Sprintf("%d -> %d bytes", c.Old.Size, c.New.Size)
}
