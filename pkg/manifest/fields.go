// SPDX-License-Identifier: MIT

package manifest

import (
	"debug/elf"
	"strings"
	"unicode/utf8"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// magic begins the first line of every manifest; the version follows.
const magic = "# fnsum manifest "

const none = "-" // an empty field

// The options that stand in the header: records of data, digests that debug
// information is evidence for.
const (
	optionData  = "data"
	optionDwarf = "dwarf"
)

// The columns of a record's line, separated by tabs.
const (
	columnKind = iota
	columnDigest
	columnMasked
	columnDwarf
	columnDisambiguation
	columnClasses
	columnSize
	columnScope
	columnMarks
	columnObject
	columnSection
	columnFile
	columnName
	columnAliases
	columns
)

var kinds = [...]string{checksum.Function: "f", checksum.Orphan: "o", checksum.Data: "d"}

var scopes = [...]string{elf.STB_GLOBAL: "global", elf.STB_WEAK: "weak", elf.STB_LOCAL: "local"}

// Marks are joined by commas. Cold and sympos may have a value.
const (
	markCold      = "cold"      // cold=NAME where the name isn't the function's with .cold
	markOpaque    = "opaque"    // couldn't be decoded
	markAmbiguous = "ambiguous" // the disambiguation digest doesn't tell all
	markSympos    = "sympos"    // sympos=N: number among the symbols of that name
)

const hexDigits = "0123456789ABCDEF"

// appendEscaped writes a name so that it can't be mistaken for anything else:
// control characters, %, and what is no UTF-8 become %XX, and where list is
// set, what joins the items of a list.
func appendEscaped(b []byte, name string, list bool) []byte {
	if name == "" {
		return append(b, none...)
	}
	if name == none {
		return append(b, "%2D"...)
	}
	if plain(name, list) {
		return append(b, name...)
	}
	for i := 0; i < len(name); {
		r, n := utf8.DecodeRuneInString(name[i:])
		if r == utf8.RuneError && n == 1 || r < ' ' || r == 0x7f || r == '%' || list && (r == ',' || r == '=' || r == '@') {
			b = append(b, '%', hexDigits[name[i]>>4], hexDigits[name[i]&15])
			i++
			continue
		}
		b = append(b, name[i:i+n]...)
		i += n
	}
	return b
}

// plain tells whether the name is printable ASCII that needs no escaping.
func plain(name string, list bool) bool {
	found := special(0)
	for i := range len(name) {
		found |= specials[name[i]]
	}
	return found&always == 0 && (found&inLists == 0 || !list)
}

// special says where a byte is escaped, or may have to be.
type special uint8

const (
	always special = 1 << iota
	inLists
)

var specials = func() (table [256]special) {
	for c := range table {
		if c < ' ' || c >= 0x7f || c == '%' {
			table[c] = always
		}
	}
	for _, c := range ",=@" {
		table[c] = inLists
	}
	return table
}()

// unescape is the inverse of appendEscaped.
func unescape(field string) (string, bool) {
	if field == none {
		return "", true
	}
	if field == "" {
		return "", false
	}
	if strings.IndexByte(field, '%') < 0 {
		return field, true
	}
	b := make([]byte, 0, len(field))
	for i := 0; i < len(field); i++ {
		if field[i] != '%' {
			b = append(b, field[i])
			continue
		}
		if i+2 >= len(field) {
			return "", false
		}
		hi, lo := strings.IndexByte(hexDigits, field[i+1]), strings.IndexByte(hexDigits, field[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b = append(b, byte(hi<<4|lo))
		i += 2
	}
	return string(b), true
}
