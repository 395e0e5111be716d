// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// generate writes assembly with every opcode of every map, behind each
// mandatory prefix, with each value of ModRM's reg field and with memory,
// RIP-relative and register operands. Each stands at a symbol of its own and
// has enough bytes behind it, so that objdump looks at it by itself. Random
// bytes follow.
func generate(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprintln(b, ".text")
	n := 0
	emit := func(code ...byte) {
		// Fields get recognizable values, and the rest is NOPs.
		fmt.Fprintf(b, "L%d: .byte ", n)
		n++
		for _, c := range code {
			fmt.Fprintf(b, "%#x,", c)
		}
		fmt.Fprintln(b, "0x12,0x34,0x56,0x78,0x1a,0x2b,0x3c,0x4d,0x5e,0x6f,0x11,0x22; .fill 8,1,0x90")
	}
	operands := func(opcode ...byte) {
		for reg := range byte(8) {
			for _, rm := range []byte{0x00, 0x44, 0x05, 0x83, 0xC0, 0xC3, 0xC7} {
				code := append(opcode[:len(opcode):len(opcode)], reg<<3|rm)
				if rm == 0x44 {
					code = append(code, 0x58) // SIB
				}
				emit(code...)
			}
		}
	}

	legacyMaps := [][]byte{{}, {0x0F}, {0x0F, 0x38}, {0x0F, 0x3A}}
	prefixes := [][]byte{{}, {0x66}, {0xF2}, {0xF3}, {0x48}, {0x66, 0x48}, {0x67}, {0x41}}
	for _, m := range legacyMaps {
		for _, p := range prefixes {
			for op := range 256 {
				if len(m) == 0 && (prefixOrEscape[byte(op)] || op>>4 == 4) {
					continue
				}
				if len(m) == 1 && (op == 0x38 || op == 0x3A) {
					continue
				}
				code := append(p[:len(p):len(p)], m...)
				operands(append(code, byte(op))...)
			}
		}
	}
	for suffix := range 256 { // 3DNow!
		emit(0x0F, 0x0F, 0xC1, byte(suffix))
	}
	for _, payload := range []byte{0x00, 0x08, 0x11, 0x80, 0x88} { // REX2
		for op := range 256 {
			operands(0xD5, payload, byte(op))
			operands(0x66, 0xD5, payload, byte(op))
			operands(0xF2, 0xD5, payload, byte(op))
			operands(0xF3, 0xD5, payload, byte(op))
		}
	}
	for op := range 256 {
		for pp := range byte(4) {
			for _, w := range []byte{0, 0x80} {
				for m := range byte(8) {
					for _, f := range vectorForms {
						emitVector(emit, []byte{0xC4, 0xE0 | m, w | f.vvvv | pp}, byte(op), f.modrm)
						emitVector(emit, []byte{0xC4, 0xE0 | m, w | f.vvvv | pp | 4}, byte(op), f.modrm)
						for _, l := range []byte{0x08, 0x28, 0x48} {
							emitVector(emit, []byte{0x62, 0xF0 | m, w | f.vvvv | 4 | pp, l | f.mask}, byte(op), f.modrm)
						}
					}
				}
				for m := byte(8); m <= 10; m++ {
					for _, f := range vectorForms {
						emitVector(emit, []byte{0x8F, 0xE0 | m, w | f.vvvv | pp}, byte(op), f.modrm)
					}
				}
			}
		}
	}
	generateRandom(b)
	return b.Flush()
}

// vectorForms are the operands that VEX, EVEX and XOP instructions get: none in
// vvvv, and one that differs from the others, as AMX and gathers want; a mask
// where the field is, as EVEX's gathers want; groups with members 0, 2 and 6.
var vectorForms = []struct{ vvvv, modrm, mask byte }{
	{0x78, 0x04, 0},
	{0x78, 0x44, 0},
	{0x78, 0x84, 0},
	{0x78, 0xC0, 0},
	{0x78, 0xC3, 0},
	{0x78, 0x14, 1},
	{0x60, 0x14, 0},
	{0x60, 0xD1, 0},
	{0x60, 0xF1, 0},
}

// generateRandom writes bytes without any structure, for the combinations of
// prefixes that nobody thought of.
func generateRandom(w io.Writer) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 400_000 {
		fmt.Fprintf(w, ".quad %#x,%#x\n", random.Uint64(), random.Uint64())
	}
}

// emitVector emits a VEX, EVEX or XOP instruction. A SIB byte with an index
// of 1 suits gathers and tiles too.
func emitVector(emit func(...byte), prefix []byte, op, modrm byte) {
	code := append(prefix[:len(prefix):len(prefix)], op, modrm)
	if modrm < 0xC0 && modrm&7 == 4 {
		code = append(code, 0x48)
	}
	emit(code...)
}

// prefixOrEscape are the opcodes that generate treats apart.
var prefixOrEscape = map[byte]bool{
	0x0F: true, 0x26: true, 0x2E: true, 0x36: true, 0x3E: true,
	0x62: true, 0x64: true, 0x65: true, 0x66: true, 0x67: true,
	0xC4: true, 0xC5: true, 0xD5: true,
	0xF0: true, 0xF2: true, 0xF3: true,
}
