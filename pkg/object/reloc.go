// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"

	"github.com/fnsum/fnsum/internal/gallop"
)

// Reloc is one relocation record with its addend (Elf64_Rela).
type Reloc struct {
	Offset uint64 // of the field, in the section it applies to
	Symbol uint32
	Type   uint32 // R_X86_64_*, R_AARCH64_*, ...
	Addend int64
}

const relocSize = 24 // of Elf64_Rela

// Relocs is a view of relocation records, sorted by offset.
type Relocs struct {
	records []byte
	big     bool
}

// Len is the number of records.
func (r Relocs) Len() int { return len(r.records) / relocSize }

// At decodes record i.
func (r Relocs) At(i int) Reloc {
	b := r.records[i*relocSize:][:relocSize]
	if r.big {
		return Reloc{
			Offset: binary.BigEndian.Uint64(b),
			Symbol: binary.BigEndian.Uint32(b[8:]),
			Type:   binary.BigEndian.Uint32(b[12:]),
			Addend: int64(binary.BigEndian.Uint64(b[16:])),
		}
	}
	return Reloc{
		Offset: binary.LittleEndian.Uint64(b),
		Type:   binary.LittleEndian.Uint32(b[8:]),
		Symbol: binary.LittleEndian.Uint32(b[12:]),
		Addend: int64(binary.LittleEndian.Uint64(b[16:])),
	}
}

// Offset decodes no more of record i than its offset.
func (r Relocs) Offset(i int) uint64 {
	b := r.records[i*relocSize:][:8]
	if r.big {
		return binary.BigEndian.Uint64(b)
	}
	return binary.LittleEndian.Uint64(b)
}

// Symbol decodes no more of record i than its symbol.
func (r Relocs) Symbol(i int) uint32 {
	b := r.records[i*relocSize+8:][:8]
	if r.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b[4:])
}

// Type decodes no more of record i than its type.
func (r Relocs) Type(i int) uint32 {
	b := r.records[i*relocSize+8:][:8]
	if r.big {
		return binary.BigEndian.Uint32(b[4:])
	}
	return binary.LittleEndian.Uint32(b)
}

// Between is the records whose offset lies in [start, end), none where that is empty.
func (r Relocs) Between(start, end uint64) Relocs {
	n := r.Len()
	if n == 0 || start <= r.Offset(0) && r.Offset(n-1) < end { // as in a section for each function
		return r
	}
	rest := r.From(r.search(start))
	// An entry of a table has a few, a function some: the end is near.
	return rest.Slice(0, gallop.Search(rest.Len(), 0, func(i int) bool { return rest.Offset(i) >= end }))
}

// search is the first record whose offset is not below one. Those of a table
// stand at equal distances, so it starts where that would be the case.
func (r Relocs) search(at uint64) int {
	n := r.Len()
	first, last := r.Offset(0), r.Offset(n-1)
	switch {
	case at <= first:
		return 0
	case at > last:
		return n
	}
	guess := int(float64(at-first) / float64(last-first) * float64(n-1))
	return gallop.Search(n, guess, func(i int) bool { return r.Offset(i) >= at })
}

// Slice is the records from lo up to hi.
func (r Relocs) Slice(lo, hi int) Relocs {
	return Relocs{r.records[lo*relocSize : hi*relocSize], r.big}
}

// From is the records from lo on.
func (r Relocs) From(lo int) Relocs { return r.Slice(lo, r.Len()) }

// Without is the records of other types than some: a copy where there are such.
func (r Relocs) Without(out func(typ uint32) bool) Relocs {
	for i := range r.Len() {
		if !out(r.Type(i)) {
			continue
		}
		kept := slices.Clone(r.records[:i*relocSize])
		for ; i < r.Len(); i++ {
			if !out(r.Type(i)) {
				kept = append(kept, r.records[i*relocSize:][:relocSize]...)
			}
		}
		return Relocs{kept, r.big}
	}
	return r
}

// Annotations is the section in which the kernel's build marks where the
// entries of tables start (ANNOTATE_DATA_SPECIAL, include/linux/annotate.h).
const Annotations = ".discard.annotate_data"

