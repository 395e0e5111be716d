// SPDX-License-Identifier: MIT

package lines

import (
	"bytes"
	"strconv"
)

// assertion is what the kernel's compiletime_assert() makes a function of,
// with a counter that moves with the lines above (include/linux/compiler_types.h,
// through __COUNTER__); a macro that is turned into text has it in it.
var assertion = []byte("__compiletime_assert_")

// AppendText appends a string with the line numbers in it left out: the digits
// behind the path of a source at its end ("... at fs/inode.c:5074"), and behind
// __compiletime_assert_. It tells whether there were any, and the line behind the path, 0
// for none. Source tells whether a file of that base name is one.
func AppendText(b, text []byte, source func(name []byte) bool) (masked []byte, line uint32, found bool) {
	for {
		i := bytes.Index(text, assertion)
		if i < 0 {
			break
		}
		i += len(assertion)
		b, text = append(b, text[:i]...), text[i:]
		digits := len(text) - len(bytes.TrimLeft(text, "0123456789"))
		found = found || digits > 0
		text = text[digits:]
	}
	path := bytes.TrimRight(text, "0123456789")
	if name := fileName(path); len(path) < len(text) && name != nil && source(name) {
		number, err := strconv.ParseUint(string(text[len(path):]), 10, 32)
		if err == nil {
			return append(b, path...), uint32(number), true
		}
	}
	return append(b, text...), 0, found
}

// IsSource tells whether text ends like the path of a source file.
func IsSource(text []byte) bool {
	n := len(text)
	return n >= 3 && text[n-2] == '.' && bytes.IndexByte([]byte("chS"), text[n-1]) >= 0 && isNameByte(text[n-3])
}

// fileName is the base name of a source file that text ends in, and a colon; nil where it
// doesn't.
func fileName(text []byte) []byte {
	name, ok := bytes.CutSuffix(text, []byte(":"))
	if !ok || !IsSource(name) {
		return nil
	}
	start := len(name) - 2
	for start > 0 && (isNameByte(name[start-1]) || name[start-1] == '.') {
		start--
	}
	return name[start:]
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
