// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
)

// The classes of differences that have an explanation.
const (
	badRefused      = "bad, refused"
	badAccepted     = "bad, accepted"
	lonePrefix      = "lone prefix"
	fwait           = "fwait"
	nopReserved     = "reserved NOP"
	nopPrefixed     = "prefixed NOP"
	prefixBeforeVEX = "prefix before VEX"
)

var explanations = map[string]string{
	badRefused:      "agreement: neither finds an instruction",
	badAccepted:     "objdump checks operands and mandatory prefixes further than a length needs",
	lonePrefix:      "objdump lists a prefix that the next byte cancels, or that leads nowhere, by itself",
	fwait:           "objdump lists fwait and the x87 instruction behind it as one",
	nopReserved:     "0F 18 to 0F 1E: hints and later extensions, so not padding",
	nopPrefixed:     "lock or repnz before a NOP: nobody pads with it",
	prefixBeforeVEX: "66, F2, F3, lock or REX before VEX or EVEX is #UD; objdump prints on",
}

// tally counts instructions and differences.
type tally struct {
	instructions int
	samples      int // to keep of each class
	classes      map[string]*class
}

// class is one kind of difference, with a sample for each of some mnemonics.
type class struct {
	count   int
	samples map[string]string // by mnemonic
}

func newTally(samples int) *tally {
	return &tally{samples: samples, classes: make(map[string]*class)}
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

func (t *tally) add(o *tally) {
	t.instructions += o.instructions
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
