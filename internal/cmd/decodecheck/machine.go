// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"io"
	"os"
)

// machine is what comparing needs to know of an architecture.
type machine struct {
	objdump   string
	arguments func(options string) []string // for objdump; options are those of -M
	compare   func(l *line, code []byte) []difference

	// hasOpcodes is set where recordOpcode knows what an opcode is.
	hasOpcodes bool
}

var x86 = machine{
	objdump: "objdump",
	arguments: func(options string) []string {
		return []string{"--insn-width=15", "-M", cmp.Or(options, "intel64")}
	},
	compare:    compare,
	hasOpcodes: true,
}

var arm64 = machine{
	objdump: "aarch64-linux-gnu-objdump",
	arguments: func(options string) []string {
		if options == "" {
			return nil
		}
		return []string{"-M", options}
	},
	compare: compareARM64,
}

// machineOf is the machine of an object. Nothing but e_machine is read here.
func machineOf(path string) (*machine, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var header [20]byte
	if _, err := io.ReadFull(file, header[:]); err != nil {
		return nil, fmt.Errorf("no ELF header: %w", err)
	}
	switch m := elf.Machine(binary.LittleEndian.Uint16(header[18:])); m {
	case elf.EM_X86_64:
		return &x86, nil
	case elf.EM_AARCH64:
		return &arm64, nil
	default:
		return nil, fmt.Errorf("%v is not a machine that is decoded", m)
	}
}
