// SPDX-License-Identifier: MIT

package checksum

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Line is a part of a step as people read it. Describe makes it of the bytes
// that were hashed, so that what is shown is what was compared.
type Line struct {
	// Text has a NUL where a place in the function belongs.
	Text   string
	Places []Location
}

// Location is a place in the function that a step is of.
type Location struct {
	Part    int    // as in Step
	Ordinal uint32 // of the instruction
	Into    uint32 // bytes into it
}

var errEncoding = errors.New("the canonical form has something in it that can't be described")

var relocNames = [...]string{
	relocAbs64: "abs64", relocAbs32: "abs32", relocAbs32Signed: "abs32s", relocAbs16: "abs16", relocAbs8: "abs8",
	relocPC: "pc", relocPC64: "pc64", relocPC16: "pc16", relocPC8: "pc8",
	relocGOT: "got", relocSize: "size", relocTLS: "tls", relocGOTBase: "gotbase",
	relocPage: "page", relocLow12: "low12", relocGOTPage: "gotpage", relocGOTLow12: "gotlow12",
	relocMove0: "g0", relocMove1: "g1", relocMove2: "g2", relocMove3: "g3",
	relocMovePC0: "prel_g0", relocMovePC1: "prel_g1", relocMovePC2: "prel_g2", relocMovePC3: "prel_g3",
	relocLiteral: "literal", relocBased: "base", relocRunsOn: "runs on into",
}

// Describe says in words what a step is: in one line, and more for data. It
// reads every byte of the encoding, which has one meaning only.
func (s *Step) Describe() ([]Line, error) {
	d := describer{rest: s.Bytes}
	switch s.Kind {
	case InstructionStep:
		d.instruction()
	case PrefixStep:
		d.prefix()
	case ReferenceStep:
		d.reference()
	case EntryStep:
		d.entry(s)
	case LabelStep:
		d.label(s)
	default:
		d.target(true)
	}
	d.endLine()
	if d.bad || len(d.rest) > 0 {
		return d.lines, fmt.Errorf("%w: %s: %x", errEncoding, s.Class, s.Bytes)
	}
	return d.lines, nil
}

// describer reads an encoding from its start to its end.
type describer struct {
	rest   []byte
	bad    bool // it doesn't make sense
	lines  []Line
	line   strings.Builder
	places []Location
}

func (d *describer) instruction() {
	switch head := d.byte(); {
	case head == tagRaw:
		d.text("raw bytes")
		for row := d.take(int(d.uvarint())); len(row) > 0; row = row[min(len(row), 16):] {
			d.newLine("%x", row[:min(len(row), 16)])
		}
		for len(d.rest) > 0 && !d.bad {
			d.newLine("reference at +%#x", d.uvarint())
		}
	case head == tagNop:
		d.text("nop")
	case head >= tagBranch:
		form := d.byte()
		d.text("branch %02x", form)
		if more := d.take(int(head &^ tagBranch)); len(more) > 0 {
			d.text(" with %x", more)
		}
		if len(d.rest) == 1 && d.rest[0] == 0 {
			d.rest = nil
			return
		}
		d.text(" ")
		d.place()
	default:
		d.text("%x", d.take(int(head&0xf)))
		if fields := d.rest; len(fields) > 0 {
			d.text(" with references at %v", fields)
		}
		if head>>4 != byte(min(len(d.rest), 7)) {
			d.bad = true
		}
		d.rest = nil
	}
}

// prefix reads what stands in front of the entry.
func (d *describer) prefix() {
	d.text("%x", d.take(int(min(d.uvarint(), 1<<62))))
	for len(d.rest) > 0 && !d.bad {
		d.text(", +%#x: ", d.uvarint())
		d.kindAndTarget(true)
	}
}

func (d *describer) reference() {
	d.kind()
	if len(d.rest) == 1 && d.rest[0] < NumClasses { // what it is comes as a step of its own
		if d.byte() == byte(JumpTables) {
			d.text("jump table, ")
		}
		return
	}
	d.target(true)
}

// entry reads what emitEntry wrote.
func (d *describer) entry(s *Step) {
	name := s.Class.String()
	if s.Class == Special {
		name = s.Section
	}
	switch d.byte() {
	case tagEntry:
	case tagNamed:
		name = d.string()
	default:
		d.bad = true
	}
	d.text("%s", name)
	if len(s.Place) > 0 && s.Place[0] == tagFront {
		d.text(", in front of the entry")
	}
	data := d.take(int(min(d.uvarint(), 1<<62)))
	relocs := d.uvarint()
	for _, b := range data {
		if b != 0 {
			d.text(": % x", data)
			break
		}
	}
	for range relocs {
		if d.bad {
			return
		}
		d.text(", +%#x: ", d.uvarint())
		d.kindAndTarget(true)
	}
}

// label reads what walker.label wrote.
func (d *describer) label(s *Step) {
	if d.byte() != tagLabel {
		d.bad = true
	}
	d.text("label %s", strings.ReplaceAll(d.string(), "\x00", ""))
	if len(s.Place) > 0 && s.Place[0] == tagFront {
		d.text(", in front of the entry")
	}
}

// kind reads a relocation's kind.
func (d *describer) kind() {
	switch kind := d.uvarint(); {
	case kind < uint64(len(relocNames)):
		d.text("%s -> ", relocNames[kind])
	default:
		d.text("relocation type %d -> ", kind-unnamed)
	}
}

