// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/fnsum/fnsum/internal/elfbuild"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
	"github.com/google/go-cmp/cmp"
)

var builtin = lines.Builtin()

// trySum sums an object, whatever it is, with one worker and with three. It
// returns what is wrong with the result.
func trySum(data []byte) error {
	f, err := object.Parse(data)
	if err != nil {
		return nil
	}
	options := Options{Jobs: 1, Opaque: true, Lines: builtin}
	one, oneErr := Sum(f, options)
	options.Jobs = 3
	three, threeErr := Sum(f, options)
	if fmt.Sprint(oneErr) != fmt.Sprint(threeErr) {
		return fmt.Errorf("1 worker: %v; 3 workers: %v", oneErr, threeErr)
	}
	if oneErr != nil {
		return nil
	}
	if diff := cmp.Diff(one, three); diff != "" {
		return fmt.Errorf("1 and 3 workers (-1 +3):\n%s", diff)
	}
	return nil
}

// FuzzSum looks for an object that brings Sum down, or of which it makes two
// different sums.
func FuzzSum(f *testing.F) {
	for _, o := range golden() {
		f.Add(o.Bytes())
	}
	f.Add(obj(
		code(fun("outer", "31c0 31c9 31d2 c3").With(symbol("inner", elf.STB_GLOBAL, elf.STT_FUNC, 2, 2), symbol("late", elf.STB_GLOBAL, elf.STT_FUNC, 6, 3)), raw("90 c3")),
		rodata(".rodata", raw("0000000000000000", abs64(0, ".rodata", 0))),
	).Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := trySum(data); err != nil {
			t.Error(err)
		}
	})
}

// stride is how far apart the changed bytes of an object are.
func stride() int {
	if testing.Short() {
		return 7
	}
	return 1
}

// TestSumFlipped changes every byte of an object in several ways, and every
// field of its headers, symbols and relocations to numbers that overflow.
func TestSumFlipped(t *testing.T) {
	for name, o := range golden() {
		good := o.Bytes()
		data := bytes.Clone(good)
		try := func(what string, args ...any) {
			defer func() {
				if r := recover(); r != nil {
					t.Errorf("%s: %s: panic: %v", name, fmt.Sprintf(what, args...), r)
				}
			}()
			if err := trySum(data); err != nil {
				t.Errorf("%s: %s: %v", name, fmt.Sprintf(what, args...), err)
			}
		}
		for i := 0; i < len(data); i += stride() {
			for _, v := range []byte{0, 0xff, good[i] + 1, good[i] - 1, good[i] ^ 0x10} {
				data[i] = v
				try("byte %#x is %#x", i, v)
			}
			data[i] = good[i]
		}
		for i := 0; i+8 <= len(data); i += 8 * stride() {
			for _, v := range []uint64{1<<63 - 1, 1 << 63, 1<<64 - 8, 1 << 32} {
				binary.LittleEndian.PutUint64(data[i:], v)
				try("%#x at %#x", v, i)
			}
			copy(data, good)
		}
	}
}

// A section of strings without data is no place to read a string from.
func TestStringsWithoutData(t *testing.T) {
	s := elfbuild.Section{Name: ".bss", Type: elf.SHT_NOBITS, Flags: elf.SHF_ALLOC | elf.SHF_MERGE | elf.SHF_STRINGS, Entsize: 1, Size: 8}
	sum(t, obj(code(fun("f", leaX, pc32(3, ".bss", -2))), s))
}
