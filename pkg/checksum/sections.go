// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"strings"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/object"
)

// sectionKind is what a reference into a section means.
type sectionKind uint8

const (
	sectionOther    sectionKind = iota // not part of the running kernel
	sectionCode                        // functions
	sectionSpecial                     // tables about code, and their replacement code
	sectionStrings                     // SHF_STRINGS: text
	sectionMerge                       // SHF_MERGE with an entry size: constants
	sectionReadOnly                    // data that nothing writes
	sectionWritable                    // variables, NOBITS too
)

// kindOf classifies a section by its flags, and by its name where the flags
// don't tell.
func kindOf(s *object.Section) sectionKind {
	switch {
	case !s.Allocated():
		return sectionOther
	case alternatives.Known(s.Name()), s.Name() == alternatives.ReplacementSection:
		return sectionSpecial
	case s.Executable():
		return sectionCode
	case s.Type == elf.SHT_NOBITS:
		return sectionWritable
	case s.Flags&elf.SHF_STRINGS != 0:
		return sectionStrings
	case s.Flags&elf.SHF_MERGE != 0 && s.Entsize() > 0:
		return sectionMerge
	case s.Flags&elf.SHF_WRITE == 0, strings.HasPrefix(s.Name(), ".data.rel.ro"), strings.HasPrefix(s.Name(), ".data..L"), strings.HasPrefix(s.Name(), ".rodata"), s.Name() == "__tracepoint_str":
		return sectionReadOnly
	}
	return sectionWritable
}

// textPlaces are the sections that are one place: the linker puts a function
// into one or the other by how often it is expected to run (rule 8).
var textPlaces = [...]string{".text", ".text.unlikely", ".text.hot", ".text.startup", ".ref.text"}

// Place is what a function's section means for comparison: .text for all of
// ordinary text, otherwise the section's own name.
func Place(section string) string {
	for _, place := range textPlaces {
		if section == place {
			return ".text"
		}
	}
	rest, ok := strings.CutPrefix(section, ".text.")
	if ok && rest != "" && rest[0] != '.' {
		return ".text"
	}
	return section
}

// DataPlace is what a datum's section means for comparison: .data for variables, .rodata for
// what nothing writes once it is relocated, otherwise the section's own name. A name behind two
// dots is a place of its own; include/asm-generic/vmlinux.lds.h.
func DataPlace(section string) string {
	under := func(name string) bool {
		rest, ok := strings.CutPrefix(section, name)
		return ok && (rest == "" || rest[0] == '.')
	}
	switch {
	case strings.Contains(section, ".."):
		return section
	case under(".rodata"), under(".data.rel.ro"):
		return ".rodata"
	case under(".data"), under(".bss"):
		return ".data"
	}
	return section
}
