// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/zeebo/xxh3"

	"github.com/fnsum/fnsum/pkg/alternatives"
)

// use is that a function refers to a numbered static by name: what pairs it
// with another build's, as its number doesn't.
type use struct {
	symbol uint32
	fn     int
}

// sumData makes the records of named data: one for each stretch that has a
// sized symbol, and is neither part of those that use it nor a table
// about code; and one for each entry of the tables that only name functions
// and variables, such as exports and init calls (rule 5.4).
func (s *summer) sumData() []Record {
	p := s.p
	w := newWalker(p)
	w.body = &body{fn: -1}
	users, referred := p.users(s.uses), p.referred()
	var records []Record
	for i := range p.file.Sections {
		section := uint32(i)
		if p.file.Sections[i].Name() == btfIDs {
			records = p.idRecords(records, section)
		}
		if kind := p.kinds[i]; kind == sectionOther || kind == sectionCode || kind == sectionSpecial {
			continue
		}
		covered := uint64(0) // up to here, by symbols
		relocs, next := p.file.Relocs(section), 0
		symbols := p.code.SymbolsOf(section)
		for len(symbols) > 0 {
			group := p.sameExtent(symbols)
			symbols = symbols[len(group):]
			first := &p.file.Symbols[group[0]]
			next = p.tableRecords(w, &records, section, next, covered, first.Value)
			end := first.Value + first.Size
			if p.unsized(section, group, symbols, covered) {
				end = w.withoutZeros(datumKey{section, first.Value}, p.nextSymbol(datumKey{section, first.Value}))
				records = append(records, p.stretchRecord(w, section, group, end))
			}
			covered = max(covered, min(end, p.file.Sections[i].Size))
			if r, ok := p.dataRecord(w, section, group, referred[i], users); ok {
				records = append(records, r)
			}
		}
		if next < relocs.Len() {
			p.tableRecords(w, &records, section, next, covered, p.file.Sections[i].Size)
		}
	}
	return records
}

// sameExtent is the symbols at the start of the list that have one value and
// size: one datum with several names.
func (p *program) sameExtent(symbols []uint32) []uint32 {
	first := &p.file.Symbols[symbols[0]]
	n := 1
	for n < len(symbols) && p.file.Symbols[symbols[n]].Value == first.Value && p.file.Symbols[symbols[n]].Size == first.Size {
		n++
	}
	return symbols[:n]
}

// referred is the sections that anything the kernel loads refers to.
func (p *program) referred() []bool {
	to := make([]bool, len(p.file.Sections))
	for i := range p.file.Sections {
		if !p.file.Sections[i].Allocated() {
			continue
		}
		relocs := p.file.Relocs(uint32(i))
		for n := range relocs.Len() {
			if s := &p.file.Symbols[relocs.Symbol(n)]; s.Defined() {
				to[s.Section] = true
			}
		}
	}
	return to
}

// dataRecord is the record of a datum; of none that is part of those that refer to it.
func (p *program) dataRecord(w *walker, section uint32, group []uint32, referred bool, users map[uint32]uint64) (r Record, ok bool) {
	primary := slices.MinFunc(group, p.file.CompareNames)
	s := &p.file.Symbols[primary]
	size := p.file.Sections[section].Size
	if s.Size == 0 || s.Value > size || s.Size > size-s.Value || s.Type() != elf.STT_OBJECT && s.Type() != elf.STT_NOTYPE {
		return r, false
	}
	if p.marks[primary]&markAnonymous != 0 && referred || p.kinds[section] == sectionWritable && p.isBook(primary) {
		return r, false
	}
	r = p.stretchRecord(w, section, group, s.Value+s.Size)
	r.Disambiguation = users[primary]
	return r, true
}

// stretchRecord is the record of what stands from symbols of one place on, up to an end.
func (p *program) stretchRecord(w *walker, section uint32, group []uint32, end uint64) Record {
	primary := slices.MinFunc(group, p.file.CompareNames)
	s := &p.file.Symbols[primary]
	r := Record{
		Kind: Data, Name: s.Name(), File: p.file.FileName(primary), Section: p.file.Sections[section].Name(),
		Scope: s.Bind(), Size: end - s.Value,
	}
	for _, i := range group {
		if i != primary {
			rare := r.NeedRare()
			rare.Aliases = append(rare.Aliases, p.file.Symbols[i].Name())
		}
	}
	slices.Sort(r.Aliases())
	if p.file.Sections[section].Type == elf.SHT_NOBITS {
		w.encoded = binary.AppendUvarint(w.encoded[:0], r.Size)
	} else {
		// Without line numbers: a datum in which nothing else moved is the same.
		w.masking = true
		w.encoded = w.appendData(w.encoded[:0], section, s.Value, end, false)
		w.masking = false
		w.numbers = w.numbers[:0]
	}
	r.Digest = p.hash.sum(w.encoded)
	return r
}

