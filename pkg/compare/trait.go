// SPDX-License-Identifier: MIT

package compare

import (
	"debug/elf"
	"strings"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// trait is what of a function its counterpart must have as well: empty where it
// doesn't matter.
type trait struct {
	file, name, place string
	scope             string
	digest            checksum.Digest
	disambiguation    uint64
}

// step is one way to tell the functions of a group apart: those are paired that
// alone have a trait on their side.
type step struct {
	by Evidence
	// of is the function's trait, false for one that has none.
	of func(r *checksum.Record) (trait, bool)
}

// nameSteps tell functions of one normal name apart, best evidence first.
var nameSteps = [...]step{
	{ByNameAndFile, inFile},
	{ByName, promotedName},
	{ByContent, both(inFile, sameReferences)},
	{ByContent, both(inFile, sameContent)},
	{ByContent, both(inFile, sameButLines)},
	{ByContent, sameReferences},
	{ByContent, sameContent},
	{ByContent, sameButLines},
	{ByNameAndFile, inGuessedFile},
	{ByName, ofScope},
	{ByName, whatever},
}

// stemSteps tell functions apart that the source gives one name.
var stemSteps = [...]step{
	{ByContent, both(inFile, sameContent)},
	{ByNameAndFile, inFile},
	{ByContent, sameContent},
	{ByName, whatever},
}

// renameSteps find functions of one content.
var renameSteps = [...]step{
	{ByContent, inFile},
	{ByContent, inGuessedFile},
	{ByContent, whatever},
}

func whatever(*checksum.Record) (trait, bool) { return trait{}, true }

func ofScope(r *checksum.Record) (trait, bool) { return trait{scope: scopeOf(r)}, true }

// scopeOf is whether the name is known outside of its file.
func scopeOf(r *checksum.Record) string {
	if r.Scope == elf.STB_LOCAL {
		return "local"
	}
	return "global"
}

// inFile is the file, where the object tells, which it does of static functions.
func inFile(r *checksum.Record) (trait, bool) {
	file := localFile(r)
	return trait{file: file, scope: scopeOf(r)}, file != ""
}

// inGuessedFile is the file by the function's neighbours in its section.
func inGuessedFile(r *checksum.Record) (trait, bool) {
	return trait{file: r.File, scope: scopeOf(r)}, r.File != ""
}

// promotedName is the name with the hash that clang's ThinLTO gives to a static
// that it made global: a hash of the module's path.
func promotedName(r *checksum.Record) (trait, bool) {
	return trait{name: r.Name}, strings.Contains(r.Name, ".llvm.")
}

// sameContent is the digest and where the function lives.
func sameContent(r *checksum.Record) (trait, bool) {
	return trait{place: checksum.Place(r.Section), digest: r.Digest}, true
}

// sameReferences also tells apart what is referred to.
func sameReferences(r *checksum.Record) (trait, bool) {
	t, _ := sameContent(r)
	t.disambiguation = r.Disambiguation
	return t, true
}

// sameButLines is the digest without line numbers.
func sameButLines(r *checksum.Record) (trait, bool) {
	t, _ := sameContent(r)
	t.digest = unlined(r)
	return t, true
}

// both is the traits of two kinds together.
func both(a, b func(*checksum.Record) (trait, bool)) func(*checksum.Record) (trait, bool) {
	return func(r *checksum.Record) (trait, bool) {
		x, ok := a(r)
		y, ok2 := b(r)
		return trait{
			file: x.file + y.file, name: x.name + y.name, place: x.place + y.place, scope: x.scope + y.scope,
			digest: y.digest, disambiguation: y.disambiguation,
		}, ok && ok2
	}
}

// localFile is the record's file if it is known, not guessed.
func localFile(r *checksum.Record) string {
	if r.Inferred() {
		return ""
	}
	return r.File
}
