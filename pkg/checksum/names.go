// SPDX-License-Identifier: MIT

package checksum

import (
	"math/bits"
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/pkg/object"
	"github.com/ianlancetaylor/demangle"
)

// Normal is a symbol's name without the counters that compilers and macros
// put into it, so that two builds of one source give one name: rule 4.1 of
// docs/canonical-form.md. The class of a suffix stays (foo.isra.0 is
// foo.isra, not foo).
func Normal(name string) string {
	if function, found := object.CutPrefix(name); found {
		if normal := Normal(function); normal != function {
			return name[:len(name)-len(function)] + normal
		}
		return name
	}
	if strings.HasPrefix(name, "__") {
		name = normalMacro(name)
	}
	if rust, suffixes, ok := normalRust(name); ok {
		if suffixes == "" {
			return rust
		}
		return rust + normalSuffixes(suffixes, 0)
	}
	if i := strings.IndexByte(name, '.'); i > 0 && i+1 < len(name) {
		// clang puts the function in front of a static's name.
		if at := strings.Index(name, ".__UNIQUE_ID_"); at > 0 {
			name = name[:at+1] + normalMacro(name[at+1:])
		}
		name = normalSuffixes(name, i)
	}
	return name
}

// normalMacro drops the numbers that the kernel's macros paste into names:
// __UNIQUE_ID (include/linux/compiler.h), initcalls with counter and line
// (include/linux/init.h, ____initcall_id), BTF ids with a counter
// (include/linux/btf_ids.h).
func normalMacro(name string) string {
	unique := strings.HasPrefix(name, "__UNIQUE_ID_")
	addressable := strings.HasPrefix(name, "__addressable_")
	if unique || addressable || strings.HasPrefix(name, "__initcall__") || strings.HasPrefix(name, "__initstub__") {
		name = dropCounterAndLine(name)
	}
	if unique || addressable || strings.HasPrefix(name, "__BTF_ID__") {
		name = strings.TrimRight(name, ".0123456789")
	}
	return name
}

// dropCounterAndLine turns the first __12_34_ of a name into ___.
func dropCounterAndLine(name string) string {
	for i := 0; i+2 < len(name); i++ {
		if name[i] != '_' || name[i+1] != '_' {
			continue
		}
		j := skipDigits(name, i+2)
		if j == i+2 || j >= len(name) || name[j] != '_' {
			continue
		}
		k := skipDigits(name, j+1)
		if k == j+1 || k >= len(name) || name[k] != '_' {
			continue
		}
		return name[:i+2] + name[k:]
	}
	return name
}

func skipDigits(s string, i int) int {
	for i < len(s) && '0' <= s[i] && s[i] <= '9' {
		i++
	}
	return i
}

// normalSuffixes treats the dotted parts of a name behind its first dot.
func normalSuffixes(name string, dot int) string {
	kept, changed := dot, false
	var b []byte
	drop := false // the number or hash that belongs to the part before it
	for i := dot; i < len(name); {
		end := strings.IndexByte(name[i+1:], '.')
		if end < 0 {
			end = len(name)
		} else {
			end += i + 1
		}
		part := name[i+1 : end]
		number := part != "" && skipDigits(part, 0) == len(part)
		switch {
		case drop || number:
			drop = false
		case part == "llvm" || part == "lto_priv":
			drop = true
		default:
			if changed {
				b = append(b, name[i:end]...)
			} else {
				kept = end
			}
			i = end
			continue
		}
		if !changed {
			changed = true
			b = append(b, name[:kept]...)
		}
		i = end
	}
	if !changed {
		return name
	}
	return string(b)
}

// normalRust is a name that rustc mangled without the hashes in it, and what
// stands behind the mangled name. In the legacy mangling that is the last
// component of a path, 17h and 16 hexadecimal digits. A v0 name has one for each
// crate, and other places in it move with their lengths: it is demangled.
func normalRust(name string) (normal, suffixes string, ok bool) {
	if rest, found := strings.CutPrefix(name, "_ZN"); found {
		last, at := 0, len(name)-len(rest) // of the components: where they start
		for at < len(name) && name[at] != 'E' {
			digits := skipDigits(name, at)
			length, err := strconv.Atoi(name[at:digits])
			if err != nil || length > len(name)-digits {
				return "", "", false
			}
			last, at = at, digits+length
		}
		if at == len(name) || last == 0 || !legacyHash(name[last:at]) {
			return "", "", false
		}
		return name[:last] + "E", name[at+1:], true
	}
	if !strings.HasPrefix(name, "_R") {
		return "", "", false
	}
	mangled, suffixes := name, ""
	if dot := strings.IndexByte(name, '.'); dot >= 0 {
		mangled, suffixes = name[:dot], name[dot:]
	}
	normal, ok = demangled(mangled)
	return normal, suffixes, ok
}

