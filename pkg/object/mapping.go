// SPDX-License-Identifier: MIT

package object

import (
	"cmp"
	"debug/elf"
	"slices"
	"sort"
	"strings"
)

// mappingKind is 'd' or 'x' for a mapping symbol, which says that from its place
// on there are data or instructions; 0 for any other symbol. Their names are $d
// and $x, or $d.N and $x.N ("Mapping symbols" in ELF for the Arm 64-bit
// Architecture), also behind a prefix that objcopy puts in front.
func mappingKind(s *Symbol) byte {
	if !s.Local() || s.Type() != elf.STT_NOTYPE {
		return 0
	}
	name := s.Name()
	dollar := strings.LastIndexByte(name, '$')
	if dollar < 0 || len(name) < dollar+2 || len(name) > dollar+2 && name[dollar+2] != '.' {
		return 0
	}
	if kind := name[dollar+1]; kind == 'd' || kind == 'x' {
		return kind
	}
	return 0
}

// mapping is a stretch of data in a section of code.
type mapping struct{ start, end uint64 }

// findData finds the data between instructions, by the mapping symbols in
// executable sections. Of several symbols at one place the last counts.
func (c *Code) findData(symbols []uint32) {
	f := c.file
	slices.SortStableFunc(symbols, func(a, b uint32) int {
		x, y := &f.Symbols[a], &f.Symbols[b]
		return cmp.Or(cmp.Compare(x.Section, y.Section), cmp.Compare(x.Value, y.Value))
	})
	if len(symbols) > 0 {
		c.data = make([][]mapping, len(f.Sections))
	}
	for i, symbol := range symbols {
		s := &f.Symbols[symbol]
		size := f.Sections[s.Section].Size
		end := size
		if i+1 < len(symbols) && f.Symbols[symbols[i+1]].Section == s.Section {
			end = f.Symbols[symbols[i+1]].Value
		}
		if end = min(end, size); mappingKind(s) != 'd' || s.Value >= end {
			continue
		}
		list := c.data[s.Section]
		if n := len(list); n > 0 && list[n-1].end == s.Value {
			list[n-1].end = end
			continue
		}
		c.data[s.Section] = append(list, mapping{s.Value, end})
	}
}

// Data is the first stretch of data in a section of code that ends behind the
// offset; false where only instructions follow.
func (c *Code) Data(section uint32, offset uint64) (start, end uint64, ok bool) {
	if c.data == nil {
		return 0, 0, false
	}
	list := c.data[section]
	i := sort.Search(len(list), func(i int) bool { return list[i].end > offset })
	if i == len(list) {
		return 0, 0, false
	}
	return list[i].start, list[i].end, true
}

// DataAt is where data that stand at a place of a section of code end; false where
// there is none.
func (c *Code) DataAt(section uint32, offset uint64) (end uint64, ok bool) {
	start, end, ok := c.Data(section, offset)
	return end, ok && start <= offset
}
