// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/fnsum/fnsum/pkg/decode"
)

// The classes of differences that have an explanation.
const (
	badRefused      = "bad, refused"
	badAccepted     = "bad, accepted"
	prefixRefused   = "lone prefix, refused"
	prefixCancelled = "lone REX"
	badOpcode       = "bad opcode, accepted"
	fwait           = "fwait"
	nopReserved     = "reserved NOP"
	nopPrefixed     = "prefixed NOP"
	nopRex2         = "REX2 NOP"
	prefixBeforeVEX = "prefix before VEX"
	rex2Reserved    = "reserved behind REX2"
	vexMap          = "VEX map 5 or 7"
	relocated       = "relocated"
	newerARM64      = "newer"
	dataARM64       = "data"
	effectsARM64    = "effects not known"
	moreARM64       = "registers that aren't printed"
)

var explanations = map[string]string{
	badRefused:      "agreement: neither finds an instruction",
	badAccepted:     "an opcode that exists, with a prefix, W, vector length or operand that it doesn't have, or that this objdump doesn't know",
	prefixRefused:   "agreement: objdump lists a prefix that leads to no instruction by itself",
	prefixCancelled: "REX before a legacy prefix, another REX or fwait is ignored, but part of the instruction; objdump lists it by itself",
	fwait:           "objdump lists fwait and the x87 instruction behind it as one, and fwait's REX by itself",
	nopReserved:     "0F 18 to 0F 1E: hints and later extensions, so not padding",
	nopPrefixed:     "lock or repnz before a NOP: nobody pads with it",
	nopRex2:         "90 with REX2's B4 is xchg with r16, as it is xchg with r8 with B3; objdump looks at B3 only",
	prefixBeforeVEX: "66, F2, F3, lock or REX before VEX or EVEX is #UD; objdump prints on",
	rex2Reserved:    "row 4 and prefixes of REX2's map 0 are reserved; objdump prints what they were without REX2",
	relocated:       "not compared: 0 in the place of a relocation, of which binutils' objdump prints the target",
	newerARM64:      "a branch of FEAT_CMPBR or FEAT_PAuth_LR, which this objdump doesn't know",
	dataARM64:       "not compared: a mapping symbol says that it is data",
	effectsARM64:    "not compared: the kind, but not the registers of an instruction that is known to write any",
	moreARM64:       "agreement on those that are: others may be read or written, which is safe to say",
	vexMap:          "objdump prints F6 of map 7 (rdmsr) also in map 5, and F9 and FD of map 5 (AMX) also in map 7",
}

// tally counts instructions and differences.
type tally struct {
	instructions int
	samples      int // to keep of each class
	classes      map[string]*class

	// agreed has the opcodes that both take for one in some instruction;
	// rejected, a sample of those that objdump called bad in another.
	agreed   map[opcode]bool
	rejected map[opcode]string
}

// class is one kind of difference, with a sample for each of some mnemonics.
type class struct {
	count   int
	samples map[string]string // by mnemonic
}

func newTally(samples int) *tally {
	return &tally{
		samples:  samples,
		classes:  make(map[string]*class),
		agreed:   make(map[opcode]bool),
		rejected: make(map[opcode]string),
	}
}

func (t *tally) class(name string) *class {
	c := t.classes[name]
	if c == nil {
		c = &class{samples: make(map[string]string)}
		t.classes[name] = c
	}
	return c
}

func (t *tally) record(d difference, path string, l *line) {
	c := t.class(d.class)
	c.count++
	detail := ""
	if d.detail != "" {
		detail = "; ours: " + d.detail
	}
	if key := l.mnemonic(); len(c.samples) < t.samples && c.samples[key] == "" {
		c.samples[key] = fmt.Sprintf("%s:%#x: % x: %s%s%s", path, l.address, l.code, l.prefixes, l.text, detail)
	}
}

// recordOpcode notes whether both take the instruction's opcode for one.
func (t *tally) recordOpcode(path string, l *line, code []byte, differences []difference) {
	var in decode.Inst
	switch ok := decode.X86(code, &in); {
	case !ok:
	case len(differences) == 0:
		t.agreed[opcodeOf(code, in)] = true
	case differences[0].class == badAccepted:
		t.rejected[opcodeOf(code, in)] = fmt.Sprintf("%s:%#x: % x: %s", path, l.address, code[:in.Len], l.text)
	}
}

func (t *tally) add(o *tally) {
	t.instructions += o.instructions
	maps.Copy(t.agreed, o.agreed)
	maps.Copy(t.rejected, o.rejected)
	for name, from := range o.classes {
		c := t.class(name)
		c.count += from.count
		for key, sample := range from.samples {
			if c.samples[key] == "" && len(c.samples) < t.samples {
				c.samples[key] = sample
			}
		}
	}
}

// settle makes a class of the opcodes that objdump never takes for one. That
// means something only where each opcode stands in all its forms.
func (t *tally) settle() {
	for op, sample := range t.rejected {
		if !t.agreed[op] {
			c := t.class(badOpcode)
			c.count++
			c.samples[fmt.Sprintf("% x", op)] = sample
		}
	}
}

func (t *tally) unexplained() (count int) {
	for name, c := range t.classes {
		if explanations[name] == "" {
			count += c.count
		}
	}
	return count
}

func (t *tally) print(w io.Writer, objects int) {
	fmt.Fprintf(w, "%d instructions in %d objects, %d unexplained differences\n", t.instructions, objects, t.unexplained())
	for _, name := range slices.Sorted(maps.Keys(t.classes)) {
		c := t.classes[name]
		why := explanations[name]
		if why == "" {
			why = "UNEXPLAINED"
		}
		fmt.Fprintf(w, "\n%s: %d (%s)\n", name, c.count, why)
		for _, key := range slices.Sorted(maps.Keys(c.samples)) {
			fmt.Fprintf(w, "\t%s\n", c.samples[key])
		}
	}
}
