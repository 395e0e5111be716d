// SPDX-License-Identifier: MIT

package manifest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/checksum"
)

// Write writes the manifest. The same manifest always gives the same bytes:
// they are made on all cores and written in order.
func (m *Manifest) Write(w io.Writer) error {
	if _, err := w.Write(m.appendHeader(nil)); err != nil {
		return err
	}
	for i := range m.Objects {
		if err := m.Objects[i].write(w, m.Hash); err != nil {
			return err
		}
	}
	return nil
}

// linesAtOnce is of how many records a worker makes text at once, and usualLine more bytes than
// most take.
const (
	linesAtOnce = 1024
	usualLine   = 256
)

// write writes the records: while those in front are written, the next become text.
func (o *Object) write(w io.Writer, hash checksum.Hash) error {
	workers := min(runtime.GOMAXPROCS(0), len(o.Records)/linesAtOnce+1)
	made, written := make([][]byte, workers), make([][]byte, workers) // used again and again
	name := appendEscaped(nil, o.Name, false)
	for order := Order(o.Records); len(order) > 0; {
		var wait parallel.Group
		for i := range made {
			some := order[:min(linesAtOnce, len(order))]
			order = order[len(some):]
			wait.Go(func() {
				text := slices.Grow(made[i][:0], len(some)*usualLine)
				for _, record := range some {
					text = appendRecord(text, hash, name, &o.Records[record])
				}
				made[i] = text
			})
		}
		err := writeAll(w, written)
		if wait.Wait(); err != nil {
			return err
		}
		made, written = written, made
	}
	return writeAll(w, written)
}

func writeAll(w io.Writer, texts [][]byte) error {
	for _, text := range texts {
		if _, err := w.Write(text); err != nil {
			return err
		}
	}
	return nil
}

func (m *Manifest) appendHeader(b []byte) []byte {
	table := m.Lines
	if table == "" {
		table = none
	}
	b = fmt.Appendf(b, "%s%d\n# form %d\n# lines %s\n# hash %s\n# arch ", magic, Version, m.Form, table, m.Hash)
	b = appendEscaped(b, m.Arch, false)
	b = append(b, "\n# options "...)
	b = append(b, m.options()...)
	b = append(b, "\n# classes"...)
	for c := range checksum.Class(checksum.NumClasses) {
		b = fmt.Appendf(b, " %s=%s", c.Short(), c)
	}
	b = append(b, '\n')
	for i := range m.Objects {
		o := &m.Objects[i]
		b = append(b, "# object\t"...)
		b = appendEscaped(b, o.Name, false)
		b = fmt.Appendf(b, "\tsize=%d\tbuildid=", o.Size)
		b = appendEscaped(b, o.BuildID, false)
		for _, n := range accountFields(&o.Account) {
			if *n.value != 0 {
				b = fmt.Appendf(b, "\t%s=%d", n.name, *n.value)
			}
		}
		b = append(b, '\n')
	}
	return b
}

// options is the header's list of what else was asked for.
func (m *Manifest) options() string {
	var list []string
	if m.Data {
		list = append(list, optionData)
	}
	if m.Dwarf {
		list = append(list, optionDwarf)
	}
	if len(list) == 0 {
		return none
	}
	return strings.Join(list, ",")
}

// accountField is one number of an object's coverage account.
type accountField struct {
	name  string
	value *uint64
}

func accountFields(a *checksum.Account) []accountField {
	fields := make([]accountField, 0, 15)
	for _, what := range [...]struct {
		name   string
		shares *checksum.Shares
	}{{"bytes", &a.Bytes}, {"relocs", &a.Relocs}, {"entries", &a.Entries}} {
		s := what.shares
		fields = append(
			fields,
			accountField{"function-" + what.name, &s.Functions},
			accountField{"orphan-" + what.name, &s.Orphans},
			accountField{"replacement-" + what.name, &s.Replacements},
			accountField{"padding-" + what.name, &s.Padding},
			accountField{"derived-" + what.name, &s.Derived},
		)
	}
	return fields
}

// appendRecord is a record's line; the name of its object is escaped.
func appendRecord(b []byte, hash checksum.Hash, object []byte, r *checksum.Record) []byte {
	b = append(b, kinds[r.Kind]...)
	b = append(b, '\t')
	b = hex.AppendEncode(b, r.Digest[:hash.Size()])
	before := r.Digest
	for _, d := range [...]checksum.Digest{r.Masked(), r.Dwarf()} {
		b = append(b, '\t')
		if d == (checksum.Digest{}) || d == before {
			b = append(b, none...)
			continue
		}
		b = hex.AppendEncode(b, d[:hash.Size()])
		before = d
	}
	b = append(b, '\t')
	if r.Disambiguation != 0 {
		b = appendHex64(b, r.Disambiguation)
	} else {
		b = append(b, none...)
	}
	b = append(b, '\t')
	for i := range r.Classes {
		c := &r.Classes[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = appendClass(b, c)
		b = append(b, '=')
		b = appendHex64(b, c.Exact)
		if masked := c.Masked(); masked != c.Exact {
			b = append(b, '/')
			b = appendHex64(b, masked)
		}
		if places := c.Places(); places != 0 {
			b = append(b, ',')
			b = appendClass(b, c)
			b = append(b, "@="...)
			b = appendHex64(b, places)
		}
	}
	if len(r.Classes) == 0 {
		b = append(b, none...)
	}
	b = append(b, '\t')
	b = strconv.AppendUint(b, r.Size, 10)
	b = append(b, '\t')
	b = append(b, scopes[r.Scope]...)
	b = append(b, '\t')
	b = appendMarks(b, r)
	b = append(b, '\t')
	b = append(b, object...)
	for _, name := range [...]string{r.Section, r.File, r.Name} {
		b = append(b, '\t')
		b = appendEscaped(b, name, false)
	}
	b = append(b, '\t')
	for i, alias := range r.Aliases() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendEscaped(b, alias, true)
	}
	if len(r.Aliases()) == 0 {
		b = append(b, none...)
	}
	return append(b, '\n')
}

// appendClass is a class's abbreviation; of a special one with the table's
// name behind it.
func appendClass(b []byte, c *checksum.ClassDigest) []byte {
	b = append(b, c.Class.Short()...)
	if c.Class == checksum.Special {
		b = append(b, ':')
		b = appendEscaped(b, c.Section(), true)
	}
	return b
}

func appendMarks(b []byte, r *checksum.Record) []byte {
	start := len(b)
	mark := func(name string) {
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, name...)
	}
	for _, cold := range r.Cold() {
		mark(markCold)
		if cold != r.Name+".cold" {
			b = append(b, '=')
			b = appendEscaped(b, cold, true)
		}
	}
	if r.Opaque {
		mark(markOpaque)
	}
	if r.Ambiguous {
		mark(markAmbiguous)
	}
	if r.Sympos != 0 {
		mark(markSympos)
		b = append(b, '=')
		b = strconv.AppendInt(b, int64(r.Sympos), 10)
	}
	if len(b) == start {
		b = append(b, none...)
	}
	return b
}

func appendHex64(b []byte, v uint64) []byte {
	var digits [8]byte
	binary.BigEndian.PutUint64(digits[:], v)
	return hex.AppendEncode(b, digits[:])
}