// unsized tells whether symbols of one place are labels of data that have no size, and
// nothing else says what they are part of: data of hand-written code, exports. The rest of
// the section's symbols stand behind, and up to covered is what others have.
func (p *program) unsized(section uint32, group, rest []uint32, covered uint64) bool {
	s, name := &p.file.Symbols[group[0]], p.file.Sections[section].Name()
	if s.Size > 0 || s.Value < covered || s.Value >= p.file.Sections[section].Size || p.file.Sections[section].Type == elf.SHT_NOBITS ||
		len(rest) > 0 && p.file.Symbols[rest[0]].Value == s.Value || !alternatives.Data(name) && !isExports(name) {
		return false
	}
	return !slices.ContainsFunc(group, func(symbol uint32) bool {
		x := &p.file.Symbols[symbol]
		return x.Type() != elf.STT_OBJECT && x.Type() != elf.STT_NOTYPE || p.marks[symbol]&markAnonymous != 0 || marksRange(x.Name()) || p.isBook(symbol)
	})
}

// isExports tells whether a section says what a module exports, and whether to modules
// with a GPL-compatible licence only; include/linux/export-internal.h. The checksums of
// versions aren't among that.
func isExports(section string) bool {
	name := strings.TrimLeft(section, "_") // two, or three for each symbol before modules are linked
	return strings.HasPrefix(name, "ksymtab") && name != "ksymtab_strings" || strings.HasPrefix(name, "kflagstab")
}

// btfIDs is the section of lists of type information's numbers; include/linux/btf_ids.h.
const btfIDs = ".BTF_ids"

// idRecords makes records of what stands in it: of each number, that it is there, as it is
// filled in when the kernel is linked; of a set of functions also their flags, and its own.
func (p *program) idRecords(records []Record, section uint32) []Record {
	data, symbols := p.file.Data(section), p.code.SymbolsOf(section)
	var b []byte
	set, flags := -1, []uint32(nil)
	finish := func() {
		if set >= 0 {
			slices.Sort(flags) // the linked kernel has them in the order of the numbers
			for _, f := range flags {
				b = binary.LittleEndian.AppendUint32(b, f)
			}
			records[set].Digest = p.hash.sum(b)
		}
		set, b, flags = -1, nil, nil
	}
	for len(symbols) > 0 {
		group := p.sameExtent(symbols)
		symbols = symbols[len(group):]
		s := &p.file.Symbols[group[0]]
		if s.Value >= uint64(len(data)) {
			continue
		}
		end := min(p.nextSymbol(datumKey{section, s.Value}), uint64(len(data)))
		stretch := data[s.Value:end]
		isSet := strings.HasPrefix(s.Name(), "__BTF_ID__set")
		if isSet {
			finish()
			set = len(records)
		}
		for at := 4; at+4 <= len(stretch); at += 4 { // behind the number, or how many there are
			flags = append(flags, binary.LittleEndian.Uint32(stretch[at:]))
		}
		records = append(records, Record{
			Kind: Data, Name: s.Name(), File: p.file.FileName(group[0]), Section: btfIDs, Scope: s.Bind(),
			Size: uint64(len(stretch)), Digest: p.hash.sum(nil),
		})
	}
	finish()
	return records
}

// tableRecords makes records of the references between two places that no
// symbol covers, if these are a table's: each is an entry with what stands
// between it and the one before. It returns the next relocation.
func (p *program) tableRecords(w *walker, records *[]Record, section uint32, next int, start, end uint64) int {
	relocs := p.file.Relocs(section)
	name := p.file.Sections[section].Name()
	plain := alternatives.Data(name)
	data := p.file.Data(section)
	for ; next < relocs.Len() && relocs.Offset(next) < end; next++ {
		r := relocs.At(next)
		if r.Offset < start {
			continue
		}
		field := p.machine.reloc(r.Type)
		behind := min(r.Offset+uint64(field.width), uint64(len(data)))
		t := p.resolve(r.Symbol, r.Addend)
		if !plain && t.kind == targetName && t.offset == 0 {
			w.encoded = w.appendPlain(field.kind.appendTo(w.encoded[:0]), &t)
			w.encoded = append(w.encoded, data[min(start, r.Offset):r.Offset]...)
			for n := next + 1; isExports(name) && n < relocs.Len(); n++ { // its name and namespace
				r := relocs.At(n)
				t := p.resolve(r.Symbol, r.Addend)
				if t.kind != targetString {
					break
				}
				w.encoded = w.appendPlain(w.encoded, &t)
			}
			*records = append(*records, Record{
				Kind: Data, Name: name + ":" + p.normal(t.symbol), Section: name, Scope: elf.STB_LOCAL,
				Size: behind - min(start, behind), Digest: p.hash.sum(w.encoded),
			})
		}
		start = behind
	}
	return next
}

// users hashes, for each numbered static, what the functions go by that use it.
func (p *program) users(uses []use) map[uint32]uint64 {
	names := map[uint32][]string{}
	for _, u := range uses {
		if u.fn >= 0 {
			name, _ := p.name(p.code.Funcs[u.fn].Primary)
			names[u.symbol] = append(names[u.symbol], name)
		}
	}
	users := make(map[uint32]uint64, len(names))
	for symbol, list := range names {
		slices.Sort(list)
		users[symbol] = xxh3.HashString(strings.Join(slices.Compact(list), "\x00"))
	}
	return users
}
