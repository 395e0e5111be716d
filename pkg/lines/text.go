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
// behind a path at its end ("... at fs/inode.c:5074"), and behind
// __compiletime_assert_. It tells whether there were any.
func AppendText(b, text []byte) (masked []byte, found bool) {
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
	if len(path) < len(text) && endsInPath(path) {
		return append(b, path...), true
	}
	return append(b, text...), found
}

// TextLine is the line behind a path at the end of text, 0 for none.
func TextLine(text []byte) uint32 {
	path := bytes.TrimRight(text, "0123456789")
	if !endsInPath(path) {
		return 0
	}
	line, err := strconv.ParseUint(string(text[len(path):]), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(line)
}

// endsInPath tells whether text ends in the name of a source file and a colon.
func endsInPath(text []byte) bool {
	for _, suffix := range [...]string{".c:", ".h:", ".S:"} {
		if name, ok := bytes.CutSuffix(text, []byte(suffix)); ok {
			return len(name) > 0 && isNameByte(name[len(name)-1])
		}
	}
	return false
}

func isNameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}
