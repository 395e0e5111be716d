// SPDX-License-Identifier: MIT

package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/explain"
)

// context is how many equal rows stand around those that differ.
const context = 3

// Explain writes where the two sides of a change differ. Rows are empty for a
// function that stands on one side only.
func Explain(w io.Writer, c *compare.Change, rows []explain.Row, many bool) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, strings.Join(strings.Fields(strings.Join(columns(c, many), " ")), " "))
	shown := near(rows)
	first, gap, symbol := firstDifference(rows), true, ""
	for i := range rows {
		r := &rows[i]
		if !shown[i] {
			gap = true
			continue
		}
		if r.Symbol != symbol || gap && i > 0 {
			fmt.Fprintf(b, "  ... %s\n", r.Symbol)
		}
		gap, symbol = false, r.Symbol
		at := ""
		if !r.Detail {
			at = fmt.Sprintf("+%#x", r.Offset)
		}
		mark := ""
		if i == first {
			mark = "   <- the first difference"
		}
		fmt.Fprintf(b, "%c %8s  %s%s\n", r.Op, at, r.Text, mark)
	}
	switch {
	case first >= 0 || len(rows) == 0:
	case c.Status == compare.Renamed:
		fmt.Fprintln(b, "  every step is the same")
	default:
		fmt.Fprintln(b, "  every step is the same; what it refers to has namesakes, and another of them is meant, or it moved")
	}
	return b.Flush()
}

// firstDifference is the first row that differs in more than a line number,
// or else in that; -1 where none differs.
func firstDifference(rows []explain.Row) int {
	first := -1
	for i := range rows {
		if rows[i].Op == explain.Same {
			continue
		}
		if !rows[i].Line {
			return i
		}
		if first < 0 {
			first = i
		}
	}
	return first
}

// near tells which rows differ or stand near one that does.
func near(rows []explain.Row) []bool {
	shown := make([]bool, len(rows))
	for i := range rows {
		if rows[i].Op == explain.Same {
			continue
		}
		for j := max(0, i-context); j <= min(len(rows)-1, i+context); j++ {
			shown[j] = true
		}
	}
	return shown
}
