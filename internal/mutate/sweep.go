// SPDX-License-Identifier: MIT

package mutate

import (
	"debug/elf"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/manifest"
	"github.com/fnsum/fnsum/pkg/object"
)

// A sweep changes bits and addends anywhere in what a kernel loads of an object, whatever
// they are part of. It knows nothing of who must be reported, only that somebody must be,
// save for the exceptions (exceptions.go).

// Spot is one change of a sweep: a bit of a byte, or the addend of a relocation.
type Spot struct {
	Section string
	At      string // where, for people
	Edit    Edit
	section uint32
	offset  uint64 // of the byte, of the relocated field
	bit     byte   // as a mask, 0 where it is an addend
	reloc   int
}

// Spots is so many changes of bits and as many of addends, spread over the sections by
// chance: the same at each run.
func (o *Object) Spots(limit int) []Spot {
	var sections []uint32
	for i := range o.file.Sections {
		if s := &o.file.Sections[i]; s.Allocated() && s.Type != elf.SHT_NOBITS && s.Size > 0 {
			sections = append(sections, uint32(i))
		}
	}
	random := rand.New(rand.NewPCG(1, 2))
	bits := func(section uint32) []Spot {
		var list []Spot
		for at, old := range o.file.Data(section) {
			s := o.spot(section, uint64(at))
			s.bit = byte(1) << random.IntN(8)
			s.At, s.Edit = fmt.Sprintf("%s bit %#02x", s.At, s.bit), o.byteEdit(section, uint64(at), old^s.bit)
			list = append(list, s)
		}
		return list
	}
	addends := func(section uint32) []Spot {
		var list []Spot
		relocs := o.file.Relocs(section)
		for i := range relocs.Len() {
			s := o.spot(section, relocs.Offset(i))
			s.At, s.reloc = s.At+" addend", i
			list = append(list, s)
		}
		return list
	}
	list := o.spread(sections, bits, limit, random)
	for _, s := range o.spread(sections, addends, limit, random) {
		r := o.file.Relocs(s.section).At(s.reloc)
		s.Edit = o.relocEdit(s.section, s.reloc, r.Symbol, r.Addend+1)
		list = append(list, s)
	}
	return list
}

func (o *Object) spot(section uint32, offset uint64) Spot {
	return Spot{Section: o.file.Sections[section].Name(), At: o.at(section, offset), section: section, offset: offset}
}

// spread picks so many spots of sections: of each section as many, or all that it has.
func (o *Object) spread(sections []uint32, of func(section uint32) []Spot, limit int, random *rand.Rand) []Spot {
	var all [][]Spot
	for _, section := range sections {
		spots := slices.DeleteFunc(of(section), func(s Spot) bool { return o.isDead(&s) })
		if len(spots) > 0 {
			all = append(all, spots)
		}
	}
	slices.SortStableFunc(all, func(a, b []Spot) int { return len(a) - len(b) })
	var list []Spot
	for i, spots := range all {
		random.Shuffle(len(spots), func(i, j int) { spots[i], spots[j] = spots[j], spots[i] })
		list = append(list, spots[:min(len(spots), (limit-len(list))/(len(all)-i))]...)
	}
	return list
}

// Sweeper compares an object with copies that have one change each, as "fnsum diff --data"
// does.
type Sweeper struct {
	*Object
	old   *manifest.Manifest
	older *checksum.Tracer
	copy  []byte // the changed one
}

// NewSweeper makes one. Several of one object may work at once.
func NewSweeper(o *Object) (*Sweeper, error) {
	s := &Sweeper{Object: o, copy: slices.Clone(o.data)}
	var err error
	s.old, s.older, err = s.trace(o.data)
	return s, err
}

// Told tells whether a function or datum is listed for the change, an error where the copy
// is none that can be compared.
func (s *Sweeper) Told(spot *Spot) (bool, error) {
	e := &spot.Edit
	copy(s.copy[e.Offset:], e.Bytes)
	defer func() { copy(s.copy[e.Offset:], s.data[e.Offset:e.Offset+uint64(len(e.Bytes))]) }()
	fresh, newer, err := s.trace(s.copy)
	if err != nil {
		return false, err
	}
	result, err := compare.Manifests(s.old, fresh, compare.Options{
		Data: true,
		Objects: func(string, string) (a, b *checksum.Tracer, done func(), err error) {
			return s.older, newer, func() {}, nil
		},
	})
	if err != nil {
		return false, err
	}
	return len(result.Changes)+len(result.Data) > 0, nil
}

func (s *Sweeper) trace(data []byte) (*manifest.Manifest, *checksum.Tracer, error) {
	file, err := object.Parse(data)
	if err != nil {
		return nil, nil, err
	}
	sums, tracer, err := checksum.Trace(file, checksum.Options{Jobs: 1, Data: true})
	if err != nil {
		return nil, nil, err
	}
	m := manifest.New(sums.Arch, manifest.NewObject(s.Name, file, sums))
	m.Data = true
	return m, tracer, nil
}
