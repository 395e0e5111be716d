// SPDX-License-Identifier: MIT

package decode

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// exampleARM64 is a line of testdata/arm64.txt.
type exampleARM64 struct {
	line          int
	word          uint32
	want          Inst // without Form
	value         uint16
	shift         uint8
	reads, writes uint32
	text          string
}

func readExamplesARM64(t testing.TB) (list []exampleARM64) {
	readTable(t, "testdata/arm64.txt", func(n int, line string) error {
		e, err := parseExampleARM64(line)
		e.line = n
		list = append(list, e)
		return err
	})
	return list
}

func parseExampleARM64(line string) (e exampleARM64, err error) {
	columns := strings.Split(line, "\t")
	if len(columns) != 3 {
		return e, fmt.Errorf("%d columns", len(columns))
	}
	word, err := strconv.ParseUint(columns[0], 16, 32)
	if err != nil {
		return e, err
	}
	e.word, e.text = uint32(word), strings.TrimPrefix(columns[2], "# ")
	words := strings.Fields(columns[1])
	kind := slices.Index(kindNames[:], words[0])
	if kind < 0 {
		return e, fmt.Errorf("kind %q", words[0])
	}
	e.want = Inst{Len: 4, Flow: Flow{Kind: Kind(kind)}}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "pc":
			e.want.PC = Span{0, 4}
			e.want.PCRel, err = strconv.ParseInt(value, 10, 64)
		case "imm":
			e.want.Imm = Span{0, 4}
			_, err = fmt.Sscanf(value, "0x%x<<%d", &e.value, &e.shift)
		case "any":
			e.reads, e.writes = allARM64, allARM64
		case "reads":
			e.reads, err = parseRegisters(value)
		case "writes":
			e.writes, err = parseRegisters(value)
		default:
			err = fmt.Errorf("field %q", name)
		}
		if err != nil {
			return e, fmt.Errorf("%q: %w", word, err)
		}
	}
	return e, nil
}

func parseRegisters(list string) (set uint32, err error) {
	for r := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseUint(r, 10, 8)
		if err != nil || n > 30 {
			return 0, fmt.Errorf("register %q: %w", r, err)
		}
		set |= 1 << n
	}
	return set, nil
}

// wordARM64 is a word as it stands in code.
func wordARM64(w uint32) []byte { return binary.LittleEndian.AppendUint32(nil, w) }

// decodeARM64 is ARM64 with its result as a value, for tests.
func decodeARM64(t testing.TB, w uint32) (in Inst) {
	if !ARM64(wordARM64(w), &in) {
		t.Fatalf("%08x: refused", w)
	}
	return in
}

func TestARM64(t *testing.T) {
	for _, e := range readExamplesARM64(t) {
		got := decodeARM64(t, e.word)
		checkARM64(t, e.word, got)
		got.Form = 0 // TestARM64Forms
		if diff := cmp.Diff(e.want, got); diff != "" {
			t.Errorf("arm64.txt:%d: %08x (%s): -want +got:\n%s", e.line, e.word, e.text, diff)
		}
		if e.want.Imm.Len == 0 {
			continue
		}
		if value, shift := ARM64Immediate(e.word); value != e.value || shift != e.shift {
			t.Errorf("arm64.txt:%d: %08x (%s): %#x<<%d", e.line, e.word, e.text, value, shift)
		}
	}
}

// The registers of each line are those that an independent disassembler prints.
func TestARM64Registers(t *testing.T) {
	for _, e := range readExamplesARM64(t) {
		in := decodeARM64(t, e.word)
		got := ARM64Effects(wordARM64(e.word), &in)
		if got.Reads != e.reads || got.Writes != e.writes {
			t.Errorf("arm64.txt:%d: %08x (%s): reads %031b, writes %031b, not %031b and %031b",
				e.line, e.word, e.text, got.Reads, got.Writes, e.reads, e.writes)
		}
	}
}

// A word is an instruction with its four bytes, whatever is behind it, and none
// with less.
func TestARM64Truncated(t *testing.T) {
	for _, e := range readExamplesARM64(t) {
		code := wordARM64(e.word)
		for n := range code {
			var in Inst
			if ARM64(code[:n], &in) {
				t.Errorf("%08x: decoded from %d bytes", e.word, n)
			}
		}
		var in Inst
		if want := decodeARM64(t, e.word); !ARM64(append(code, 0xff, 0x14, 0, 0), &in) || in != want {
			t.Errorf("%08x: %+v with others behind it, not %+v", e.word, in, want)
		}
	}
}

func TestARM64Forms(t *testing.T) {
	forms := map[string]uint8{"b": formB, "bl": formBL, "tbz": formTest, "tbnz": formTest}
	for _, e := range readExamplesARM64(t) {
		mnemonic, _, _ := strings.Cut(e.text, " ")
		want := forms[mnemonic]
		switch {
		case strings.HasPrefix(mnemonic, "b."), strings.HasPrefix(mnemonic, "bc."):
			want = formBCond
		case strings.HasPrefix(mnemonic, "cb"):
			want = formCompare
		}
		if in := decodeARM64(t, e.word); in.Form != want {
			t.Errorf("%08x (%s): form %d, not %d", e.word, e.text, in.Form, want)
		}
	}
}