// unread tells whether a section is one that objtool makes from the code, with an entry
// for each instruction or call. Its relocations, half of all that a kernel has, say
// nothing that the code doesn't.
func unread(s *Section) bool {
	switch s.Name() {
	case ".orc_unwind_ip", ".call_sites", ".return_sites", ".retpoline_sites":
		return !s.Executable()
	}
	return false
}

// RelocCount is how many records apply to a section, also where nobody reads them.
func (f *File) RelocCount(section uint32) int {
	return f.Relocs(section).Len() + f.unread[section]
}

// Relocs is the records that apply to an allocated section, or to Annotations, sorted
// by offset; those at one offset stay in the file's order. Every symbol index in them is
// valid, and every offset lies in the section. Of a section whose relocations nobody
// reads there are none. Those that relocate nothing (IsNone) are left out, but in code:
// there they are many, and who reads code passes over them.
func (f *File) Relocs(section uint32) Relocs {
	rela := f.Sections[section].rela
	switch {
	case rela == 0:
		return Relocs{big: f.big}
	case rela&relaMade != 0:
		return Relocs{f.made[rela].effective, f.big}
	}
	return Relocs{f.Data(rela), f.big}
}

// AllRelocs is the records of Relocs with those that relocate nothing: where these stand
// says how a table is laid out, as where the others do.
func (f *File) AllRelocs(section uint32) Relocs {
	if rela := f.Sections[section].rela; rela&relaMade != 0 {
		return Relocs{f.made[rela].all, f.big}
	}
	return f.Relocs(section)
}

// relaMade is set, in the index of a section's relocation section, where its records aren't
// read as they stand there. No file has so many sections.
const relaMade = 1 << 31

// madeRelocs is records of a section that aren't as they stand in the file.
type madeRelocs struct {
	all       []byte // sorted
	effective []byte // without those that relocate nothing; all where none are left out
}

// relocNone is the type of a relocation that relocates nothing, on every machine.
const relocNone = 0

// IsNone tells whether a relocation of that type relocates nothing: it is left where a
// linker or a tool took one away.
func (f *File) IsNone(typ uint32) bool { return typ == relocNone || typ == f.noneType() }

// noneType is another such type, if the machine has one.
func (f *File) noneType() uint32 {
	if isARM64(f.Machine) {
		return arm64None
	}
	return relocNone
}

// DebugRelocs is the records that apply to a section that isn't allocated,
// which Parse leaves alone: most of an object may be debug information, and
// few ask for it. They are in the file's order. Compact ones are decoded at each call.
func (f *File) DebugRelocs(section uint32) (Relocs, error) {
	for i := range f.Sections {
		s := &f.Sections[i]
		if !s.relocates() || s.Info != section || s.Size == 0 {
			continue
		}
		relocs, err := f.records(uint32(i))
		if err != nil {
			return Relocs{}, err
		}
		for n := range relocs.Len() {
			if r := relocs.At(n); uint64(r.Symbol) >= uint64(len(f.Symbols)) || r.Offset >= uint64(len(f.Data(section))) {
				return Relocs{}, fmt.Errorf("%w: %s+%#x: relocation by symbol %d, or beyond the end", ErrFormat, f.Sections[section].Name(), r.Offset, r.Symbol)
			}
		}
		return relocs, nil
	}
	return Relocs{big: f.big}, nil
}

// relocates tells whether what a section holds is relocations, or may be: it says something
// of another section, and we don't know what.
func (s *Section) relocates() bool {
	return s.Type == elf.SHT_RELA || s.Type == elf.SHT_REL || isCREL(s.Type) || isPacked(s.Type) ||
		s.Type > elf.SHT_SYMTAB_SHNDX && s.Flags&elf.SHF_INFO_LINK != 0
}

