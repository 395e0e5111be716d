// SPDX-License-Identifier: MIT

// Package object reads a relocatable ELF object into an immutable model:
// sections, symbols, relocations, and the functions they make up.
//
// It is our own reader because debug/elf ignores SHT_SYMTAB_SHNDX, and a
// kernel built with -ffunction-sections has more sections than the 16-bit
// index of a symbol can name; and because it copies a section at every read,
// where this one hands out views of the mapped file.
//
// The steps, each of which checks what it reads once, so that everything
// behind it may index freely:
//
//  1. Open maps the file, or decompresses it (internal/mapped); Parse refuses
//     what is no relocatable ELF object (refuse.go).
//  2. The section headers (section.go), with the extended count and string
//     index of the ELF gABI, "Sections".
//  3. The symbols with their file and extended section index (symbol.go), and at
//     the same time the relocation records of the allocated sections, as sorted
//     views (reloc.go); compact ones are decoded (crel.go).
//  4. Code finds the functions: extents, aliases, prefixes, cold parts
//     (code.go).
//
// The package knows ELF and the compilers' symbol conventions, no machine's
// instructions.
package object

import (
	"cmp"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/fnsum/fnsum/internal/parallel"
)

// File is a relocatable ELF object. It never changes after Parse, and is safe
// for concurrent use. Names and data are views of the file's bytes: after
// Close they must not be touched.
type File struct {
	// Path is where the file was opened, empty for one from Parse.
	Path string
	// Machine is the ELF header's e_machine.
	Machine elf.Machine
	// Sections by their index in the file; the first is the null section.
	Sections []Section
	// Symbols by their index in the file's symbol table; the first is the
	// null symbol. Empty where there is no symbol table.
	Symbols []Symbol

	data    []byte
	headers []byte // the section headers
	big     bool
	few     []uint32              // the symbol tables, their extended indices and the notes, in order
	files   []uint32              // the STT_FILE symbols, in order
	made    map[uint32]madeRelocs // by rela of Section: those that aren't read as they stand in the file
	unread  map[uint32]int        // by section: how many relocation records nobody reads
	mapped  *mapped.File          // nil for one from Parse
}

// Size is the length of the file in bytes, decompressed, with everything
// behind the ELF part (a module's signature).
func (f *File) Size() int64 { return int64(len(f.data)) }

// BigEndian tells the file's byte order.
func (f *File) BigEndian() bool { return f.big }

// Open maps the object at path, or decompresses it from xz, zstd or gzip, and
// parses it. Its errors name the path; they are those of Parse, or the file
// can't be read. The caller closes it.
func Open(path string) (*File, error) {
	file, err := mapped.Open(path)
	if errors.Is(err, mapped.ErrEmpty) {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrFormat, mapped.ErrEmpty)
	}
	if err != nil {
		return nil, err
	}
	f, err := Parse(file.Data)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	f.Path, f.mapped = path, file
	return f, nil
}

// Close releases the file's bytes. Every view that the file gave out ends with
// it.
func (f *File) Close() error {
	if f.mapped == nil {
		return nil
	}
	return f.mapped.Close()
}

// Parse reads an object from memory, which must not change while the File is
// in use. Its errors wrap ErrFormat or one of the other refusals.
func Parse(data []byte) (*File, error) {
	if err := refuse(data); err != nil {
		return nil, err
	}
	f := &File{data: data, big: elf.Data(data[elf.EI_DATA]) == elf.ELFDATA2MSB}
	f.Machine = elf.Machine(f.u16(data[18:]))
	if err := f.loadSections(); err != nil {
		return nil, err
	}
	if err := f.refuseIR(); err != nil {
		return nil, err
	}
	table, err := f.findSymbols()
	if err != nil {
		return nil, err
	}
	var load parallel.Group // relocations refer to no more than a symbol's index
	var symbols, relocs error
	load.Go(func() { symbols = table.load() })
	load.Go(func() { relocs = f.loadRelocs() })
	load.Wait()
	if err := cmp.Or(symbols, relocs); err != nil {
		return nil, err
	}
	return f, nil
}

// BuildID is the object's GNU build id in hexadecimal, empty where it has
// none: the descriptor of the note of type 3 and name "GNU" in
// .note.gnu.build-id.
func (f *File) BuildID() string {
	for _, i := range f.few {
		if f.Sections[i].Type != elf.SHT_NOTE || f.Sections[i].Name() != ".note.gnu.build-id" {
			continue
		}
		note := f.Data(i)
		if len(note) < 16 {
			return ""
		}
		name, desc := f.u32(note), f.u32(note[4:])
		if name == 4 && f.u32(note[8:]) == 3 && uint64(desc) <= uint64(len(note)-16) {
			return hex.EncodeToString(note[16 : 16+desc])
		}
	}
	return ""
}
