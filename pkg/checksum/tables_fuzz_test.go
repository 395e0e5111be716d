// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/object"
)

// tableSeeds is objects with tables of all sorts.
func tableSeeds() []elfbuild.Object {
	return []elfbuild.Object{
		obj(
			code(raw("90 90"), fun("f", "31c0 6690 488b05 00000000 0f84 00000000 c3", pc32(7, "_rs.1", -4), plt32(13, "f.cold", -4)), raw("90 cc"), fun("g", four), raw("90 31c0 c3 90")),
			elfbuild.Text(".text.unlikely", raw("90"), fun("f.cold", "0f0b e9 00000000", plt32(3, ".altinstr_aux", -4)).Local()),
			elfbuild.Text(".altinstr_aux", raw("31c0 e9 00000000", plt32(3, ".text", 0))),
			altTable(alternative(4, 0, 2, 5), alternative(4, 5, 2, 4)), replacements("e9 02000000 7402 31f6", elfbuild.Rel(1, 4, ".text", 0)),
			tab("__ex_table", fault(4, 8), fault(22, 24)), tab("__bug_table", bug(2, "0100"), bug(24, "0100")), texts,
			tab("__jump_table", branch(4, 6, "k", 1)), tab("__patchable_function_entries", location(0), location(19), location(28), location(32)),
			tab(".smp_locks", raw("00000000 00000000", pc32(0, ".text.unlikely", 0), pc32(4, ".altinstr_replacement", 5))),
			elfbuild.Data(".data", elfbuild.Var("_rs.1", make([]byte, 8), abs64(0, "__bug_table", 16)).Local()),
		),
		obj(
			code(fun("f", "488d05 00000000 0f0b c3", pc32(3, "__bug_table", 8)), fun("g", four)),
			tab("__bug_table", raw("00000000 00000000 2a00 0000", at(7), pc32(4, ".rodata.str1.1", 4)), raw("00000000 00000000 2a00 0000", at(12), pc32(4, ".rodata.str1.1", 4))), texts,
			tab(".new", raw("00000000 00000000 00000000 02", at(2), pc32(8, ".text", 12))), tab(".parainstructions", raw("0000000000000000 0105", abs64(0, ".text", 7))),
			tab(".static_call_sites", staticCall(7, "g", 1)), tab(".return_sites", site(9)),
		),
	}
}

// trySumTables sums an object, whatever it is, and describes the steps. It
// returns what is wrong.
func trySumTables(data []byte) error {
	if err := trySum(data); err != nil {
		return err
	}
	f, err := object.Parse(data)
	if err != nil {
		return nil
	}
	sums, tracer, err := Trace(f, Options{Jobs: 1, Lines: builtin})
	if err != nil {
		if strings.Contains(err.Error(), "add up") {
			return err
		}
		return nil
	}
	for i := range sums.Records {
		steps, err := tracer.Steps(&sums.Records[i], nil)
		if err != nil {
			return err
		}
		for n := range steps {
			if _, err := steps[n].Describe(); err != nil {
				return fmt.Errorf("%s+%#x: %w", sums.Records[i].Name, steps[n].Offset, err)
			}
		}
	}
	return nil
}

// FuzzTables looks for an object whose tables bring Sum down, aren't accounted
// for, or make steps that can't be described.
func FuzzTables(f *testing.F) {
	for _, o := range tableSeeds() {
		f.Add(o.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := trySumTables(data); err != nil {
			t.Error(err)
		}
	})
}

// TestTablesFlipped changes every byte of objects with tables, and every field
// of their headers, symbols and relocations.
func TestTablesFlipped(t *testing.T) {
	for n, o := range tableSeeds() {
		good := o.Bytes()
		if err := trySumTables(good); err != nil {
			t.Fatal(err)
		}
		data := bytes.Clone(good)
		try := func(what string, args ...any) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("object %d: %s: panic: %v", n, fmt.Sprintf(what, args...), r)
				}
			}()
			if err := trySumTables(data); err != nil {
				t.Errorf("object %d: %s: %v", n, fmt.Sprintf(what, args...), err)
			}
		}
		for i := 0; i < len(data); i += stride() {
			for _, v := range []byte{0xff, good[i] ^ 1} {
				data[i] = v
				try("byte %#x is %#x", i, v)
			}
			data[i] = good[i]
		}
		for i := 0; i+8 <= len(data); i += 8 * stride() {
			for _, v := range []uint64{1<<64 - 8, 1 << 32} {
				binary.LittleEndian.PutUint64(data[i:], v)
				try("%#x at %#x", v, i)
			}
			copy(data, good)
		}
	}
}