// loadRelocs attaches relocation sections to the sections that they apply to,
// where these have some use, and checks their records. All together are no larger than the
// file, so that what is made of them isn't, either: of many headers for the same bytes it
// would be a multiple.
func (f *File) loadRelocs() error {
	f.unread, f.made = map[uint32]int{}, map[uint32]madeRelocs{}
	left := uint64(len(f.data))
	for i := range f.Sections {
		s := &f.Sections[i]
		if !s.relocates() {
			continue
		}
		if uint64(s.Info) >= uint64(len(f.Sections)) {
			return fmt.Errorf("%w: %s applies to section %d of %d", ErrFormat, s.Name(), s.Info, len(f.Sections))
		}
		if s.Size > left {
			return fmt.Errorf("%w: %s: relocation sections that overlap: together they are larger than the file", ErrFormat, s.Name())
		}
		left -= s.Size
		if s.Size == 0 {
			continue
		}
		if err := f.attach(uint32(i)); err != nil {
			return err
		}
	}
	return f.checkAllRelocs()
}

// attach attaches a relocation section to its target, if that has some use.
func (f *File) attach(section uint32) error {
	s := &f.Sections[section]
	target := &f.Sections[s.Info]
	switch {
	case target.Allocated(), target.Name() == Annotations:
	case s.Info == 0 && isPacked(s.Type): // it may apply to any address
		_, err := f.records(section)
		return err
	default:
		return nil
	}
	if target.rela != 0 || f.unread[s.Info] > 0 {
		return fmt.Errorf("%w: %s: a second relocation section for %s", ErrFormat, s.Name(), target.Name())
	}
	if unread(target) {
		n, err := f.recordCount(section)
		f.unread[s.Info] = n
		return err
	}
	relocs, err := f.records(section)
	if err != nil {
		return err
	}
	if target.rela = section; isCREL(s.Type) {
		f.make(s.Info, madeRelocs{relocs.records, relocs.records})
	}
	return nil
}

// recordCount is how many records a relocation section has: of compact ones the header
// says so, and they aren't decoded.
func (f *File) recordCount(section uint32) (int, error) {
	s := &f.Sections[section]
	if !isCREL(s.Type) {
		relocs, err := f.records(section)
		return relocs.Len(), err
	}
	r, err := f.crelHeader(section, f.Sections[s.Info].Size)
	if err != nil {
		return 0, err
	}
	return int(r.count), nil
}

// records is the records of a relocation section, in the file's order.
func (f *File) records(section uint32) (Relocs, error) {
	s := &f.Sections[section]
	switch {
	case isCREL(s.Type):
		records, err := f.decodeCREL(section, f.Sections[s.Info].Size)
		return Relocs{records, f.big}, err
	case s.Type == elf.SHT_REL:
		return Relocs{}, fmt.Errorf("%w: %s: relocations without addends (SHT_REL) are not supported", ErrFormat, s.Name())
	case s.Type != elf.SHT_RELA:
		return Relocs{}, fmt.Errorf("%w: %s: relocations of type %#x are not supported", ErrFormat, s.Name(), uint32(s.Type))
	case s.Entsize() != relocSize || s.Size%relocSize != 0:
		return Relocs{}, fmt.Errorf("%w: %s: %d bytes in entries of %d", ErrFormat, s.Name(), s.Size, s.Entsize())
	}
	return Relocs{f.Data(section), f.big}, nil
}

// checkAllRelocs checks the records of every section, and makes copies of those that are
// out of order, or of which some are to be left out.
func (f *File) checkAllRelocs() error {
	var mutex sync.Mutex
	found := map[uint32]relocFlaws{} // by section
	err := f.EachRelocs(func(section uint32, relocs Relocs) error {
		flaws, err := f.checkRelocs(&f.Sections[section], relocs)
		if flaws != (relocFlaws{}) {
			mutex.Lock()
			found[section] = found[section].with(flaws)
			mutex.Unlock()
		}
		return err
	})
	if err != nil {
		return err
	}
	for section, flaws := range found {
		relocs := f.Relocs(section)
		if flaws.disorder {
			relocs.records = f.sortRelocs(relocs)
		}
		for flaws.behind && relocs.Len() > 0 && relocs.Offset(relocs.Len()-1) == f.Sections[section].Size {
			relocs = relocs.Slice(0, relocs.Len()-1)
		}
		made := madeRelocs{relocs.records, relocs.records}
		if flaws.none {
			made.effective = relocs.Without(f.IsNone).records
		}
		f.make(section, made)
	}
	return nil
}

