// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"encoding/binary"
	"math"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
	"github.com/fnsum/fnsum/pkg/object"
)

var x86 = machine{
	decode:    decode.X86,
	branch:    -4,
	width:     x86Width,
	writes:    func(uint32, uint64) byte { return 0xff },
	none:      uint32(elf.R_X86_64_NONE),
	otherType: x86OtherType,
	relative:  x86Relative,
	fill:      func(b byte) bool { return b == 0 || b == 0xcc },
	changes:   x86Changes,
	number:    x86Number,
	retarget:  x86Retarget,
	end:       x86End,
	kcfi:      x86KCFI,
	codeRefs:  (*Object).codeRefs,
	flow:      func(*Object) {},
	beside:    func(uint32) (uint8, bool) { return 0, false },
	anchored:  func(*Object, *object.Extent) bool { return false },
	loose:     func(*Object, *object.Extent) bool { return false },
}

func x86Width(typ uint32) uint64 {
	switch elf.R_X86_64(typ) {
	case elf.R_X86_64_NONE:
		return 0
	case elf.R_X86_64_64, elf.R_X86_64_PC64, elf.R_X86_64_TPOFF64, elf.R_X86_64_SIZE64:
		return 8
	case elf.R_X86_64_16, elf.R_X86_64_PC16:
		return 2
	case elf.R_X86_64_8, elf.R_X86_64_PC8:
		return 1
	}
	return 4
}

func x86OtherType(typ uint32) (uint32, bool) {
	switch elf.R_X86_64(typ) {
	case elf.R_X86_64_PC32, elf.R_X86_64_PLT32:
		return uint32(elf.R_X86_64_32S), true
	case elf.R_X86_64_32, elf.R_X86_64_32S:
		return uint32(elf.R_X86_64_PC32), true
	case elf.R_X86_64_64:
		return uint32(elf.R_X86_64_PC64), true
	case elf.R_X86_64_PC64:
		return uint32(elf.R_X86_64_64), true
	}
	return 0, false
}

func x86Relative(typ uint32) bool {
	switch elf.R_X86_64(typ) {
	case elf.R_X86_64_PC32, elf.R_X86_64_PLT32, elf.R_X86_64_PC64, elf.R_X86_64_PC16, elf.R_X86_64_PC8,
		elf.R_X86_64_GOTPCREL, elf.R_X86_64_GOTPCRELX, elf.R_X86_64_REX_GOTPCRELX:
		return true
	}
	return false
}

// x86End counts from where the instruction ends; outside of one, from the field's end.
func x86End(r object.Reloc, at uint64, in *decode.Inst) int64 {
	switch {
	case !x86Relative(r.Type):
		return 0
	case in == nil:
		return int64(x86Width(r.Type))
	case in.PC.Len > 0 && r.Offset == at+uint64(in.PC.Off):
		return int64(at + uint64(in.Len) - r.Offset)
	}
	return 0
}

// x86Changes changes the first bit of each byte that makes another instruction
// of the same kind and length.
func x86Changes(code []byte, in *decode.Inst, whole bool) []change {
	from, to := in.Imm.Off, in.Imm.Off+in.Imm.Len
	if whole {
		from, to = 0, in.Len
	}
	var list []change
	code = slices.Clone(code[:min(len(code), 16)])
	for i := from; i < to; i++ {
		old := code[i]
		for bit := range 8 {
			code[i] = old ^ 1<<bit
			other := decode.Inst{}
			if decode.X86(code, &other) && other.Len == in.Len && other.Kind == in.Kind {
				list = append(list, change{uint64(i), code[i]})
				break
			}
		}
		code[i] = old
	}
	return list
}

func x86Number(code []byte, in *decode.Inst) (uint32, bool) {
	if in.Imm.Len != 4 {
		return 0, false
	}
	return binary.LittleEndian.Uint32(in.Imm.Of(code)), true
}

func x86Retarget(_ []byte, in *decode.Inst, to int64) ([]byte, bool) {
	to -= int64(in.Len)
	if in.PC.Len != 4 || to != int64(int32(to)) || to == math.MinInt32 {
		return nil, false
	}
	return binary.LittleEndian.AppendUint32(nil, uint32(to)), true
}

// x86KCFI finds mov $hash, %eax.
func x86KCFI(o *Object, e *object.Extent) (at uint64, ok bool) {
	o.instructions(e.Section, o.code.Funcs[e.Func].Prefix, e.Start, func(here uint64, in *decode.Inst) bool {
		if in.Kind == decode.Plain && in.Len == 5 && in.Imm.Len == 4 {
			at, ok = here+1, true
		}
		return true
	})
	return at, ok
}
