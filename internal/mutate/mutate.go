// SPDX-License-Identifier: MIT

// Package mutate changes one thing in a copy of an object, and knows which
// functions that concerns: it tests that a comparison reports exactly these,
// each for the right reason.
//
// What must be reported is worked out here from sections, symbols and
// relocations alone (docs/canonical-form.md says by what rules), apart from
// pkg/alternatives and pkg/checksum, which are what is tested. Where this
// reading can't be sure - a place that two symbols contain, code that no symbol
// covers - it makes no site.
//
// The steps:
//
//  1. Open indexes an object: which functions contain a place (owners.go), which
//     places refer to a datum (refs.go, and where that takes following an address
//     through a function, addresses.go), the layouts of its tables (tables.go).
//  2. A class makes sites (operands.go, entries.go, contents.go): an edit of
//     a few bytes, and the functions and reasons that it must be reported for;
//     none of a neutral edit (neutral.go).
//     Who uses a datum, through whatever leads to it, is usersOf (users.go).
//  3. A Trial makes the edits of a site, sums and compares (trial.go); many sites
//     that concern different functions share one copy.
//
// What differs among machines is a row of machine.go's table.
package mutate

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/fnsum/fnsum/pkg/object"
)

// Edit replaces bytes of the object's file.
type Edit struct {
	Offset uint64 // in the file
	Bytes  []byte
}

// Site is one change.
type Site struct {
	Class string
	At    string // what and where, for people
	Edits []Edit
	// Want is what must be reported: for each function its reasons. It is nil
	// for nothing at all.
	Want map[int]Reasons
	// May has reasons that may stand beside those: "references", where what
	// tells targets of one name apart changes with them and has no class of
	// its own, and "cold", where these are numbered in the cold part; "*" for
	// any, where the places of all that follows move.
	May []string
	// Any is the reasons one of which must be reported for each function, and
	// beside which the others may be, where what changes can be part of several
	// things; Want's count only where it is nil.
	Any []string
	// Orphan is the section in which code that nobody owns any more must be listed
	// as added, empty for none.
	Orphan string
	// Data is what must be listed among the data. Those aren't looked at where it is
	// nil.
	Data []Datum
	// Perhaps is functions of which it isn't known whether they are concerned.
	Perhaps []int
	// Line is set where what changes may be a line number: then a change of
	// line numbers alone may be reported instead.
	Line bool
}

// Datum is a datum that is listed: its section, and a part of its name.
type Datum struct{ Section, Name string }

// Reasons is a set of reasons of a change.
type Reasons map[string]bool

// Object is an object and what its mutations need to know of it.
type Object struct {
	Name string
	data []byte // never written
	file *object.File
	code *object.Code
	*machine

	rela        map[uint32]uint32 // the section of a section's relocation records
	maxEnd      []uint64          // by extent: the furthest end of those up to it, in its section
	refs        []ref
	tables      map[uint32]*table
	replaced    []replaced              // by start
	aux         []auxRef                // by offset
	unclear     []bool                  // by function: another has its name, file and section
	inline      []inline                // by section and start
	jumps       []jumpTable             // by section and start
	literals    []literal               // by section and place
	toCode      []owned                 // places in code that nameless data refer to
	entriesBy   map[int][]tableEntry    // by function, made when first asked for
	insideBy    map[int][]owned         // likewise
	places      map[owned][]owner       // who refers to a place in code otherwise than by a name, made when first asked for
	checksCalls bool                    // kCFI
	lost        map[uint32]map[int]bool // by section of data: functions with an address in it that is lost from sight
}

// Open indexes an object. It keeps the data, which must not change.
func Open(name string, data []byte) (*Object, error) {
	file, err := object.Parse(data)
	if err != nil {
		return nil, err
	}
	m := machines[file.Machine]
	if m == nil {
		return nil, fmt.Errorf("%v: no mutations are known", file.Machine)
	}
	code, err := object.LoadCode(file, object.Conventions{Branch: m.branch})
	if err != nil {
		return nil, err
	}
	o := &Object{Name: name, data: data, file: file, code: code, machine: m, rela: map[uint32]uint32{}, lost: map[uint32]map[int]bool{}}
	for i := range file.Sections {
		if s := &file.Sections[i]; s.Type == elf.SHT_RELA {
			o.rela[s.Info] = uint32(i)
		}
	}
	o.findInline()
	o.findOwners()
	o.findTables()
	o.findReplaced()
	o.flow(o)
	o.findRefs()
	return o, nil
}

// class is one kind of change. Seeds are where such changes may be made, cheap
// to find; sites makes those of one seed.
type class struct {
	name  string
	seeds func(o *Object) []seed
	sites func(o *Object, s seed) []Site
}

// seed is where to look for sites: a section, an offset in it, a number.
type seed struct {
	section uint32
	at      uint64
	n       int
}

// Classes names all classes, in order.
func Classes() []string {
	names := make([]string, len(classes))
	for i := range classes {
		names[i] = classes[i].name
	}
	return names
}

