// SPDX-License-Identifier: MIT

package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/arch/arm64/arm64asm"
)

// general finds the general registers among an instruction's operands as printed:
// not the parts of a name as v1 or the digits of a number as 0x1.
var general = regexp.MustCompile(`\b[xw]([0-9]+)\b`)

// An independent disassembler names the operands: a register among them is read or
// written, and no other is, but for those that it leaves out.
func TestARM64EffectsJudged(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var words []uint32
	for range 400_000 {
		words = append(words, random.Uint32())
	}
	for code := stream(t, "stream-arm64.bin"); len(code) > 0; code = code[sizeARM64:] {
		words = append(words, binary.LittleEndian.Uint32(code))
	}
	judged := 0
	for _, w := range words {
		other, err := arm64asm.Decode(wordARM64(w))
		if err != nil {
			continue
		}
		text := strings.ToLower(arm64asm.GNUSyntax(other))
		in := decodeARM64(t, w)
		e := ARM64Effects(wordARM64(w), &in)
		if e.Reads == allARM64 && e.Writes == allARM64 || strings.HasPrefix(text, "hint") { // prints a number
			continue
		}
		judged++
		want := uint32(0)
		for _, m := range general.FindAllStringSubmatch(text, -1) {
			if n, _ := strconv.Atoi(m[1]); n < r31ARM64 {
				want |= 1 << n
			}
		}
		if in.Kind == Call || in.Kind == IndirectCall || text == "ret" {
			want |= bit(lrARM64)
		}
		if got := e.Reads | e.Writes; got != want {
			t.Errorf("%08x (%s): %031b, not %031b", w, text, got, want)
		}
	}
	if judged < 100_000 {
		t.Errorf("only %d instructions were judged", judged)
	}
}
