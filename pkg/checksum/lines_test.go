// SPDX-License-Identifier: MIT

package checksum

import (
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/lines"
)

// withLine is a function that passes a line to another one: however the call
// is encoded, it is found.
func withLine(line, how string) elfbuild.Object {
	const set = "be 000000" // mov $LINE,%esi, but for its last byte
	mov := strings.Replace(set, "00", line, 1) + "00"
	callee := fun("__might_sleep", "31f6 c3")
	switch how {
	case "undefined":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "__might_sleep", -4))))
	case "by the section":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, ".text.unlikely", -4))), elfbuild.Text(".text.unlikely", callee.Local()))
	case "resolved by the assembler":
		return obj(code(fun("f", mov+"e8 01000000 c3"), callee.Local()))
	case "a clone":
		return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "__might_sleep.constprop.0", -4))))
	}
	return obj(code(fun("f", mov+"e8 00000000 c3", plt32(6, "consume", -4))))
}

func TestLineOfCall(t *testing.T) {
	for how, isLine := range map[string]bool{
		"undefined": true, "by the section": true, "resolved by the assembler": true, "a clone": true, "another function": false,
	} {
		t.Run(how, func(t *testing.T) {
			a, b := record(t, sum(t, withLine("05", how)), "f"), record(t, sum(t, withLine("06", how)), "f")
			if a.Digest == b.Digest {
				t.Error("the exact digests are equal")
			}
			if same := a.Masked() == b.Masked() && a.Masked() != (Digest{}); same != isLine {
				t.Errorf("without line numbers: %v and %v", a.Masked(), b.Masked())
			}
			// What has no line there is never equal to what has one.
			if c := record(t, sum(t, withLine("00", how)), "f"); c.Digest == a.Masked() || c.Digest == b.Masked() {
				t.Error("a line that was left out is a zero")
			}
		})
	}
}

// A user's table makes lines of what nobody knew.
func TestLineTable(t *testing.T) {
	table := lines.Builtin()
	if err := table.Add(strings.NewReader("consume 2\n")); err != nil {
		t.Fatal(err)
	}
	masked := func(line string) Digest {
		sums, err := Sum(parse(t, withLine(line, "another function")), Options{Lines: table})
		if err != nil {
			t.Fatal(err)
		}
		return sums.Records[0].Masked()
	}
	if a, b := masked("05"), masked("06"); a != b || a == (Digest{}) {
		t.Errorf("%v and %v", a, b)
	}
}
