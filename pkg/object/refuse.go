// SPDX-License-Identifier: MIT

package object

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"strings"
)

// What Parse refuses, for errors.Is. ErrFormat is everything that is no sound
// ELF object, the others are sound files of a kind that has no place here.
var (
	ErrFormat  = errors.New("not a usable ELF object")
	ErrLinked  = errors.New("a linked ELF file")
	ErrIR      = errors.New("compiler IR without machine code")
	ErrArchive = errors.New("an archive")
	ErrClass   = errors.New("not a 64-bit object")
)

const headerSize = 64 // of Elf64_Ehdr

// signatureMagic ends a signed module: MODULE_SIG_STRING of the kernel's
// include/linux/module_signature.h.
const signatureMagic = "~Module signature appended~\n"

// refuse looks at the first and the last bytes only.
func refuse(data []byte) error {
	switch {
	case bytes.HasPrefix(data, []byte("BC\xc0\xde")), bytes.HasPrefix(data, []byte("\xde\xc0\x17\x0b")):
		return fmt.Errorf("%w (LLVM bitcode): use the vmlinux.o or .ko that the link made of it", ErrIR)
	case bytes.HasPrefix(data, []byte("!<arch>\n")), bytes.HasPrefix(data, []byte("!<thin>\n")):
		return fmt.Errorf("%w: use the objects in it, or the vmlinux.o linked from it", ErrArchive)
	case !bytes.HasPrefix(data, []byte(elf.ELFMAG)) && bytes.HasSuffix(data, []byte(signatureMagic)):
		return fmt.Errorf("%w: a module signature without a module", ErrFormat)
	case !bytes.HasPrefix(data, []byte(elf.ELFMAG)):
		return fmt.Errorf("%w: it does not begin with the ELF magic", ErrFormat)
	case len(data) < headerSize:
		return fmt.Errorf("%w: truncated: %d bytes are no ELF header", ErrFormat, len(data))
	}
	switch class := elf.Class(data[elf.EI_CLASS]); class {
	case elf.ELFCLASS64:
	case elf.ELFCLASS32:
		return fmt.Errorf("%w: only those are supported", ErrClass)
	default:
		return fmt.Errorf("%w: unknown class %d", ErrFormat, data[elf.EI_CLASS])
	}
	order := elf.Data(data[elf.EI_DATA])
	if order != elf.ELFDATA2LSB && order != elf.ELFDATA2MSB {
		return fmt.Errorf("%w: unknown byte order %d", ErrFormat, data[elf.EI_DATA])
	}
	if v := data[elf.EI_VERSION]; v != byte(elf.EV_CURRENT) {
		return fmt.Errorf("%w: unknown ELF version %d", ErrFormat, v)
	}
	lo, hi := data[16], data[17]
	if order == elf.ELFDATA2MSB {
		lo, hi = hi, lo
	}
	switch typ := elf.Type(uint16(hi)<<8 | uint16(lo)); typ {
	case elf.ET_REL:
		return nil
	case elf.ET_EXEC, elf.ET_DYN:
		return fmt.Errorf("%w (%v): its relocations are gone; use the relocatable object it was linked from (vmlinux.o)", ErrLinked, typ)
	default:
		return fmt.Errorf("%w: type %v: only relocatable objects are supported", ErrFormat, typ)
	}
}

// refuseIR refuses gcc's slim LTO objects: sections .gnu.lto_* hold the
// program as IR, and no section holds code. A fat one (-ffat-lto-objects) has
// both, and its code is real.
func (f *File) refuseIR() error {
	ir := false
	for i := range f.Sections {
		s := &f.Sections[i]
		if s.Executable() && s.Size > 0 {
			return nil
		}
		ir = ir || strings.HasPrefix(s.Name(), ".gnu.lto_") || s.Name() == ".llvmbc" || s.Name() == ".llvm.lto"
	}
	if ir {
		return fmt.Errorf("%w (a slim LTO object): use the vmlinux.o or .ko that the link made of it", ErrIR)
	}
	return nil
}
