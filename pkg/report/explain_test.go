// SPDX-License-Identifier: MIT

package report

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/explain"
)

// Rows that differ stand with three equal ones around them; the first is
// marked, whatever stands between the others is left out.
func TestExplain(t *testing.T) {
	older, newer := fn("f", 1), fn("f", 2)
	c := &compare.Change{Name: "f", File: "a.c", Object: "o.ko", Status: compare.Changed, Reasons: []string{"instructions"}, Old: &older, New: &newer}
	var rows []explain.Row
	for i := range uint64(12) {
		rows = append(rows, explain.Row{Op: explain.Same, Symbol: "f", Offset: i, Text: "nop" + strings.Repeat("!", int(i))})
	}
	rows[4].Op = explain.Old
	rows[5].Detail = true
	rows[11].Op, rows[11].Symbol = explain.New, "f.cold"
	var b strings.Builder
	if err := Explain(&b, c, rows, true); err != nil {
		t.Fatal(err)
	}
	want := `changed o.ko:a.c:f 16 bytes instructions
  ... f
      +0x1  nop!
      +0x2  nop!!
      +0x3  nop!!!
-     +0x4  nop!!!!   <- the first difference
            nop!!!!!
      +0x6  nop!!!!!!
      +0x7  nop!!!!!!!
      +0x8  nop!!!!!!!!
      +0x9  nop!!!!!!!!!
      +0xa  nop!!!!!!!!!!
  ... f.cold
+     +0xb  nop!!!!!!!!!!!
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("explanation (-want +got):\n%s", diff)
	}

	b.Reset()
	rows = rows[:4]
	if err := Explain(&b, c, rows, false); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(b.String(), "changed a.c:f 16 bytes instructions\n  every step is the same") {
		t.Errorf("no row differs:\n%s", b.String())
	}
	if err := Explain(broken{}, c, rows, false); err == nil {
		t.Error("a writer's error is lost")
	}
}