// Sites makes the sites of a class: all of them if limit is 0, else as many,
// spread over the object by chance (the same at each run), one of a seed.
func (o *Object) Sites(name string, limit int) []Site {
	i := slices.IndexFunc(classes, func(c class) bool { return c.name == name })
	c := &classes[i]
	seeds := c.seeds(o)
	random := rand.New(rand.NewPCG(1, uint64(i)))
	if limit > 0 {
		random.Shuffle(len(seeds), func(i, j int) { seeds[i], seeds[j] = seeds[j], seeds[i] })
	}
	var list []Site
	chosen := map[int]int{} // how often, by function
	for _, s := range seeds {
		sites := slices.DeleteFunc(c.sites(o, s), func(s Site) bool { return !o.clear(s.Want) })
		for n := range sites {
			sites[n].Class = name
		}
		if limit == 0 {
			list = append(list, sites...)
			continue
		}
		if len(sites) > 0 {
			site := sites[random.IntN(len(sites))]
			if !crowded(chosen, site.Want) {
				list = append(list, site)
			}
		}
		if len(list) == limit {
			break
		}
	}
	return list
}

// maxShared is how many sites of a sample may concern one function: each needs a
// copy of its own.
const maxShared = 8

// crowded tells whether enough sites concern one of the functions, and counts
// this one if not.
func crowded(chosen map[int]int, want map[int]Reasons) bool {
	for fn := range want {
		if chosen[fn] == maxShared {
			return true
		}
	}
	for fn := range want {
		chosen[fn]++
	}
	return false
}

// clear tells whether a site concerns some function, and each can be told by
// its name in a comparison; of a neutral one Want is nil.
func (o *Object) clear(want map[int]Reasons) bool {
	for fn := range want {
		if o.unclear[fn] {
			return false
		}
	}
	return want == nil || len(want) > 0
}

// at describes a place.
func (o *Object) at(section uint32, offset uint64) string {
	return fmt.Sprintf("%s+%#x", o.file.Sections[section].Name(), offset)
}

// byteEdit writes one byte of a section.
func (o *Object) byteEdit(section uint32, offset uint64, value byte) Edit {
	return Edit{o.file.Sections[section].Offset + offset, []byte{value}}
}

// flip changes bit 0 of a byte of a section.
func (o *Object) flip(section uint32, offset uint64) Edit {
	return o.byteEdit(section, offset, o.file.Data(section)[offset]^1)
}

const recordSize = 24 // of Elf64_Rela

// relocEdit makes relocation i of a section refer to another place, in the order that
// the file's Relocs has.
func (o *Object) relocEdit(section uint32, i int, symbol uint32, addend int64) Edit {
	r := o.file.Relocs(section).At(i)
	r.Symbol, r.Addend = symbol, addend
	return o.recordEdit(section, i, r)
}

// recordEdit writes the record of relocation i of a section anew.
func (o *Object) recordEdit(section uint32, i int, fresh object.Reloc) Edit {
	encode := func(r object.Reloc) []byte {
		b := make([]byte, recordSize)
		binary.LittleEndian.PutUint64(b, r.Offset)
		binary.LittleEndian.PutUint32(b[8:], r.Type)
		binary.LittleEndian.PutUint32(b[12:], r.Symbol)
		binary.LittleEndian.PutUint64(b[16:], uint64(r.Addend))
		return b
	}
	rela := o.rela[section]
	records, was := o.file.Data(rela), encode(o.file.Relocs(section).At(i))
	at := i * recordSize
	if string(records[at:at+recordSize]) != string(was) { // the file has them in another order
		for at = 0; string(records[at:at+recordSize]) != string(was); {
			at += recordSize
		}
	}
	return Edit{o.file.Sections[rela].Offset + uint64(at), encode(fresh)}
}

// relocAt is the index of the relocation of a field, -1 where it has none.
func (o *Object) relocAt(section uint32, offset uint64) int {
	relocs := o.file.Relocs(section)
	n := relocs.Len()
	lo, hi := 0, n
	for lo < hi {
		if mid := (lo + hi) / 2; relocs.Offset(mid) < offset {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	if lo < n && relocs.Offset(lo) == offset {
		return lo
	}
	return -1
}

// relocated tells whether a relocation writes the byte.
func (o *Object) relocated(section uint32, offset uint64) bool {
	from := uint64(0)
	if offset > 7 {
		from = offset - 7
	}
	relocs := o.file.Relocs(section).Between(from, offset+1)
	for i := range relocs.Len() {
		r := relocs.At(i)
		if offset < r.Offset+o.width(r.Type) {
			return true
		}
	}
	return false
}

// target is the place that a relocation outside of code refers to.
func (o *Object) target(r object.Reloc) (section uint32, offset uint64, ok bool) {
	s := &o.file.Symbols[r.Symbol]
	if !s.Defined() {
		return 0, 0, false
	}
	return s.Section, s.Value + uint64(r.Addend), true
}