// make sets the records of a section.
func (f *File) make(section uint32, made madeRelocs) {
	rela := f.Sections[section].rela | relaMade
	f.Sections[section].rela, f.made[rela] = rela, made
}

// relocFlaws is why the records of a section aren't read as they stand in the file.
type relocFlaws struct {
	disorder bool // they aren't sorted
	none     bool // some relocate nothing, and the section holds no code
	behind   bool // some relocate nothing, and stand where it ends
}

func (x relocFlaws) with(y relocFlaws) relocFlaws {
	return relocFlaws{x.disorder || y.disorder, x.none || y.none, x.behind || y.behind}
}

// EachRelocs does work on the records of all sections that have some, on all cores. The
// records of a large section come in several pieces, of which all but the first begin
// with the last record of the piece in front. Of several errors it returns one of the first
// sections.
func (f *File) EachRelocs(work func(section uint32, relocs Relocs) error) error {
	const atOnce = 1 << 15
	type piece struct {
		section uint32
		lo, hi  int
	}
	var mutex sync.Mutex
	var pieces []piece // of large sections
	err := inChunks(len(f.Sections), func(lo, hi int) error {
		for i := lo; i < hi; i++ {
			if f.Sections[i].rela == 0 {
				continue
			}
			relocs := f.Relocs(uint32(i))
			n := relocs.Len()
			if n <= atOnce {
				if err := work(uint32(i), relocs); err != nil {
					return err
				}
				continue
			}
			mutex.Lock()
			for lo := 0; lo < n; lo += atOnce {
				pieces = append(pieces, piece{uint32(i), max(lo-1, 0), min(lo+atOnce, n)})
			}
			mutex.Unlock()
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(pieces, func(a, b piece) int { return cmp.Or(cmp.Compare(a.section, b.section), cmp.Compare(a.lo, b.lo)) })
	return inPieces(len(pieces), 1, func(i, _ int) error {
		return work(pieces[i].section, f.Relocs(pieces[i].section).Slice(pieces[i].lo, pieces[i].hi))
	})
}

// checkRelocs checks the symbol and offset of records that apply to a section.
func (f *File) checkRelocs(target *Section, relocs Relocs) (flaws relocFlaws, err error) {
	none, size := f.noneType(), target.Size
	last := uint64(0)
	for i := range relocs.Len() {
		r := relocs.At(i)
		if uint64(r.Symbol) >= uint64(len(f.Symbols)) {
			return flaws, fmt.Errorf("%w: %s+%#x: relocation by symbol %d of %d", ErrFormat, target.Name(), r.Offset, r.Symbol, len(f.Symbols))
		}
		if r.Type == relocNone || r.Type == none {
			flaws.none = true
			flaws.behind = flaws.behind || r.Offset == size // gas's .reloc, with nothing behind it
		} else if r.Offset == size {
			return flaws, beyond(target, r.Offset)
		}
		if r.Offset > size {
			return flaws, beyond(target, r.Offset)
		}
		if r.Offset < last {
			flaws.disorder = true
		}
		last = r.Offset
	}
	flaws.none = flaws.none && !target.Executable()
	return flaws, nil
}

func beyond(target *Section, offset uint64) error {
	return fmt.Errorf("%w: %s+%#x: relocation beyond the end of the section (%#x bytes)", ErrFormat, target.Name(), offset, target.Size)
}

// sortRelocs is a copy of records that is sorted by offset.
func (f *File) sortRelocs(relocs Relocs) []byte {
	type record = [relocSize]byte
	records := make([]record, relocs.Len())
	for i := range records {
		copy(records[i][:], relocs.records[i*relocSize:])
	}
	slices.SortStableFunc(records, func(a, b record) int {
		x, y := f.u64(a[:]), f.u64(b[:])
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	flat := make([]byte, 0, len(records)*relocSize)
	for i := range records {
		flat = append(flat, records[i][:]...)
	}
	return flat
}
