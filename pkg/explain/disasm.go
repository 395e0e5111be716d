// SPDX-License-Identifier: MIT

package explain

import (
	"encoding/hex"
	"strconv"
	"strings"
	"sync"

	"golang.org/x/arch/arm64/arm64asm"
	"golang.org/x/arch/x86/x86asm"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// disassemblers print an instruction in the syntax of objdump, by the name
// of the architecture. They are for reading only: where one doesn't know an
// instruction, its bytes are shown.
var disassemblers = map[string]func(code []byte) (string, bool){
	"x86_64": disassembleX86,
	"arm64":  disassembleARM64,
}

// disassemble is the text of a step that is an instruction. Of a branch only
// what stands before the target, which the step has in canonical form.
func disassemble(arch string, s *checksum.Traced) (string, bool) {
	print := disassemblers[arch]
	if len(s.Code) == 0 || print == nil {
		return "", false
	}
	text, ok := print(s.Code)
	if !ok {
		text = "(bytes " + hex.EncodeToString(s.Code) + ")"
	}
	if !s.Branch {
		return text, true
	}
	if space := strings.LastIndexByte(text, ' '); ok && space >= 0 {
		text = text[:space]
	}
	return text, true
}

// x86Missing are instructions of kernels that x86asm fails on, or takes for
// something else.
var x86Missing = map[string]string{
	"f30f1efa": "endbr64", "0f01ca": "clac", "0f01cb": "stac",
	"0f01c1": "vmcall", "0f01d9": "vmmcall", "f20f01ca": "erets", "f30f01ca": "eretu",
	"0f01ee": "rdpkru", "0f01ef": "wrpkru", "0f01c5": "pconfig", "660f01cc": "tdcall",
}

func disassembleX86(code []byte) (string, bool) {
	if text, ok := x86Missing[hex.EncodeToString(code)]; ok {
		return text, true
	}
	inst, err := x86asm.Decode(code, 64)
	if err != nil || inst.Len != len(code) {
		return "", false
	}
	// It writes an index register where there is none, as no assembler reads.
	return strings.ReplaceAll(x86asm.GNUSyntax(inst, 0, nil), ",%riz", ""), true
}

// arm64Missing are instructions of kernels that arm64asm knows as hints only.
var arm64Missing = map[string]string{
	"3f2303d5": "paciasp", "bf2303d5": "autiasp", "7f2303d5": "pacibsp", "ff2303d5": "autibsp",
	"1f2403d5": "bti", "5f2403d5": "bti c", "9f2403d5": "bti j", "df2403d5": "bti jc",
	"ff2003d5": "xpaclri", "1f2203d5": "esb", "9f2203d5": "csdb",
}

// arm64Lock guards arm64asm, whose Decode writes a variable of its package.
var arm64Lock sync.Mutex

func disassembleARM64(code []byte) (string, bool) {
	if text, ok := arm64Missing[hex.EncodeToString(code)]; ok {
		return text, true
	}
	arm64Lock.Lock()
	defer arm64Lock.Unlock()
	inst, err := arm64asm.Decode(code)
	if err != nil {
		return "", false
	}
	return strings.TrimSuffix(arm64asm.GNUSyntax(inst), ", .+0x0"), true // of ADRP, where a relocation says which page
}

// offset is an offset in a part as objdump writes it.
func offset(n uint64) string { return "+0x" + strconv.FormatUint(n, 16) }
