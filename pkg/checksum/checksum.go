// SPDX-License-Identifier: MIT

// Package checksum makes the checksums: it walks every function of an object
// in canonical form, the form in which two builds of a function are equal when
// they do the same at run time, wherever the linker, the assembler and the
// compiler's counters happened to put it. docs/canonical-form.md gives the
// rules and their numbers.
//
// The steps:
//
//  1. Prepare: normal names, kinds of sections, names that several symbols
//     share                                      (program, names.go, sections.go)
//  2. Walk each function: lay out its parts, then one step per element of its
//     canonical form; the digests are a visitor of it (walker, digester)
//  3. Settle what needed all functions to be seen: where nameless data ends,
//     what the code without a symbol is           (bounds, strays)
//  4. Walk again those that step 3 concerns, and the orphans
//  5. Check the account: no byte of code is left out (Account)
//
// What a reference means is decided in one place, resolve (target.go), and
// how it is written in another, appendTarget (content.go). A machine is one
// row, in a file named after it.
package checksum

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/fnsum/fnsum/internal/huge"
	"github.com/fnsum/fnsum/internal/parallel"
	"github.com/fnsum/fnsum/pkg/lines"
	"github.com/fnsum/fnsum/pkg/object"
)

// FormVersion is the version of the canonical form. Digests of different
// versions don't compare; whoever changes what is hashed raises it.
const FormVersion = 5

// ErrMachine is the error for a machine without a row.
var ErrMachine = errors.New("unsupported machine")

// Options say how to sum.
type Options struct {
	// Jobs is how many functions are walked at once, all cores if 0. The
	// result doesn't depend on it.
	Jobs int
	// Dwarf takes debug information as evidence for line numbers, too.
	Dwarf bool
	// Lines says which parameters are line numbers; the table that comes with
	// fnsum if nil.
	Lines *lines.Table
	// Data asks for records of named data too.
	Data bool
	// Hash is what digests are made with.
	Hash Hash
	// Opaque allows a machine that fnsum can't decode: its functions are
	// hashed by their raw bytes and relocations.
	Opaque bool
}

// Kind is what a record stands for.
type Kind uint8

const (
	Function Kind = iota
	Orphan        // code without a symbol
	Data          // a variable, or an entry of a table of names
)

// OrphanName is what code without a symbol goes by.
const OrphanName = "(orphan)"

// Record is the checksum of one function, orphan or datum. A kernel has 70,000, so
// what few have is apart.
type Record struct {
	Name    string // the primary name
	File    string // by STT_FILE, or inferred for a global; or empty
	Section string
	Digest  Digest
	// Disambiguation covers what tells targets of one name apart; of a
	// numbered static, who uses it; 0 where there is nothing to tell, InDoubt where
	// there is, and nobody can.
	Disambiguation uint64
	Size           uint64        // in bytes, with cold parts
	Classes        []ClassDigest // by class, without empty ones
	Rare           *Rare         // nil for a record that has none of it
	Scope          elf.SymBind
	// Body is which of the object's functions and orphans it is of, from 1; of
	// a datum at hand, its symbol; 0 for a record that was read from a file.
	Body int32
	// Sympos is 0 where the name is unique among the object's symbols, else
	// its number among those of that name, from 1, in the order of a module's
	// symbol table or of the addresses that vmlinux.o is linked to.
	Sympos int32
	Kind   Kind
	Opaque bool // it can't be decoded
	// Ambiguous is set where Disambiguation can't tell all of them apart.
	Ambiguous bool
}

// Rare is what few records have.
type Rare struct {
	Aliases []string // the names beside the primary one, in byte order
	Cold    []string // the names of the cold parts
	// Masked is the digest with line numbers left out, or the zero Digest
	// where there are none.
	Masked Digest
	// Dwarf is likewise, with debug information as evidence too; the zero
	// Digest where it is the same as Masked, or wasn't asked for.
	Dwarf Digest
}

// NeedRare is r.Rare, made where there is none.
func (r *Record) NeedRare() *Rare {
	if r.Rare == nil {
		r.Rare = new(Rare)
	}
	return r.Rare
}

func (r *Record) rare() Rare {
	if r.Rare == nil {
		return Rare{}
	}
	return *r.Rare
}

// Aliases is that of Rare.
func (r *Record) Aliases() []string { return r.rare().Aliases }

// Cold is that of Rare.
func (r *Record) Cold() []string { return r.rare().Cold }

// Masked is that of Rare.
func (r *Record) Masked() Digest { return r.rare().Masked }

// Dwarf is that of Rare.
func (r *Record) Dwarf() Digest { return r.rare().Dwarf }

// EachString visits the record's strings, which a caller may replace by copies.
func (r *Record) EachString(visit func(*string)) {
	visit(&r.Name)
	visit(&r.File)
	visit(&r.Section)
	for i := range r.Classes {
		if more := r.Classes[i].more; more != nil {
			visit(&more.section)
		}
	}
	for _, list := range [...][]string{r.Aliases(), r.Cold()} {
		for i := range list {
			visit(&list[i])
		}
	}
}

