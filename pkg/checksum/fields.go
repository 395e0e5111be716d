// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"encoding/binary"
	"sort"
	"strings"

	"github.com/fnsum/fnsum/pkg/alternatives"
	"github.com/fnsum/fnsum/pkg/lines"
)

// lineField is where data that the kernel's macros make for a line of source
// hold its number (rule 7.5).
type lineField struct {
	section string // begins the name of the section that the data are in
	symbol  string // or ends the normal name of the datum
	offset  int    // in bytes from the start of the datum
	bits    int    // of the 32-bit word there, the first ones
	column  bool   // it is the place in the line
}

var lineFields = [...]lineField{
	{section: "__dyndbg", offset: 32, bits: 18},       // struct _ddebug, include/linux/dynamic_debug.h
	{section: "__verbose", offset: 32, bits: 18},      // where it was before 5.8
	{section: "alloc_tags", offset: 4, bits: 32},      // struct codetag, include/linux/codetag.h
	{section: "_ftrace_branch", offset: 16, bits: 32}, // struct ftrace_branch_data, include/linux/compiler_types.h
	{section: "_ftrace_annotated_branch", offset: 16, bits: 32},
	{section: ubsanSection, offset: ubsanLine, bits: 32}, // struct source_location, lib/ubsan.h
	{section: ubsanSection, offset: ubsanLine + 4, bits: 32, column: true},
	{symbol: "_entry", offset: 24, bits: 32}, // struct pi_entry, include/linux/printk.h
}

// of tells whether a datum has the field.
func (f *lineField) of(section, symbol string) bool {
	if f.section != "" {
		return strings.HasPrefix(section, f.section)
	}
	function, ok := strings.CutSuffix(symbol, f.symbol)
	return ok && (function == "" || strings.HasSuffix(function, "."))
}

// ubsanSection begins the names of the sections that gcc puts UBSAN's data into, of which
// each begins with a source_location: the file, at ubsanLine the line, and then the column.
const (
	ubsanSection = ".data..Lubsan"
	ubsanLine    = 8
)

// isUBSAN tells whether UBSAN's data stand at a place of data, by how they look (rule 5.3;
// lib/ubsan.h): the location, and a pointer to a type_descriptor, two numbers of 16 bits and a
// name in quotes. They have no symbol, and without -fdata-sections no section of their own.
func (p *program) isUBSAN(section uint32, start uint64) bool {
	const pointer, location, header = 8, 16, 4
	if p.kinds[section] != sectionWritable && !strings.HasPrefix(p.file.Sections[section].Name(), ".data..L") {
		return false
	}
	relocs := p.file.Relocs(section).Between(start, start+location+pointer)
	if relocs.Len() != 2 || relocs.Offset(0) != start || relocs.Offset(1) != start+location {
		return false
	}
	text := func(i int, skip uint64) []byte {
		r := relocs.At(i)
		to, offset, ok := alternatives.Target(p.file, r)
		if !ok || p.machine.reloc(r.Type).kind != relocAbs64 || p.kinds[to] == sectionCode {
			return nil
		}
		return p.file.PathAt(to, offset+skip)
	}
	return lines.IsSource(text(0, 0)) && bytes.HasPrefix(text(1, header), []byte{'\''})
}

// maskFields notes that the datum at a place of a section has line numbers,
// and where they are to be left out, what they are, and blanks them.
func (w *walker) maskFields(section uint32, start uint64, data []byte) {
	name, symbol := w.p.file.Sections[section].Name(), w.p.dataName(section, start)
	ubsan := symbol == "" && w.p.isUBSAN(section, start)
	for i := range lineFields {
		f := &lineFields[i]
		if len(data) < f.offset+4 || !f.of(name, symbol) && !(ubsan && f.section == ubsanSection) {
			continue
		}
		w.maskable = true
		if !w.masking {
			return
		}
		order, shift := binary.ByteOrder(binary.LittleEndian), 0
		if w.p.file.BigEndian() {
			order, shift = binary.BigEndian, 32-f.bits
		}
		mask := uint32(1<<f.bits-1) << shift
		word := order.Uint32(data[f.offset:])
		if !f.column {
			w.numbers = append(w.numbers, LineNumber{word & mask >> shift, lines.Field})
		}
		order.PutUint32(data[f.offset:], word&^mask)
	}
}

// dataName is the normal name of the datum that starts at a place; empty where
// none has a name.
func (p *program) dataName(section uint32, start uint64) string {
	symbols := p.code.SymbolsOf(section)
	i := sort.Search(len(symbols), func(i int) bool { return p.file.Symbols[symbols[i]].Value >= start })
	if i == len(symbols) || p.file.Symbols[symbols[i]].Value != start {
		return ""
	}
	return p.normal(symbols[i])
}
