// SPDX-License-Identifier: MIT

package mutate

import (
	"bytes"
	"slices"
)

// Strings stand in sections of their own, or, in modules since Linux 7, without a name
// among other constants.

// textPlaces is the places that references lead to in strings of bytes.
func textPlaces(o *Object) []seed {
	list := places(stringData, 1)(o)
	return append(list, slices.DeleteFunc(places(readOnlyData, 0)(o), func(s seed) bool { return !o.isText(s.section, s.at) })...)
}

// kernSOH begins a format with a level, KERN_SOH in include/linux/kern_levels.h.
const kernSOH = 1

// isText tells whether a string of two letters or more starts at a place of a section,
// where no symbol stands that has a name in the source, or contains it.
func (o *Object) isText(section uint32, at uint64) bool {
	data := o.file.Data(section)
	if o.tables[section] != nil || at >= uint64(len(data)) {
		return false
	}
	text, _, ended := bytes.Cut(data[at:], []byte{0})
	text = bytes.TrimPrefix(text, []byte{kernSOH})
	if !ended || len(text) < 2 || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r > '~' }) {
		return false
	}
	starts, constants := at == 0 || data[at-1] == 0, false
	for _, i := range o.code.SymbolsOf(section) {
		s := &o.file.Symbols[i]
		if s.Value > at {
			break
		}
		if at-s.Value < s.Size || s.Value == at && !nameless(s.Name()) {
			return false
		}
		starts = starts || at-s.Value == s.Size
		constants = o.isConstantLabel(s) // which may go on up to here
	}
	return starts && !constants
}

// secondLetter changes the second letter of a string: whoever refers to it is told, be it
// a function or a datum.
func secondLetter(o *Object, s seed) []Site {
	at := s.at + 1
	data := o.file.Data(s.section)
	if s.at < uint64(len(data)) && data[s.at] == kernSOH {
		at++
	}
	if at >= uint64(len(data)) || data[s.at] == 0 || data[at] == 0 || o.isLine(s.section, at) || isDigit(data[at]) {
		return nil
	}
	u := users{want: map[int]Reasons{}, seen: map[spot]bool{}}
	site := Site{At: o.at(s.section, at), Edits: []Edit{o.flip(s.section, at)}, Data: []Datum{}}
	if kindOf(&o.file.Sections[s.section]) == stringData {
		if !o.collect(&u, s.section, at) {
			return nil
		}
	} else {
		if last, _ := o.lastRef(s.section, at); last > s.at {
			return nil // that of another string, too
		}
		u.seen[spot{s.section, s.at}] = true
		if !o.collectRefs(&u, s.section, &datum{lo: s.at, hi: s.at + 1, reason: "constants"}) {
			return nil
		}
	}
	if u.unnamed || len(u.want)+len(u.data) == 0 {
		return nil
	}
	site.Data, site.Perhaps = append(site.Data, u.data...), o.unseen(&u)
	if len(u.want) > 0 {
		site.Want = u.want
	}
	return []Site{site}
}