// What a name may have that is to be demangled: a short one with many references
// back may stand for a very long one, and a long one be nested very deep.
const (
	maxMangled    = 2048
	maxReferences = 16
)

// demangled is a name of Rust's without mangling, unless that would take long, or
// the result would be.
func demangled(name string) (plain string, ok bool) {
	if len(name) > maxMangled || strings.Count(name, "B") > maxReferences {
		return "", false
	}
	defer func() {
		if recover() != nil { // the demangler panicked on a name that is none
			plain, ok = "", false
		}
	}()
	limit := bits.Len(uint(16 * len(name)))
	plain, err := demangle.ToString(name, demangle.MaxLength(limit))
	return plain, err == nil && len(plain) < 1<<limit
}

// Readable is a function's name as people read it: one of Rust's demangled.
func Readable(name string) string {
	if _, _, rust := normalRust(name); rust {
		if plain, ok := demangled(name); ok {
			return plain
		}
	}
	return name
}

// legacyHash tells whether a component of a path is the hash that rustc adds.
func legacyHash(component string) bool {
	hash, ok := strings.CutPrefix(component, "17h")
	return ok && len(hash) == 16 && strings.Trim(hash, "0123456789abcdef") == ""
}

// clones are the classes of suffixes that compilers give functions which they
// made of others.
var clones = [...]string{".isra", ".constprop", ".part", ".cold", ".localalias", ".specialized"}

// Stem is a normal name without the classes of suffixes that compilers give to
// functions they made of others: what the source calls it.
func Stem(normal string) string {
	for again := true; again; {
		again = false
		for _, suffix := range clones {
			if stem, ok := strings.CutSuffix(normal, suffix); ok && stem != "" {
				normal, again = stem, true
			}
		}
	}
	return normal
}

// numbered tells whether a name ends in a counter: x.12, f.x.3.
func numbered(name string) bool {
	dot := strings.LastIndexByte(name, '.')
	return dot > 0 && dot+1 < len(name) && skipDigits(name, dot+1) == len(name)
}

// anonymousPrefixes begin the names of data that the source gives no name, so
// that only content tells one from another (rule 3.6).
var anonymousPrefixes = [...]string{
	".L", ".str", "L__unnamed_", // literals and constants of gcc, clang, rustc
	"CSWTCH.", "switch.table.", // switch statements turned into tables, gcc's and clang's
	"__compound_literal.", "__func__.", "__FUNCTION__.", "__PRETTY_FUNCTION__.",
}

// anonymousFirst are the bytes that these begin with: few names do.
var anonymousFirst = func() (set [256]bool) {
	for _, p := range anonymousPrefixes {
		set[p[0]] = true
	}
	return set
}()

// anonymousName tells whether the name is a compiler's for nameless data.
func anonymousName(name string) bool {
	if name == "" || !anonymousFirst[name[0]] {
		return false
	}
	for _, p := range anonymousPrefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return name == "__func__" || name == "__FUNCTION__" || name == "__PRETTY_FUNCTION__"
}

// temporaryName tells whether the name is one that gas makes of a label that is a number, with
// a control character in it (DOLLAR_LABEL_CHAR and LOCAL_LABEL_CHAR in its documentation of
// internals): the kernel keeps such where a prefix was put before it, as for nVHE.
func temporaryName(name string) bool {
	return strings.IndexByte(name, 1) > 0 || strings.IndexByte(name, 2) > 0
}

// ownName tells whether the symbol is the one behind __func__.
func ownName(symbol string) bool {
	return strings.HasPrefix(symbol, "__func__") || strings.HasPrefix(symbol, "__FUNCTION__") ||
		strings.HasPrefix(symbol, "__PRETTY_FUNCTION__")
}

// sourceName is a function's name as the source has it.
func sourceName(name string) string {
	if dot := strings.IndexByte(name, '.'); dot > 0 {
		return name[:dot]
	}
	return name
}
