// SPDX-License-Identifier: MIT

package manifest

import (
	"bytes"
	"debug/elf"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/internal/mapped"
	"github.com/fnsum/fnsum/pkg/checksum"
)

// ErrManifest is the error for a file that is no manifest this version reads.
var ErrManifest = errors.New("not a usable manifest")

// Is tells whether a file that begins with these bytes is a manifest, sound
// or not.
func Is(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }

// Open reads the manifest at path, decompressed where it is compressed with
// xz, zstd or gzip. Its errors name the path; they are those of Read, or the
// file can't be read.
func Open(path string) (*Manifest, error) {
	file, err := mapped.Open(path)
	if errors.Is(err, mapped.ErrEmpty) {
		return nil, fmt.Errorf("%s: %w: %w", path, ErrManifest, mapped.ErrEmpty)
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	m, err := Read(file.Data) // which copies what it keeps
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// Read reads a manifest. Its errors name the line, and wrap ErrManifest.
func Read(data []byte) (*Manifest, error) {
	r := reader{m: &Manifest{}, objects: map[string]int{}}
	text := string(data)
	if !strings.HasSuffix(text, "\n") {
		return nil, fmt.Errorf("%w: truncated: the last line has no end", ErrManifest)
	}
	for rest := text; rest != ""; {
		line, next, _ := strings.Cut(rest, "\n")
		rest = next
		r.line++
		if err := r.read(line); err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", ErrManifest, r.line, err)
		}
	}
	for _, key := range headerKeys {
		if !r.seen[key] {
			return nil, fmt.Errorf("%w: the header has no %q", ErrManifest, key)
		}
	}
	return r.m, nil
}

// reader is the state of Read between lines.
type reader struct {
	m       *Manifest
	line    int
	seen    map[string]bool
	objects map[string]int // by name: index into m.Objects
	object  string         // of the last record
	index   int
}

var headerKeys = []string{"form", "lines", "hash", "arch", "options", "classes"}

func (r *reader) read(line string) error {
	switch {
	case r.line == 1:
		version, ok := strings.CutPrefix(line, magic)
		if !ok {
			return errors.New("it doesn't begin with " + strconv.Quote(magic))
		}
		if version != strconv.Itoa(Version) {
			return fmt.Errorf("format version %q; this fnsum reads version %d", version, Version)
		}
		r.seen = map[string]bool{}
		return nil
	case strings.HasPrefix(line, "# object\t"):
		return r.readObject(strings.Split(line, "\t")[1:])
	case strings.HasPrefix(line, "# "):
		return r.readHeader(line[2:])
	}
	return r.readRecord(line)
}

func (r *reader) readHeader(line string) error {
	key, value, _ := strings.Cut(line, " ")
	if r.seen[key] {
		return fmt.Errorf("a second %q", key)
	}
	r.seen[key] = true
	switch key {
	case "form":
		if value != strconv.Itoa(checksum.FormVersion) {
			return fmt.Errorf("version %q of the canonical form; this fnsum compares version %d: sum the objects again", value, checksum.FormVersion)
		}
		r.m.Form = checksum.FormVersion
	case "hash":
		var err error
		if r.m.Hash, err = checksum.HashByName(value); err != nil {
			return err
		}
	case "arch":
		arch, ok := unescape(value)
		if !ok || arch == "" {
			return fmt.Errorf("architecture %q", value)
		}
		r.m.Arch = arch
	case "options":
		options := strings.Split(value, ",")
		r.m.Data, r.m.Dwarf = slices.Contains(options, optionData), slices.Contains(options, optionDwarf)
		if value != r.m.options() {
			return fmt.Errorf("unknown options %q", value)
		}
	case "lines":
		if value == none {
			break
		}
		if _, err := parseHex64(value); err != nil {
			return fmt.Errorf("digest of the line table %q", value)
		}
		r.m.Lines = value
	case "classes": // for people
	default:
		return fmt.Errorf("unknown header %q", key)
	}
	return nil
}

func (r *reader) readObject(fields []string) error {
	name, ok := unescape(fields[0])
	if !ok || name == "" {
		return fmt.Errorf("object name %q", fields[0])
	}
	if _, ok := r.objects[name]; ok {
		return fmt.Errorf("object %q a second time", name)
	}
	o := Object{Name: name}
	if len(fields) < 3 {
		return fmt.Errorf("%d fields for object %q", len(fields), name)
	}
	size, ok := strings.CutPrefix(fields[1], "size=")
	n, err := strconv.ParseInt(size, 10, 64)
	if !ok || err != nil || n < 0 {
		return fmt.Errorf("size of object %q: %q", name, fields[1])
	}
	o.Size = n
	id, ok := strings.CutPrefix(fields[2], "buildid=")
	if o.BuildID, ok = cutUnescape(id, ok); !ok {
		return fmt.Errorf("build id of object %q: %q", name, fields[2])
	}
	account := accountFields(&o.Account)
	for _, field := range fields[3:] { // those that aren't 0, in order
		key, value, _ := strings.Cut(field, "=")
		i := slices.IndexFunc(account, func(f accountField) bool { return f.name == key })
		v, err := strconv.ParseUint(value, 10, 64)
		if i < 0 || err != nil || v == 0 {
			return fmt.Errorf("account of object %q: %q", name, field)
		}
		*account[i].value = v
		account = account[i+1:]
	}
	r.objects[name] = len(r.m.Objects)
	r.m.Objects = append(r.m.Objects, o)
	return nil
}

func cutUnescape(field string, ok bool) (string, bool) {
	if !ok {
		return "", false
	}
	return unescape(field)
}

func (r *reader) readRecord(line string) error {
	var fields [columns]string
	rest := line
	for i := range fields {
		field, next, more := strings.Cut(rest, "\t")
		if more != (i < columns-1) {
			return fmt.Errorf("%d columns instead of %d", strings.Count(line, "\t")+1, columns)
		}
		fields[i], rest = field, next
	}
	var record checksum.Record
	kind, scope := slices.Index(kinds[:], fields[columnKind]), slices.Index(scopes[:], fields[columnScope])
	if kind < 0 {
		return fmt.Errorf("unknown kind %q", fields[columnKind])
	}
	if scope < 0 {
		return fmt.Errorf("unknown scope %q", fields[columnScope])
	}
	record.Kind, record.Scope = checksum.Kind(kind), elf.SymBind(scope)
	if !r.readDigest(&record.Digest, fields[columnDigest]) {
		return fmt.Errorf("digest %q", fields[columnDigest])
	}
	before := record.Digest
	for i := range 2 {
		d := fields[columnMasked+i]
		if d == none {
			continue
		}
		to := &record.NeedRare().Masked
		if i > 0 {
			to = &record.Rare.Dwarf
		}
		if !r.readDigest(to, d) || *to == before || *to == (checksum.Digest{}) {
			return fmt.Errorf("masked digest %q", d)
		}
		before = *to
	}
	var err error
	if d := fields[columnDisambiguation]; d != none {
		if record.Disambiguation, err = parseHex64(d); err != nil {
			return fmt.Errorf("disambiguation digest %q", d)
		}
	}
	if record.Classes, err = readClasses(fields[columnClasses]); err != nil {
		return err
	}
	if record.Size, err = strconv.ParseUint(fields[columnSize], 10, 64); err != nil {
		return fmt.Errorf("size %q", fields[columnSize])
	}
	var section, file, name bool
	record.Section, section = unescape(fields[columnSection])
	record.File, file = unescape(fields[columnFile])
	record.Name, name = unescape(fields[columnName])
	if !section || !file || !name || record.Name == "" {
		return fmt.Errorf("section %q, file %q or name %q", fields[columnSection], fields[columnFile], fields[columnName])
	}
	if aliases := fields[columnAliases]; aliases != none {
		if record.NeedRare().Aliases, err = readList(aliases); err != nil {
			return err
		}
	}
	if err := readMarks(fields[columnMarks], &record); err != nil {
		return err
	}
	return r.add(fields[columnObject], record)
}

// add puts the record to its object, which the header must have named.
func (r *reader) add(object string, record checksum.Record) error {
	if object != r.object || object == "" { // no object's name is empty
		name, ok := unescape(object)
		index, known := r.objects[name]
		if !ok || !known {
			return fmt.Errorf("object %q isn't in the header", object)
		}
		r.object, r.index = object, index
	}
	o := &r.m.Objects[r.index]
	o.Records = append(o.Records, record)
	return nil
}

func parseHex64(s string) (uint64, error) {
	if len(s) != 16 {
		return 0, strconv.ErrSyntax
	}
	return strconv.ParseUint(s, 16, 64)
}

func readClasses(field string) ([]checksum.ClassDigest, error) {
	if field == none {
		return nil, nil
	}
	list := make([]checksum.ClassDigest, 0, min(strings.Count(field, ",")+1, checksum.NumClasses))
	for item := range strings.SplitSeq(field, ",") {
		name, value, _ := strings.Cut(item, "=")
		value, unlined, masked := strings.Cut(value, "/")
		digest, err := parseHex64(value)
		if err != nil {
			return nil, fmt.Errorf("class digest %q", item)
		}
		n := len(list)
		if name, places := strings.CutSuffix(name, "@"); places {
			// The places stand behind the class that they belong to.
			class, section, ok := readClass(name)
			if !ok || masked || digest == 0 || n == 0 || !class.Table() {
				return nil, fmt.Errorf("class digest %q", item)
			}
			of := &list[n-1]
			if of.Class != class || of.Section() != section || of.Places() != 0 {
				return nil, fmt.Errorf("class digest %q", item)
			}
			*of = checksum.NewClassDigest(class, section, of.Exact, of.Masked(), digest)
			continue
		}
		class, section, ok := readClass(name)
		if !ok {
			return nil, fmt.Errorf("class digest %q", item)
		}
		without := digest
		if masked {
			if without, err = parseHex64(unlined); err != nil || without == digest {
				return nil, fmt.Errorf("class digest %q", item)
			}
		}
		c := checksum.NewClassDigest(class, section, digest, without, 0)
		if n > 0 && list[n-1].Order(&c) >= 0 {
			return nil, fmt.Errorf("class digest %q is out of order", item)
		}
		list = append(list, c)
	}
	return list, nil
}

// readClass is the inverse of appendClass.
func readClass(name string) (class checksum.Class, section string, ok bool) {
	short, section, named := strings.Cut(name, ":")
	if class, ok = checksum.ClassByShort(short); !ok || named != (class == checksum.Special) {
		return 0, "", false
	}
	if named {
		section, ok = unescape(section)
	}
	return class, section, ok
}

func readList(field string) ([]string, error) {
	list := strings.Split(field, ",")
	for i := range list {
		name, ok := unescape(list[i])
		if !ok || name == "" {
			return nil, fmt.Errorf("alias %q", list[i])
		}
		list[i] = name
	}
	return list, nil
}

// readDigest reads a digest of the manifest's hash.
func (r *reader) readDigest(to *checksum.Digest, digits string) bool {
	if len(digits) != 2*r.m.Hash.Size() {
		return false
	}
	_, err := hex.Decode(to[:], []byte(digits))
	return err == nil
}

func readMarks(field string, record *checksum.Record) error {
	if field == none {
		return nil
	}
	for item := range strings.SplitSeq(field, ",") {
		mark, value, valued := strings.Cut(item, "=")
		switch mark {
		case markOpaque, markAmbiguous:
			record.Opaque = record.Opaque || mark == markOpaque
			record.Ambiguous = record.Ambiguous || mark == markAmbiguous
			if valued {
				return fmt.Errorf("mark %q", item)
			}
		case markCold:
			name := record.Name + ".cold"
			if valued {
				var ok bool
				if name, ok = unescape(value); !ok {
					return fmt.Errorf("mark %q", item)
				}
			}
			rare := record.NeedRare()
			rare.Cold = append(rare.Cold, name)
		case markSympos:
			n, err := strconv.ParseUint(value, 10, 31)
			if err != nil || n == 0 || n > math.MaxInt32 {
				return fmt.Errorf("mark %q", item)
			}
			record.Sympos = int32(n)
		default:
			return fmt.Errorf("unknown mark %q", item)
		}
	}
	return nil
}
