// SPDX-License-Identifier: MIT

package main

import (
	"strconv"
	"strings"

	"github.com/fnsum/fnsum/pkg/decode"
)

// prefixNames are the words objdump prints in front of a mnemonic.
var prefixNames = map[string]bool{
	"data16": true, "data32": true, "addr16": true, "addr32": true,
	"cs": true, "ds": true, "es": true, "fs": true, "gs": true, "ss": true,
	"lock": true, "rep": true, "repz": true, "repnz": true, "bnd": true,
	"notrack": true, "xacquire": true, "xrelease": true,
}

// splitPrefixes takes the prefixes off an instruction's text.
func splitPrefixes(text string) (prefixes, rest string) {
	rest = text
	for rest != "" {
		word, more, _ := strings.Cut(rest, " ")
		base, _, _ := strings.Cut(word, ",") // cs,pt: a hint
		if strings.HasPrefix(word, "{") {    // {rex2 0x10}, {evex}, {load}
			if end := strings.Index(rest, "}"); end >= 0 {
				word, more = rest[:end+1], rest[end+1:]
			}
		} else if !prefixNames[base] && base != "rex" && base != "rex2" && !strings.HasPrefix(base, "rex.") {
			break
		}
		prefixes += word + " "
		rest = strings.TrimLeft(more, " ")
	}
	return prefixes, rest
}

func (l *line) mnemonic() string {
	word, _, _ := strings.Cut(l.text, " ")
	word, _, _ = strings.Cut(word, ",") // jne,pt
	return word
}

// kindOf classifies an instruction by what objdump prints.
func kindOf(l *line) decode.Kind {
	m := l.mnemonic()
	indirect := strings.Contains(l.text, "*")
	is := func(names ...string) bool {
		for _, name := range names {
			if rest, ok := strings.CutPrefix(m, name); ok && (rest == "" || len(rest) == 1 && strings.Contains("wlqb", rest)) {
				return true
			}
		}
		return false
	}
	switch {
	case is("jmp"):
		if indirect {
			return decode.IndirectJump
		}
		return decode.Jump
	case is("ljmp", "jmpabs"):
		return decode.IndirectJump
	case is("call"):
		if indirect {
			return decode.IndirectCall
		}
		return decode.Call
	case is("lcall"):
		return decode.IndirectCall
	case strings.HasPrefix(m, "j"), is("loop", "loope", "loopne", "xbegin"):
		return decode.CondJump
	case is("ret", "lret", "iret", "sysret", "sysexit", "uiret", "eretu", "erets", "rsm"):
		return decode.Return
	case is("int3", "int1", "icebp", "ud0", "ud1", "ud2", "udb"):
		return decode.Trap
	case is("nop"):
		return decode.Nop
	case m == "xchg" && l.code[l.len-1] == 0x90:
		_, operands, _ := strings.Cut(l.text, " ")
		switch strings.TrimSpace(operands) {
		case "%ax,%ax", "%eax,%eax", "%rax,%rax":
			// 66 87 90... can't end this way: its operand would be memory.
			return decode.Nop
		}
	}
	return decode.Plain
}

// operands is what the comparison reads in an instruction's operands.
type operands struct {
	count      int
	relative   bool   // (%rip) or (%eip)
	hasDisp    bool   // a displacement before a parenthesis
	disp       uint64 //
	hasBare    bool   // an address without one: a target, an offset
	bare       uint64
	immediates []uint64 // $1
}

func operandsOf(l *line) operands {
	var o operands
	_, text, _ := strings.Cut(l.text, " ")
	text, _, _ = strings.Cut(text, "<") // call 19 <f+0x9>
	text = strings.TrimSpace(text)
	if strings.HasPrefix(text, "{dfv=") { // {dfv=of, cf} $0x7b,%r15w
		_, text, _ = strings.Cut(text, "}")
	}
	for _, operand := range splitOperands(text) {
		o.count++
		operand = strings.TrimPrefix(operand, "*")
		if imm, ok := strings.CutPrefix(operand, "$"); ok {
			if v, err := parseHex(imm); err == nil {
				o.immediates = append(o.immediates, v)
			}
			continue
		}
		if at := strings.IndexByte(operand, ':'); at >= 0 && strings.HasPrefix(operand, "%") {
			operand = operand[at+1:] // %gs:0x28
		} else if strings.HasPrefix(operand, "%") || strings.HasPrefix(operand, "{") {
			continue
		}
		before, inside, isMemory := strings.Cut(operand, "(")
		v, err := parseHex(before)
		switch {
		case isMemory && (strings.HasPrefix(inside, "%rip") || strings.HasPrefix(inside, "%eip")):
			o.relative = true
		case isMemory && err == nil:
			o.hasDisp, o.disp = true, v
		case !isMemory && err == nil:
			o.hasBare, o.bare = true, v
		}
	}
	return o
}

// splitOperands splits at the commas outside parentheses and braces.
func splitOperands(text string) []string {
	var (
		list  []string
		depth int
		start int
	)
	for i := range len(text) {
		switch text[i] {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				list = append(list, strings.TrimSpace(text[start:i]))
				start = i + 1
			}
		}
	}
	if last := strings.TrimSpace(text[start:]); last != "" {
		list = append(list, last)
	}
	return list
}

// parseHex reads a number as objdump prints it: 0x10, -0x8, 19.
func parseHex(s string) (uint64, error) {
	s, _, _ = strings.Cut(strings.TrimSpace(s), " ")
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimPrefix(strings.TrimPrefix(s, "-"), "0x")
	v, err := strconv.ParseUint(s, 16, 64)
	if negative {
		v = -v
	}
	return v, err
}
