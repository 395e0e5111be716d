// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
)

// allARM64 is x0 to x30.
const allARM64 = 1<<31 - 1

// operationARM64 is an instruction's text, taken apart.
type operationARM64 struct {
	mnemonic, operands string
	word               uint32
	undefined          bool // no instruction that objdump knows
}

func (o *operationARM64) is(names ...string) bool {
	return slices.Contains(names, o.mnemonic)
}

// starts tells whether the mnemonic is one of a family.
func (o *operationARM64) starts(names ...string) bool {
	for _, name := range names {
		if strings.HasPrefix(o.mnemonic, name) {
			return true
		}
	}
	return false
}

// operationOf takes a line's text apart:
//
//	b.cc 40 <f+0x10>  // b.lo, b.ul, b.last
func operationOf(l *line) operationARM64 {
	text, _, _ := strings.Cut(l.text, "//")
	undefined := strings.HasPrefix(text, ".inst") || strings.HasPrefix(text, "<unknown>")
	mnemonic, operands, _ := strings.Cut(text, " ")
	operands, _, _ = strings.Cut(operands, "<")
	return operationARM64{
		mnemonic: mnemonic, operands: strings.TrimSpace(operands),
		word: binary.LittleEndian.Uint32(l.code), undefined: undefined,
	}
}

// compareARM64 says in what our decoding of code differs from objdump's line.
func compareARM64(l *line, code []byte) []difference {
	switch l.mnemonic() {
	case ".word", ".short", ".byte", ".hword", ".xword":
		return []difference{{dataARM64, ""}}
	}
	if l.len != 4 {
		if l.mnemonic() == "<unknown>" { // what LLVM's objdump calls a rest
			return []difference{{dataARM64, ""}}
		}
		return []difference{{"length", ""}}
	}
	var in decode.Inst
	if !decode.ARM64(code, &in) || in.Len != 4 {
		return []difference{{"refused", ""}}
	}
	o := operationOf(l)
	if o.undefined && o.newer() && in.Kind != decode.Plain {
		return []difference{{newerARM64, describe(in)}}
	}
	var found []difference
	differ := func(class, detail string) {
		found = append(found, difference{class, detail})
	}
	want := o.kind()
	if in.Kind != want {
		differ("kind", in.Kind.String()+", not "+want.String())
	}
	direct := want == decode.Jump || want == decode.CondJump || want == decode.Call
	if printed, relative := o.relative(direct); relative != (in.PC.Len != 0) {
		differ("relative", describe(in))
	} else if target := l.address + uint64(in.PCRel); relative && printed != target {
		if in.PCRel == 0 {
			differ(relocated, "")
		} else {
			differ("target", fmt.Sprintf("%#x", target))
		}
	}
	if !o.sameImmediate(&in) {
		differ("immediate", describe(in))
	}
	if class, detail := o.registers(code, &in); class != "" {
		differ(class, detail)
	}
	return found
}

// kind classifies an instruction by its mnemonic.
func (o *operationARM64) kind() decode.Kind {
	switch {
	case o.undefined:
		return decode.Plain
	case o.is("b"):
		return decode.Jump
	case o.is("bl"):
		return decode.Call
	case o.starts("b.", "bc.", "cb", "tbz", "tbnz"):
		return decode.CondJump
	case o.is("br", "braa", "brab", "braaz", "brabz"):
		return decode.IndirectJump
	case o.is("blr", "blraa", "blrab", "blraaz", "blrabz"):
		return decode.IndirectCall
	case o.starts("reta", "eret"), o.is("ret", "drps"):
		return decode.Return
	case o.is("brk", "hlt", "udf"):
		return decode.Trap
	case o.is("nop"):
		return decode.Nop
	}
	return decode.Plain
}

// newer reports the places of CB<cc> of FEAT_CMPBR and RETAASPPC of FEAT_PAuth_LR.
func (o *operationARM64) newer() bool {
	return o.word>>25&0x3f == 0x3a || o.word>>24 == 0x55 || o.word&0xffff_fbe0 == 0xd65f_0be0
}

// relative is the address that a branch, ADR or load of a literal refers to.
func (o *operationARM64) relative(direct bool) (address uint64, ok bool) {
	switch {
	case o.undefined:
		return 0, false
	case direct, o.is("adr"), o.is("ldr", "ldrsw", "prfm") && !strings.Contains(o.operands, "["):
	default:
		return 0, false
	}
	last := o.operands[strings.LastIndexByte(o.operands, ',')+1:]
	address, err := parseHex(last)
	return address, err == nil
}

