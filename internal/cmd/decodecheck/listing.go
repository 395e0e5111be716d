// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os/exec"
	"slices"
	"strconv"
	"strings"
)

// line is one instruction as objdump lists it.
type line struct {
	address    uint64
	start, len int    // its bytes, in listing.code
	text       string // without prefixes: see splitPrefixes
	prefixes   string
	comment    string // behind "#": a RIP-relative operand's address
	code       []byte
}

// listing is a running objdump, read block by block. A block is what stands
// between two symbols: consecutive instructions.
type listing struct {
	command *exec.Cmd
	scanner *bufio.Scanner
	stderr  bytes.Buffer

	lines []line
	code  []byte
}

func startListing(objdump string, options []string, path string) (*listing, error) {
	arguments := append([]string{"-d", "-w", "-z"}, options...)
	l := &listing{command: exec.Command(objdump, append(arguments, path)...)}
	l.command.Stderr = &l.stderr
	out, err := l.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	l.scanner = bufio.NewScanner(out)
	l.scanner.Buffer(make([]byte, 1<<16), 1<<20)
	return l, l.command.Start()
}

func (l *listing) close() error {
	if err := l.scanner.Err(); err != nil {
		return err
	}
	if err := l.command.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, l.stderr.Bytes())
	}
	return nil
}

// next reads the next block that has instructions, and reports false at the
// end of the listing.
func (l *listing) next() bool {
	l.lines, l.code = l.lines[:0], l.code[:0]
	for l.scanner.Scan() {
		if l.parse(l.scanner.Bytes()) {
			continue
		}
		if len(l.lines) > 0 {
			break
		}
	}
	for i := range l.lines {
		at := &l.lines[i]
		at.code = l.code[at.start : at.start+at.len]
	}
	return len(l.lines) > 0
}

// parse appends an instruction. It reports false for any other line.
//
//	1b:<tab>48 8b 1d 00 00 00 00     <tab>mov    0x0(%rip),%rbx        # 22 <sym+0x12>
//	14:<tab>a9be7bfd <tab>stp<tab>x29, x30, [sp, #-32]!
//
// A group of digits is a number, of which the lowest byte stands first in memory.
// LLVM's objdump has a space behind the colon.
func (l *listing) parse(b []byte) bool {
	head, rest, ok := bytes.Cut(b, []byte(":"))
	if !ok || len(rest) == 0 || rest[0] != '\t' && rest[0] != ' ' {
		return false
	}
	rest = rest[1:]
	address, err := strconv.ParseUint(string(bytes.TrimSpace(head)), 16, 64)
	if err != nil {
		return false
	}
	hex, text, _ := bytes.Cut(rest, []byte("\t"))
	if len(bytes.Trim(hex, "0123456789abcdef ")) > 0 {
		return false // "Address 0x0 is out of bounds.", of a section without contents
	}
	at := line{address: address, start: len(l.code)}
	for group := range bytes.FieldsSeq(hex) {
		first := len(l.code)
		for ; len(group) >= 2; group = group[2:] {
			l.code = append(l.code, digit(group[0])<<4|digit(group[1]))
		}
		slices.Reverse(l.code[first:])
	}
	at.len = len(l.code) - at.start
	text, comment, _ := bytes.Cut(text, []byte(" # "))
	at.prefixes, at.text = splitPrefixes(strings.ReplaceAll(string(bytes.TrimSpace(text)), "\t", " "))
	at.comment = string(bytes.TrimSpace(comment))
	l.lines = append(l.lines, at)
	return true
}

func digit(b byte) byte {
	if b >= 'a' {
		return b - 'a' + 10
	}
	return b - '0'
}