// The field is all of a word that says where it refers to: with any other bits
// there it is the same instruction with another offset, and the offsets are those
// of the field as a signed number.
func TestARM64Fields(t *testing.T) {
	for _, e := range readExamplesARM64(t) {
		in := decodeARM64(t, e.word)
		field := ARM64Field(e.word)
		if field == 0 {
			continue
		}
		zero := in
		zero.PCRel = 0
		if got := decodeARM64(t, e.word&^field); got != zero {
			t.Errorf("%08x (%s): %+v without its offset, not %+v", e.word, e.text, got, zero)
		}
		unit := int64(4)
		if field == fieldADR {
			unit = 1
		}
		bits := 0
		for f := field; f != 0; f &= f - 1 {
			bits++
		}
		if got := decodeARM64(t, e.word|field).PCRel; got != -unit {
			t.Errorf("%08x (%s): %d with all bits of the field, not %d", e.word, e.text, got, -unit)
		}
		lowest, highest := field&-field, uint32(1)<<23
		switch field {
		case fieldADR:
			lowest = 1 << 29
		case fieldImm26:
			highest = 1 << 25
		case fieldImm14:
			highest = 1 << 18
		case fieldImm9:
			highest = 1 << 13
		}
		if got := decodeARM64(t, e.word&^field|lowest).PCRel; got != unit {
			t.Errorf("%08x (%s): %d with the lowest bit, not %d", e.word, e.text, got, unit)
		}
		if got, want := decodeARM64(t, e.word&^field|highest).PCRel, -unit<<(bits-1); got != want {
			t.Errorf("%08x (%s): %d with the highest bit, not %d", e.word, e.text, got, want)
		}
	}
}

func TestARM64DoesNotAllocate(t *testing.T) {
	examples := readExamplesARM64(t)
	var in Inst
	var code [sizeARM64]byte
	if n := testing.AllocsPerRun(10, func() {
		for _, e := range examples {
			binary.LittleEndian.PutUint32(code[:], e.word)
			ARM64(code[:], &in)
			ARM64Effects(code[:], &in)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// checkARM64 checks what is true of every instruction.
func checkARM64(t *testing.T, w uint32, in Inst) {
	t.Helper()
	whole := Span{0, sizeARM64}
	if in.Len != sizeARM64 || in.Opcode != 0 || in.Kind > Trap || in.Disp.Len != 0 || in.Imm2.Len != 0 ||
		in.PC.Len != 0 && in.PC != whole || in.Imm.Len != 0 && in.Imm != whole {
		t.Fatalf("%08x: %+v", w, in)
	}
	if (ARM64Field(w) != 0) != (in.PC.Len != 0) || in.PC.Len == 0 && in.PCRel != 0 {
		t.Fatalf("%08x: field %08x, but %+v", w, ARM64Field(w), in)
	}
	direct := in.Kind == Jump || in.Kind == CondJump || in.Kind == Call
	if (in.Form != 0) != direct || direct && in.PC.Len == 0 {
		t.Fatalf("%08x: a %v with form %d and field %+v", w, in.Kind, in.Form, in.PC)
	}
}

func checkEffectsARM64(t *testing.T, w uint32, in Inst, e Effects) {
	t.Helper()
	unknown := Effects{Reads: allARM64, Writes: allARM64, Frame: true, HasSlotRead: true}
	if e == unknown {
		return
	}
	d := bit(uint8(w & 31))
	switch {
	case (e.Reads|e.Writes)&^allARM64 != 0,
		e.Immediate != OtherImmediate && (e.Register > 30 || e.Writes != bit(e.Register) || e.Writes != d),
		e.Immediate == SetRegister && (e.Reads != 0 || in.Imm.Len == 0),
		e.Immediate == ExtendRegister && (e.Reads != d || in.Imm.Len == 0),
		e.Immediate == ClearRegister && e.Reads != 0,
		e.Immediate == SetSlot,
		e.SlotLen != 0 && (e.SlotLen == 8 || !e.HasSlotRead && !e.HasSlotWrite),
		!e.HasSlotRead && e.SlotRead != 0,
		!e.HasSlotWrite && e.SlotWrite != 0,
		in.Kind == Call && e.Writes != bit(lrARM64):
		t.Fatalf("%08x: %+v of %+v", w, e, in)
	}
}

func FuzzARM64(f *testing.F) {
	for _, e := range readExamplesARM64(f) {
		f.Add(e.word)
	}
	f.Fuzz(func(t *testing.T, w uint32) {
		in := decodeARM64(t, w)
		checkARM64(t, w, in)
		checkEffectsARM64(t, w, in, ARM64Effects(wordARM64(w), &in))
		if field := ARM64Field(w); ARM64Field(w&^field) != field {
			t.Fatalf("%08x: the field is %08x, without it %08x", w, field, ARM64Field(w&^field))
		}
	})
}