// sameImmediate compares the immediate of MOVZ, MOVN or MOVK with the printed one,
// which is that or, for mov, what the register is set to.
func (o *operationARM64) sameImmediate(in *decode.Inst) bool {
	if in.Imm.Len == 0 {
		return !o.is("movz", "movn", "movk")
	}
	value, shift := decode.ARM64Immediate(o.word)
	want := uint64(value)
	printed, _, shifted := strings.Cut(o.operands[strings.IndexByte(o.operands, ',')+1:], ", lsl ")
	if o.is("mov") {
		want <<= shift
		if o.word>>29&3 == 0 {
			want = ^want
		}
		if o.word>>31 == 0 {
			want = uint64(uint32(want))
		}
	} else if shifted != (shift != 0) {
		return false
	}
	have, err := strconv.ParseInt(strings.TrimPrefix(strings.TrimSpace(printed), "#"), 0, 64)
	if err != nil {
		unsigned, err := strconv.ParseUint(strings.TrimPrefix(strings.TrimSpace(printed), "#"), 0, 64)
		return err == nil && unsigned == want
	}
	return uint64(have) == want || o.word>>31 == 0 && uint32(have) == uint32(want)
}

// registers compares what is read or written with the registers that are printed.
func (o *operationARM64) registers(code []byte, in *decode.Inst) (class, detail string) {
	e := decode.ARM64Effects(code, in)
	if e.Reads == allARM64 && e.Writes == allARM64 {
		if o.undefined {
			return "", ""
		}
		return effectsARM64, ""
	}
	if o.undefined {
		return "", "" // of a class that is known, as vector instructions
	}
	have, want := e.Reads|e.Writes, o.printed()|o.implicit()
	switch {
	case want&^have != 0:
		return "registers", fmt.Sprintf("%031b, not %031b", have, want)
	case have != want:
		return moreARM64, fmt.Sprintf("%031b, not %031b", have, want)
	}
	return "", ""
}

// printed are the general registers among the operands.
func (o *operationARM64) printed() (set uint32) {
	name := func(c byte) bool {
		return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c == '_' || c == '.' || c == '#'
	}
	text := o.operands
	for at := 0; at < len(text); {
		end := at
		for end < len(text) && name(text[end]) {
			end++
		}
		if end == at {
			at++
			continue
		}
		if word := text[at:end]; word[0] == 'x' || word[0] == 'w' {
			if n, err := strconv.ParseUint(word[1:], 10, 8); err == nil && n < 31 {
				set |= 1 << n
			}
		}
		at = end
	}
	return set
}

// implicit are the registers that an instruction uses without their being printed.
func (o *operationARM64) implicit() uint32 {
	const lr = 1 << 30
	switch {
	case o.is("bl"), o.starts("blr"), o.is("ret") && o.operands == "", o.starts("reta"),
		o.is("xpaclri", "paciaz", "paciasp", "pacibz", "pacibsp", "autiaz", "autiasp", "autibz", "autibsp"),
		o.starts("autiasppc", "autibsppc", "paciasppc", "pacibsppc", "pacnbi"):
		return lr
	case o.is("pacia1716", "pacib1716", "autia1716", "autib1716"):
		return 1<<16 | 1<<17
	case o.is("pacia171615", "pacib171615", "autia171615", "autib171615"):
		return 1<<15 | 1<<16 | 1<<17
	case o.is("hint"): // an objdump that doesn't know it; those of x30
		if n := o.word >> 5 & 0x7f; n == 7 || n >= 24 && n < 32 {
			return lr
		}
		if n := o.word >> 5 & 0x7f; n == 8 || n == 10 || n == 12 || n == 14 {
			return 1<<16 | 1<<17
		}
	}
	return 0
}

// generateARM64 writes a sample of all words: for each value of the upper 16 bits
// some that are random below, and one in ten with no register but SP.
func generateARM64(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, ".text")
	random := rand.New(rand.NewPCG(1, 2))
	for high := range uint32(1 << 16) {
		for n := range 64 {
			word := high<<16 | random.Uint32()&0xffff
			if n%10 == 0 {
				word |= 31 << 5
			}
			fmt.Fprintf(b, ".inst %#x\n", word)
		}
	}
	return b.Flush()
}