// Inferred tells whether File is a guess: only local symbols have a file.
func (r *Record) Inferred() bool { return r.Scope != elf.STB_LOCAL && r.File != "" }

// Sums is the checksums of an object. Its strings are views of the object's
// file: they end with its Close.
type Sums struct {
	Arch    string
	Records []Record
	Account Account
	Opaque  int // the number of functions that couldn't be decoded
	// Whole names the tables whose layout couldn't be inferred: each is part,
	// as a whole, of every function that it refers to.
	Whole []string
}

// Count is the number of records of a kind.
func (s *Sums) Count(kind Kind) int {
	n := 0
	for i := range s.Records {
		if s.Records[i].Kind == kind {
			n++
		}
	}
	return n
}

// Sum makes the checksums of all functions of an object. The records are in
// the order of the code.
func Sum(file *object.File, options Options) (*Sums, error) {
	s, err := newSummer(file, options, options.Data)
	if err != nil {
		return nil, err
	}
	return s.sums(), nil
}

// summer carries out the steps of Sum.
type summer struct {
	p       *program
	jobs    int
	stubs   map[int32][]int // by function: pieces of code without a symbol that are part of it
	orphans []int           // the other pieces
	records []Record        // of the functions, then of the orphans
	account Account
	opaque  int   // how many bodies couldn't be decoded
	uses    []use // of what has no name of its own
}

// newSummer sums an object. With links set, it keeps which functions use what.
func newSummer(file *object.File, options Options, links bool) (*summer, error) {
	m := machines[file.Machine]
	if m == nil {
		if !options.Opaque {
			return nil, fmt.Errorf("%w %v: --opaque hashes raw bytes and relocations", ErrMachine, file.Machine)
		}
		m = opaqueMachine(file.Machine)
	}
	jobs := options.Jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	table := options.Lines
	if table == nil {
		table = lines.Builtin()
	}
	p, err := newProgram(file, m, table, jobs)
	if err != nil {
		return nil, err
	}
	s := &summer{p: p, jobs: jobs}
	s.p.hash = options.Hash
	s.p.data, s.p.links = options.Data, links
	if options.Dwarf {
		if s.p.debug, err = lines.ReadDebug(file); err != nil {
			return nil, err
		}
	}
	return s, s.run()
}

func (s *summer) sums() *Sums {
	sums := &Sums{Arch: s.p.machine.name, Records: s.records, Account: s.account, Opaque: s.opaque}
	for i := range s.p.tables.Tables {
		if t := &s.p.tables.Tables[i]; t.Whole {
			sums.Whole = append(sums.Whole, s.p.file.Sections[t.Section].Name())
		}
	}
	return sums
}

// body is what is walked as number i of the functions and, behind these, the
// orphans. Its parts are put into the buffer.
func (s *summer) body(i int32, parts []part) body {
	p := s.p
	if orphan := int(i) - len(p.code.Funcs); orphan >= 0 {
		x := p.stray.pieces[s.orphans[orphan]].part()
		x.orphan = true
		return body{-1, append(parts[:0], x)}
	}
	fn := &p.code.Funcs[i]
	parts = append(parts[:0], p.partOf(fn.Entry))
	parts[0].prefix = fn.Prefix
	for _, extent := range fn.Cold() {
		parts = append(parts, p.partOf(extent))
	}
	for _, piece := range s.stubs[i] {
		parts = append(parts, p.stray.pieces[piece].part())
	}
	return body{int(i), parts}
}

// partOf is an extent as a part of its function.
func (p *program) partOf(extent uint32) part {
	e := &p.code.Extents[extent]
	return part{section: e.Section, start: e.Start, end: e.End, prefix: e.Start, cold: e.Part > 0, extent: int(extent)}
}

func (s *summer) run() error {
	p := s.p
	functions := make([]int32, len(p.code.Funcs))
	for i := range functions {
		functions[i] = int32(i)
	}
	s.records = huge.Make[Record](len(functions), len(functions)+len(functions)/64+64) // with room for orphans
	unsettled, found := s.walk(functions, s.records)

	p.bounds = p.findBounds(found.data).outsideCopies(found.copied)
	var beside parallel.Group // one core each
	var positions []position
	var all stretch
	beside.Go(func() { positions, all = p.positions(), p.all() })
	stray, account := p.findStrays(found.stray)
	p.stray = stray
	s.account.add(account)

	var orphans []int32
	s.stubs = map[int32][]int{}
	for i := range stray.pieces {
		if owner := int32(stray.pieces[i].owner); owner >= 0 {
			s.stubs[owner] = append(s.stubs[owner], i)
			continue
		}
		orphans = append(orphans, int32(len(functions)+len(s.orphans)))
		s.orphans = append(s.orphans, i)
	}
	orphanRecords := make([]Record, len(orphans))
	s.walk(orphans, orphanRecords)
	for i, piece := range s.orphans {
		stray.pieces[piece].digest = orphanRecords[i].Digest
	}

	settled := make([]Record, len(unsettled))
	_, foundAgain := s.walk(unsettled, settled)
	for i, fn := range unsettled {
		s.records[fn] = settled[i]
	}
	s.records = append(s.records, orphanRecords...)
	for i := range s.records {
		s.records[i].Body = int32(i + 1)
	}
	beside.Wait()
	for _, x := range positions {
		s.records[x.fn].Sympos = x.number
	}
	s.uses = append(found.uses, foundAgain.uses...)
	slices.SortStableFunc(s.uses, func(a, b use) int { return cmp.Compare(a.fn, b.fn) }) // whichever worker found them
	if p.data {
		s.records = append(s.records, s.sumData()...)
	}
	return s.account.check(p, all)
}