// kindAndTarget reads a relocation's kind and what it refers to.
func (d *describer) kindAndTarget(top bool) {
	d.kind()
	d.target(top)
}

// target reads what appendTarget wrote, or, within data, appendPlain; or appendPlace.
func (d *describer) target(top bool) {
	if len(d.rest) > 0 && d.rest[0] == tagBiased {
		d.byte()
		d.text("physical address of ")
	}
	if len(d.rest) > 0 && d.rest[0] == tagSelf {
		d.place()
		return
	}
	switch tag := d.byte(); tag {
	case tagName:
		d.text("%s", strings.ReplaceAll(d.string(), "\x00", "")) // see Tracer.Rename
		d.offset()
		if len(d.rest) > 0 && d.rest[0] == tagNumber && top {
			d.byte()
			d.text(" (number %d of that name)", d.uvarint()+1)
		}
	case tagOwnName:
		d.text("its own name")
	case tagInside:
		d.text("%s", strings.ReplaceAll(d.string(), "\x00", ""))
		if part := d.uvarint(); part > 0 {
			d.text(", part %d", part)
		}
		d.elsewhere()
	case tagString:
		unit, s := d.byte(), d.string()
		d.text("%s", strconv.Quote(s))
		if unit > 1 {
			d.text(" in units of %d bytes", unit)
		}
	case tagIndexed:
		d.offset()
		d.text(" in ")
		d.target(top)
	case tagMerge:
		d.text("constant")
		if offset := d.uvarint(); offset > 0 {
			d.text(" at +%#x", offset)
		}
		d.data()
	case tagDatum:
		d.text("data")
		d.offset()
		if top {
			d.data()
			return
		}
		d.digest()
	case tagBrief:
		d.text("data")
		d.offset()
		d.digest()
	case tagEntry:
		d.text("entry of %s", d.string())
		d.text(", own number %d", d.uvarint())
		if offset := d.uvarint(); offset > 0 {
			d.text(" at +%#x", offset)
		}
	case tagSpecial:
		d.text("section %s", d.string())
		switch d.byte() {
		case 0:
		case 1:
			d.text(", entry about ")
			d.target(false)
			if offset := d.uvarint(); offset > 0 {
				d.text(" at +%#x", offset)
			}
		default:
			d.bad = true
		}
	case tagStray:
		d.text("nameless code in %s", d.string())
		switch d.byte() {
		case 0:
			d.text(", behind all of it")
		case 1:
			d.elsewhere()
			d.text(" of %x", d.take(int(d.byte())))
		default:
			d.bad = true
		}
	case tagAbsolute:
		d.text("the number %#x", d.uvarint())
	case tagPlace:
		d.text("its place")
	case tagAnchor:
		d.text("an address, used by what follows")
	case tagJumps:
		count := d.uvarint()
		d.text("%d entries", count)
		for range count {
			if d.bad {
				return
			}
			d.newLine("-> ")
			d.place()
		}
	case tagSection:
		d.text("section %s", d.string())
		d.offset()
	default:
		d.bad = true
	}
}

// digest reads what appendNested wrote.
func (d *describer) digest() {
	switch d.byte() {
	case tagNested:
		d.text(" %x", d.take(int(d.byte())))
	case tagCycle:
		d.text(" too deep")
	default:
		d.bad = true
	}
}

// data reads what appendData wrote: rows of bytes, then the references.
func (d *describer) data() {
	size, relocs := d.uvarint(), d.uvarint()
	d.text(", %d bytes", size)
	data := d.take(int(min(size, 1<<62)))
	for at := 0; at < len(data); at += 16 {
		d.newLine("+%#x: % x", at, data[at:min(at+16, len(data))])
	}
	for range relocs {
		if d.bad {
			return
		}
		d.newLine("+%#x: ", d.uvarint())
		d.kindAndTarget(false)
	}
}

// place reads what appendPlace wrote.
func (d *describer) place() {
	if d.byte() != tagSelf {
		d.bad = true
		return
	}
	d.line.WriteByte(0)
	d.places = append(d.places, Location{int(d.uvarint()), uint32(d.uvarint()), uint32(d.uvarint())})
}

// elsewhere reads a place in other code.
func (d *describer) elsewhere() {
	d.text(", instruction %d", d.uvarint())
	if into := d.uvarint(); into > 0 {
		d.text(" and %d bytes", into)
	}
}

func (d *describer) offset() {
	n := d.uvarint()
	if offset := int64(n>>1) ^ -int64(n&1); offset != 0 {
		d.text("%+#x", offset)
	}
}

// text adds to the line. A NUL in what is described is none of ours.
func (d *describer) text(format string, args ...any) {
	d.line.WriteString(strings.ReplaceAll(fmt.Sprintf(format, args...), "\x00", "\uFFFD"))
}

func (d *describer) newLine(format string, args ...any) {
	d.endLine()
	d.text(format, args...)
}

func (d *describer) endLine() {
	d.lines = append(d.lines, Line{d.line.String(), d.places})
	d.line.Reset()
	d.places = nil
}

func (d *describer) byte() byte {
	if b := d.take(1); len(b) == 1 {
		return b[0]
	}
	return 0
}

func (d *describer) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.bad, d.rest = true, nil
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *describer) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.bad, d.rest = true, nil
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

func (d *describer) string() string { return string(d.take(int(min(d.uvarint(), 1<<62)))) }
