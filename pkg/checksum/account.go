// SPDX-License-Identifier: MIT

package checksum

import (
	"fmt"

	"github.com/fnsum/fnsum/pkg/object"
)

// Account says where the bytes of an object's executable sections, and the
// relocations in them, went: each exactly once. What several functions share
// is hashed for each and accounted to the innermost.
type Account struct {
	Functions, Orphans, Padding, Special uint64 // bytes
	FunctionRelocs, OrphanRelocs         uint64
	PaddingRelocs, SpecialRelocs         uint64
}

func (a *Account) add(b Account) {
	a.Functions += b.Functions
	a.Orphans += b.Orphans
	a.Padding += b.Padding
	a.Special += b.Special
	a.FunctionRelocs += b.FunctionRelocs
	a.OrphanRelocs += b.OrphanRelocs
	a.PaddingRelocs += b.PaddingRelocs
	a.SpecialRelocs += b.SpecialRelocs
}

// Bytes is the sum of all bytes accounted.
func (a *Account) Bytes() uint64 { return a.Functions + a.Orphans + a.Padding + a.Special }

// Relocs is the sum of all relocations accounted.
func (a *Account) Relocs() uint64 {
	return a.FunctionRelocs + a.OrphanRelocs + a.PaddingRelocs + a.SpecialRelocs
}

// prefix accounts for what stands in front of a function's entry; of several
// functions at one place the first has it.
func (a *Account) prefix(p *program, part *part, relocs int) {
	if e := part.extent; e > 0 {
		if x := &p.code.Extents[e-1]; x.Section == part.section && x.Start == part.start {
			return
		}
	}
	a.Functions += part.start - part.prefix
	a.FunctionRelocs += uint64(relocs)
}

// part accounts for a part of a function or orphan, without what extents that
// start in it have for themselves.
func (a *Account) part(p *program, part *part, relocs object.Relocs) {
	bytes, count := part.end-part.start, relocs.Len()
	if part.extent >= 0 {
		covered := part.start
		for i := part.extent + 1; i < len(p.code.Extents); i++ {
			x := &p.code.Extents[i]
			if x.Section != part.section || x.Start >= part.end {
				break
			}
			if from, to := max(x.Start, covered), min(x.End, part.end); from < to {
				bytes -= to - from
				count -= relocs.Between(from, to).Len()
				covered = to
			}
		}
	}
	if part.orphan {
		a.Orphans += bytes
		a.OrphanRelocs += uint64(count)
		return
	}
	a.Functions += bytes
	a.FunctionRelocs += uint64(count)
}

// check says whether the account adds up to what the object's executable
// sections hold.
func (a *Account) check(p *program) error {
	var bytes, relocs uint64
	for i := range p.file.Sections {
		if s := &p.file.Sections[i]; s.Executable() {
			bytes += s.Size
			relocs += uint64(p.file.Relocs(uint32(i)).Len())
		}
	}
	if a.Bytes() != bytes || a.Relocs() != relocs {
		return fmt.Errorf("the coverage account doesn't add up: %d of %d bytes, %d of %d relocations", a.Bytes(), bytes, a.Relocs(), relocs)
	}
	return nil
}
