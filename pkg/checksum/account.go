// SPDX-License-Identifier: MIT

package checksum

import "fmt"

// Account says where the bytes of an object's executable sections, the
// relocations in them and the entries of the tables about code went: each
// exactly once. What several functions share is hashed for each and accounted
// to the innermost.
type Account struct {
	Bytes, Relocs, Entries Shares
}

// Shares is how much of something went where.
type Shares struct {
	Functions uint64
	Orphans   uint64
	// Replacements is code that stands in for other code, and is hashed with
	// the function that has it.
	Replacements uint64
	Padding      uint64
	// Derived is the entries of tables that tools make from the code.
	Derived uint64
}

func (s *Shares) add(b Shares) {
	s.Functions += b.Functions
	s.Orphans += b.Orphans
	s.Replacements += b.Replacements
	s.Padding += b.Padding
	s.Derived += b.Derived
}

// Sum is all of it.
func (s *Shares) Sum() uint64 {
	return s.Functions + s.Orphans + s.Replacements + s.Padding + s.Derived
}

func (a *Account) add(b Account) {
	a.Bytes.add(b.Bytes)
	a.Relocs.add(b.Relocs)
	a.Entries.add(b.Entries)
}

// stretch is bytes of code, and how many relocations and entries are in them.
type stretch struct{ bytes, relocs, entries uint64 }

func (p *program) stretch(section uint32, start, end uint64) stretch {
	lo, hi := p.tables.In(section, start, end)
	return stretch{end - start, uint64(p.file.Relocs(section).Between(start, end).Len()), uint64(hi - lo)}
}

func (s *stretch) add(b stretch) {
	s.bytes += b.bytes
	s.relocs += b.relocs
	s.entries += b.entries
}

func (s *stretch) subtract(b stretch) {
	s.bytes -= b.bytes
	s.relocs -= b.relocs
	s.entries -= b.entries
}

// share is one of the fields of Shares.
type share func(*Shares) *uint64

func inFunctions(s *Shares) *uint64    { return &s.Functions }
func inOrphans(s *Shares) *uint64      { return &s.Orphans }
func inReplacements(s *Shares) *uint64 { return &s.Replacements }
func inPadding(s *Shares) *uint64      { return &s.Padding }

func (a *Account) give(to share, s stretch) {
	*to(&a.Bytes) += s.bytes
	*to(&a.Relocs) += s.relocs
	*to(&a.Entries) += s.entries
}

// prefix accounts for what stands in front of a function's entry, and for the
// entries about it; of several functions at one place the first has it.
func (a *Account) prefix(p *program, part *part) {
	if e := part.extent; e > 0 {
		if x := &p.code.Extents[e-1]; x.Section == part.section && x.Start == part.start {
			return
		}
	}
	s := stretch{entries: uint64(part.lo - part.front)}
	if part.prefix < part.start {
		s.bytes = part.start - part.prefix
		s.relocs = uint64(p.file.Relocs(part.section).Between(part.prefix, part.start).Len())
	}
	a.give(inFunctions, s)
}

// part accounts for a part of a function or orphan, without what extents that
// start in it have for themselves.
func (a *Account) part(p *program, part *part) {
	s := stretch{part.end - part.start, uint64(part.relocs.Len()), uint64(part.hi - part.lo)}
	if part.orphan {
		a.give(inOrphans, s)
		return
	}
	if part.extent >= 0 {
		covered := part.start
		for i := part.extent + 1; i < len(p.code.Extents); i++ {
			x := &p.code.Extents[i]
			if x.Section != part.section || x.Start >= part.end {
				break
			}
			if from, to := max(x.Start, covered), min(x.End, part.end); from < to {
				s.subtract(p.stretch(part.section, from, to))
				covered = to
			}
		}
	}
	a.give(inFunctions, s)
}

// all is what the object's executable sections and tables hold.
func (p *program) all() stretch {
	all := stretch{entries: uint64(len(p.tables.Entries) + p.tables.Derived)}
	for i := range p.file.Sections {
		if s := &p.file.Sections[i]; s.Executable() {
			all.bytes += s.Size
			all.relocs += uint64(p.file.Relocs(uint32(i)).Len())
		}
	}
	return all
}

// check says whether the account adds up to all.
func (a *Account) check(p *program, all stretch) error {
	a.Entries.Derived = uint64(p.tables.Derived)
	for _, row := range [...]struct {
		what      string
		got, want uint64
	}{
		{"bytes", a.Bytes.Sum(), all.bytes},
		{"relocations", a.Relocs.Sum(), all.relocs},
		{"entries of tables", a.Entries.Sum(), all.entries},
	} {
		if row.got != row.want {
			return fmt.Errorf("the coverage account doesn't add up: %d of %d %s", row.got, row.want, row.what)
		}
	}
	return nil
}
