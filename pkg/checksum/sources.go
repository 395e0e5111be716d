// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"debug/elf"
	"strings"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// findSources finds the base names of the files that the object was made from, as far as it
// names them itself: in the symbol table, in its bug table, and in descriptors with a
// line number (rule 7.6).
func (p *program) findSources() map[string]bool {
	names := map[string]bool{}
	add := func(text []byte) {
		name := text[bytes.LastIndexByte(text, '/')+1:]
		if bytes.IndexByte(name, '.') > 0 && !names[string(name)] {
			names[string(name)] = true
		}
	}
	referred := func(relocs object.Relocs, back func(r object.Reloc) uint64) {
		for i := range relocs.Len() {
			r := relocs.At(i)
			if section, at, ok := alternatives.Target(p.file, r); ok && at >= back(r) && p.kinds[section] != sectionCode {
				if text := p.file.PathAt(section, at-back(r)); lines.IsSource(text) && bytes.IndexByte(text, ' ') < 0 { // no message
					add(text)
				}
			}
		}
	}
	own := func(object.Reloc) uint64 { return 0 }
	p.tables.Each(alternatives.BugTable, func(e *alternatives.Entry) {
		table := &p.tables.Tables[e.Table]
		back := own
		if table.FromStart {
			back = func(r object.Reloc) uint64 { return r.Offset - uint64(e.Start) }
		}
		referred(p.file.Relocs(table.Section).Between(uint64(e.Start), uint64(e.End)), back)
	})
	for i := range p.file.Sections {
		name := p.file.Sections[i].Name()
		for n := range lineFields {
			if f := &lineFields[n]; f.section != "" && f.of(name, "") {
				referred(p.file.Relocs(uint32(i)), own)
				break
			}
		}
	}
	for i := range p.file.Symbols {
		s := &p.file.Symbols[i]
		switch s.Type() {
		case elf.STT_FILE:
			add([]byte(s.Name()))
		case elf.STT_OBJECT, elf.STT_NOTYPE:
			if kind := p.inKinds[i]; kind != sectionWritable && kind != sectionReadOnly {
				continue
			}
			for n := range lineFields {
				if f := &lineFields[n]; f.symbol != "" && strings.Contains(s.Name(), f.symbol) && f.of("", p.normal(uint32(i))) {
					referred(p.file.Relocs(s.Section).Between(s.Value, s.Value+s.Size), own)
				}
			}
		}
	}
	return names
}

// isSource tells whether the object was made from a file of such a base name.
func (p *program) isSource(name []byte) bool { return p.sources()[string(name)] }

// isSourcePath tells whether it was made from a file of such a path, by its base name.
func (p *program) isSourcePath(path []byte) bool {
	return p.isSource(path[bytes.LastIndexByte(path, '/')+1:])
}
