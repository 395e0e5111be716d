// SPDX-License-Identifier: MIT

package decode

import (
	"os"
	"testing"

	"golang.org/x/arch/x86/x86asm"
)

// stream is a compiler's output: see testdata/stream.c.
func stream(b testing.TB, name string) []byte {
	code, err := os.ReadFile("testdata/" + name)
	if err != nil {
		b.Fatal(err)
	}
	return code
}

func BenchmarkX86(b *testing.B) {
	code := stream(b, "stream.bin")
	var in Inst
	instructions := 0
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(code); instructions++ {
			ok := X86(code[at:], &in)
			if !ok {
				b.Fatalf("%#x: % x", at, code[at:][:16])
			}
			at += int(in.Len)
		}
	}
	perInstruction(b, instructions)
}

func BenchmarkARM64(b *testing.B) {
	eachARM64(b, func([]byte, *Inst) {})
}

func BenchmarkARM64Effects(b *testing.B) {
	eachARM64(b, func(code []byte, in *Inst) { ARM64Effects(code, in) })
}

// eachARM64 decodes a stream, and does something with each instruction.
func eachARM64(b *testing.B, do func(code []byte, in *Inst)) {
	code := stream(b, "stream-arm64.bin")
	var in Inst
	instructions := 0
	b.ReportAllocs()
	for b.Loop() {
		for at := 0; at < len(code); at += int(in.Len) {
			ARM64(code[at:], &in)
			do(code[at:], &in)
			instructions++
		}
	}
	perInstruction(b, instructions)
}

// BenchmarkX86asm does the same as BenchmarkX86 with golang.org/x/arch/x86/x86asm, which fails
// on some of these instructions: they are left out.
func BenchmarkX86asm(b *testing.B) {
	code := stream(b, "stream.bin")
	var list [][]byte
	for at := 0; at < len(code); {
		in, ok := decodeX86(code[at:])
		if !ok {
			b.Fatalf("%#x", at)
		}
		if _, err := x86asm.Decode(code[at:], 64); err == nil {
			list = append(list, code[at:])
		}
		at += int(in.Len)
	}
	instructions := 0
	b.ReportAllocs()
	for b.Loop() {
		for _, at := range list {
			x86asm.Decode(at, 64)
			instructions++
		}
	}
	perInstruction(b, instructions)
}

func perInstruction(b *testing.B, instructions int) {
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(instructions), "ns/inst")
}