// minChunk and maxChunk are how many functions a worker takes at once, of few and of many, and
// slabSize for how many digests of classes it has memory at once, of an object with many.
const (
	minChunk     = 16
	maxChunk     = 128
	slabSize     = 1 << 16
	usualClasses = 4 // of a function
)

// walk makes the records of bodies, on all workers. It returns those that are
// unsettled, whose records count for nothing, and what all found.
func (s *summer) walk(bodies []int32, records []Record) (unsettled []int32, found findings) {
	var next atomic.Int64
	var mutex sync.Mutex
	var wait parallel.Group
	chunk := max(minChunk, min(maxChunk, len(bodies)/(8*s.jobs)))
	for range min(s.jobs, len(bodies)/chunk+1) {
		wait.Go(func() {
			w, d := newWalker(s.p), &digester{hash: s.p.hash}
			var total Account
			var opaque int
			var open []int32
			var slab []ClassDigest
			var b body
			for {
				lo := int(next.Add(int64(chunk))) - chunk
				if lo >= len(bodies) {
					break
				}
				for i := lo; i < min(lo+chunk, len(bodies)); i++ {
					d.reset()
					uses := len(w.findings.uses)
					b = s.body(bodies[i], b.parts)
					w.walk(&b, d)
					if w.unsettled {
						open, w.findings.uses = append(open, bodies[i]), w.findings.uses[:uses]
						continue
					}
					if need := NumClasses + len(d.special); len(slab)+need > cap(slab) {
						slab = huge.Make[ClassDigest](0, max(min(slabSize, usualClasses*len(bodies)), need))
					}
					records[i] = s.record(&b)
					slab = w.digests(d, &records[i], slab)
					total.add(w.account)
					if w.opaque {
						opaque++
					}
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			s.account.add(total)
			s.opaque += opaque
			unsettled = append(unsettled, open...)
			found.data = append(found.data, w.findings.data...)
			found.copied = append(found.copied, w.findings.copied...)
			found.stray = append(found.stray, w.findings.stray...)
			found.uses = append(found.uses, w.findings.uses...)
		})
	}
	wait.Wait()
	slices.Sort(unsettled)
	return unsettled, found
}

// digests fills in what a walk made of a record. It keeps the digests of the
// classes behind what is in the slab, which it returns.
func (w *walker) digests(d *digester, r *Record, slab []ClassDigest) []ClassDigest {
	first := len(slab)
	r.Opaque, r.Ambiguous = w.opaque, w.ambiguous
	r.Digest, slab = d.sum(slab)
	if masked, dwarf := d.without(); masked != (Digest{}) || dwarf != (Digest{}) {
		rare := r.rare() // not NeedRare: a page that is read before it is written costs twice
		rare.Masked, rare.Dwarf = masked, dwarf
		r.Rare = &rare
	}
	r.Classes = slab[first:len(slab):len(slab)]
	r.Disambiguation = w.disambiguation()
	return slab
}

// record is a body's record without digests.
func (s *summer) record(b *body) Record {
	p := s.p
	r := Record{Section: p.file.Sections[b.parts[0].section].Name()}
	for i := range b.parts {
		r.Size += b.parts[i].end - b.parts[i].start
		if b.parts[i].cold {
			rare := r.NeedRare()
			rare.Cold = append(rare.Cold, p.code.Name(p.code.Extents[b.parts[i].extent].Symbol))
		}
	}
	if b.fn < 0 {
		r.Kind, r.Name, r.Scope = Orphan, OrphanName, elf.STB_LOCAL
		return r
	}
	fn := &p.code.Funcs[b.fn]
	r.Name, r.File, r.Scope = p.code.Name(fn.Primary), p.code.Name(fn.File), p.file.Symbols[fn.Primary].Bind()
	for _, alias := range fn.Aliases() {
		rare := r.NeedRare()
		rare.Aliases = append(rare.Aliases, p.code.Name(alias))
	}
	slices.Sort(r.Aliases())
	return r
}
