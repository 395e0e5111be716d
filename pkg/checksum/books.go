// SPDX-License-Identifier: MIT

package checksum

import (
	"debug/elf"
	"strings"
)

// bookkeeping are the names, without their numbers, of statics in which the
// kernel's macros keep books for one place in the code (rule 5.3):
// include/linux/once_lite.h, asm-generic/bug.h, lockdep.h, ratelimit.h,
// dynamic_debug.h, printk.h.
var bookkeeping = [...]string{"__already_done", "__warned", "__key", "_rs", "descriptor", "_entry"}

// uniqueDebug begins the name that dynamic debug makes for its descriptors.
const uniqueDebug = "__UNIQUE_ID_ddebug"

// isBook tells whether a symbol is such a static: a local, numbered variable
// of that name, or one that dynamic debug made unique. A key has no size without lockdep.
func (p *program) isBook(symbol uint32) bool {
	s := &p.file.Symbols[symbol]
	if !s.Local() || s.Size == 0 && p.inKinds[symbol] != sectionWritable || !s.Defined() || s.Type() != elf.STT_OBJECT && s.Type() != elf.STT_NOTYPE {
		return false
	}
	switch {
	case strings.HasPrefix(s.Name(), uniqueDebug):
		return true
	case strings.IndexByte(s.Name(), '.') < 0: // most variables: no function's, and without a number
		return false
	case strings.Contains(s.Name(), "."+uniqueDebug): // clang: f.name
		return true
	}
	stem := p.normal(symbol)
	for _, name := range bookkeeping {
		function, ok := strings.CutSuffix(stem, name)
		if ok && (function == "" && len(stem) < len(s.Name()) || strings.HasSuffix(function, ".")) { // clang: f.name, and the first has no number
			return true
		}
	}
	return false
}

// books makes the step of what a bookkeeping static holds: its name says
// nothing of it, and no other function uses it.
func (w *walker) books(here place, t *target) {
	if t.kind != targetName || t.symbol == 0 || w.p.kinds[t.section] != sectionWritable || !w.p.isBook(t.symbol) {
		return
	}
	s := &w.p.file.Symbols[t.symbol]
	section := &w.p.file.Sections[s.Section]
	if section.Type == elf.SHT_NOBITS || s.Size == 0 || s.Value > section.Size || s.Size > section.Size-s.Value {
		return
	}
	w.crossed = false
	w.encoded = w.encoded[:0]
	w.encode(func(b []byte) []byte {
		if w.isLarge(s.Section, s.Value, s.Value+s.Size, maxInFull) { // none of the kernel's are
			return w.appendByDigest(b, 0, datumKey{s.Section, s.Value}, s.Value+s.Size)
		}
		return w.appendData(append(b, tagDatum, 0), s.Section, s.Value, s.Value+s.Size, true)
	})
	w.emit(Constants, ContentStep, here, w.crossed)
}
