// SPDX-License-Identifier: MIT

package explain

import (
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
)

// Lines are the line numbers that moved between the two sides of a function.
// Steps with line numbers are paired by what they are without them. The result holds
// nothing of the objects that the steps are views of.
func Lines(older, newer []checksum.Traced) []compare.LineChange {
	a, b := withLines(older), withLines(newer)
	var list []compare.LineChange
	for _, p := range align(lineItems(a), lineItems(b)) {
		old, fresh := a[p.old], b[p.new]
		for i := range min(len(old.Lines), len(fresh.Lines)) {
			if x, y := old.Lines[i], fresh.Lines[i]; x.Value != y.Value {
				list = append(list, compare.LineChange{
					Part: strings.Clone(fresh.Symbol), Offset: fresh.Offset, Old: x.Value, New: y.Value, Evidence: y.Evidence.String(),
				})
			}
		}
	}
	return list
}

func withLines(steps []checksum.Traced) []*checksum.Traced {
	var list []*checksum.Traced
	for i := range steps {
		if len(steps[i].Lines) > 0 {
			list = append(list, &steps[i])
		}
	}
	return list
}

func lineItems(steps []*checksum.Traced) []item {
	list := make([]item, len(steps))
	for i, s := range steps {
		list[i].key = s.Class.String() + string(s.Masked)
	}
	return list
}
