// SPDX-License-Identifier: MIT

package explain

import (
	"encoding/hex"
	"testing"
)

func TestDisassemblers(t *testing.T) {
	for _, test := range []struct{ arch, code, want string }{
		{"x86_64", "f30f1efa", "endbr64"},
		{"x86_64", "31c0", "xor %eax,%eax"},
		{"x86_64", "06", ""},
		{"arm64", "3f2303d5", "paciasp"},
		{"arm64", "5f2403d5", "bti c"},
		{"arm64", "21008052", "mov w1, #0x1"},
		{"arm64", "c0035fd6", "ret"},
		{"arm64", "3f003bb8", ""}, // stadd
	} {
		code, err := hex.DecodeString(test.code)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := disassemblers[test.arch](code); text != test.want || ok != (test.want != "") {
			t.Errorf("%s %s: %q, %v; want %q", test.arch, test.code, text, ok, test.want)
		}
	}
}

func TestImmediateOf(t *testing.T) {
	for _, test := range []struct {
		text, rest string
		value      int64
		ok         bool
	}{
		{"mov $0x12,%esi", "mov $,%esi", 0x12, true},
		{"mov w1, #0x12", "mov w1, #", 0x12, true},
		{"ldr x1, [x0,#8]", "", 0, false},
		{"ret", "", 0, false},
	} {
		value, rest, ok := immediateOf(test.text)
		if ok != test.ok || ok && (value != test.value || rest != test.rest) {
			t.Errorf("%q: %d, %q, %v", test.text, value, rest, ok)
		}
	}
}
