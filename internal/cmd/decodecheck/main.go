// SPDX-License-Identifier: MIT

// Decodecheck compares pkg/decode with objdump, instruction by instruction.
//
//	decodecheck [flags] OBJECT...
//
// For each object it
//
//  1. runs objdump over the executable sections   listing.go
//  2. reads the listing back: an address, bytes and text per instruction,
//     in blocks that begin where objdump looks at a symbol
//  3. decodes the bytes at each address that objdump gives, with whatever
//     follows in the block behind them
//  4. compares what both say of length, control flow, target, RIP-relative
//     operand, NOP, displacement and immediates   compare.go
//     on arm64 also the general registers   arm64.go
//
// # The object's machine says which decoder and which objdump that are   machine.go
//
// Bytes come from the listing's hex column, so that no ELF reader of ours or
// of Go's library has a part in the comparison, however many sections the
// object has.
//
// It prints how many instructions it compared and the differences by class,
// with samples. A class is either explained (objdump follows another rule
// there; the class says which) or not, and then the exit status is 1. Exit
// status 2 means that it couldn't do its work.
package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
)

func main() {
	os.Exit(run(os.Stdout, os.Stderr, os.Args[1:]))
}

func run(stdout, stderr io.Writer, args []string) int {
	flags := flag.NewFlagSet("decodecheck", flag.ContinueOnError)
	flags.SetOutput(stderr)
	var (
		objdump = flags.String("objdump", "", "the objdump to compare with (default objdump, and aarch64-linux-gnu-objdump for arm64)")
		options = flags.String("M", "", "its `options` for the disassembler (default intel64 for x86-64, none for arm64)")
		jobs    = flags.Int("j", 2, "objects to compare at the same time")
		samples = flags.Int("n", 5, "samples to print of each class of differences")
		maps    = flags.Bool("generate", false, "write assembly with every opcode of every map, or for \"-generate arm64\" a sample of all words, and do nothing else")
		opcodes = flags.Bool("opcodes", false, "the objects have every opcode: fail on ours that objdump calls bad wherever it stands")
		verbose = flags.Bool("v", false, "print a line for each object")
	)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: decodecheck [flags] OBJECT...")
		flags.PrintDefaults()
	}
	if flags.Parse(args) != nil {
		return 2
	}
	if *maps {
		write := generate
		if flags.Arg(0) == "arm64" {
			write = generateARM64
		}
		if err := write(stdout); err != nil {
			fmt.Fprintln(stderr, "decodecheck:", err)
			return 2
		}
		return 0
	}
	if flags.NArg() == 0 {
		flags.Usage()
		return 2
	}

	var (
		total  = newTally(*samples)
		mu     sync.Mutex
		wg     sync.WaitGroup
		failed []error
		paths  = make(chan string)
	)
	for range max(*jobs, 1) {
		wg.Go(func() {
			for path := range paths {
				found := newTally(*samples)
				err := checkObject(found, *objdump, *options, path)
				mu.Lock()
				total.add(found)
				if err != nil {
					failed = append(failed, fmt.Errorf("%s: %w", path, err))
				}
				if *verbose {
					fmt.Fprintf(stdout, "%s: %d instructions, %d unexplained\n", path, found.instructions, found.unexplained())
				}
				mu.Unlock()
			}
		})
	}
	for _, path := range flags.Args() {
		paths <- path
	}
	close(paths)
	wg.Wait()

	if *opcodes {
		total.settle()
	}
	total.print(stdout, flags.NArg())
	if err := errors.Join(failed...); err != nil {
		fmt.Fprintln(stderr, "decodecheck:", err)
		return 2
	}
	if total.unexplained() > 0 {
		return 1
	}
	return 0
}

// checkObject runs objdump over the object at path and compares each
// instruction of the listing.
func checkObject(found *tally, objdump, options, path string) error {
	m, err := machineOf(path)
	if err != nil {
		return err
	}
	l, err := startListing(cmp.Or(objdump, m.objdump), m.arguments(options), path)
	if err != nil {
		return err
	}
	for l.next() {
		for i := range l.lines {
			line := &l.lines[i]
			found.instructions++
			code := l.code[line.start:]
			differences := m.compare(line, code)
			for _, d := range differences {
				found.record(d, path, line)
			}
			if m.hasOpcodes {
				found.recordOpcode(path, line, code, differences)
			}
		}
	}
	return l.close()
}
