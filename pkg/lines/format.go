// SPDX-License-Identifier: MIT

package lines

import "bytes"

// FormatLine is two arguments of a printf format of which the second is a line where the
// first is the path of a source: numbered from 1, the first behind the format.
type FormatLine struct{ Path, Line int }

// FormatLines finds such arguments: a "%s" with ":%d", "(%d)", "[%d]" or " line %d" right
// behind it, or behind the function's name ("%s:%s:%d").
func FormatLines(format []byte) (list []FormatLine) {
	argument := 0
	for {
		i := bytes.IndexByte(format, '%')
		if i < 0 {
			return list
		}
		c := conversionOf(format[i:])
		argument += c.arguments
		format = format[i+c.len:]
		if c.verb != 's' {
			continue
		}
		if more := lineBehind(format); more > 0 {
			list = append(list, FormatLine{argument, argument + more})
		}
	}
}

// FormatPlaces finds where in data formats have such arguments: the places behind each
// "%s".
func FormatPlaces(data []byte) (places []uint64) {
	for at := 0; ; {
		i := bytes.Index(data[at:], []byte("%s"))
		if i < 0 {
			return places
		}
		if at += i + 2; lineBehind(data[at:]) > 0 {
			places = append(places, uint64(at))
		}
	}
}

// lineBehind is how many arguments behind a "%s" the line comes, where there is one; 0 for
// none. What is between stands for itself.
func lineBehind(rest []byte) int {
	if behind, ok := bytes.CutPrefix(rest, []byte(":%s")); ok && numberBehind(behind) {
		return 2
	}
	if numberBehind(rest) {
		return 1
	}
	return 0
}

// numberBehind tells whether what separates a path from a line starts a text, and then a
// decimal number.
func numberBehind(rest []byte) bool {
	for _, separator := range [...]string{":", "(", " (", "[", " [", " line ", ":line ", ", line "} {
		if behind, ok := bytes.CutPrefix(rest, []byte(separator)); ok && len(behind) > 0 && behind[0] == '%' {
			c := conversionOf(behind)
			return c.arguments == 1 && (c.verb == 'd' || c.verb == 'u' || c.verb == 'i')
		}
	}
	return false
}

// conversion is one of a format: its letter, how long it is, and how many arguments it
// takes.
type conversion struct {
	verb           byte
	len, arguments int
}

// conversionOf reads the conversion that starts at a percent sign: flags, width, precision,
// length, letter (Documentation/core-api/printk-formats.rst). What the kernel has behind a
// %p is text to it.
func conversionOf(format []byte) conversion {
	c := conversion{len: 1}
	for ; c.len < len(format); c.len++ {
		switch b := format[c.len]; {
		case b == '*':
			c.arguments++
		case bytes.IndexByte([]byte("-+ #0123456789.hlLjzt"), b) < 0:
			if c.verb = b; b != '%' {
				c.arguments++
			}
			c.len++
			return c
		}
	}
	return c
}
