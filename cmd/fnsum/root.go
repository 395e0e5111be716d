// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/internal/mapped"
)

// Exit statuses, those of diff(1).
const (
	statusSame    = 0
	statusDiffers = 1
	statusTrouble = 2
)

// errDiffers ends a command that found a difference and said all about it.
var errDiffers = errors.New("the two sides differ")

// run is the command line: it returns the exit status.
func run(args []string, stdout, stderr io.Writer) int {
	debug.SetGCPercent(growth)
	root := newRoot()
	out := &output{Writer: stdout}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	switch err := cmp.Or(mapped.Catch(root.Execute), out.err); {
	case err == nil:
		return statusSame
	case errors.Is(err, errDiffers):
		return statusDiffers
	case errors.Is(err, errUnreadable):
		return statusTrouble
	default:
		fmt.Fprintf(stderr, "fnsum: %s\n", message(err))
		return statusTrouble
	}
}

// output is where a command writes to, and the first error of that: help is written by
// what doesn't look.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	o.err = cmp.Or(o.err, err)
	return n, err
}

// When garbage is collected, by how much memory has grown, whatever GOGC says: how much
// a build needs must not depend on a variable set for something else. Nearly all of
// what an object needs is needed to the end.
const (
	firstGrowth = 3000 // percent, of firstHeap
	firstHeap   = 4 << 20
	growth      = 400
	treeGrowth  = 150 // of many objects, little is kept
)

// collectLate puts the first collection off to some 100 MB, and to as many bytes as there
// are in the files, of which an object takes half in memory: it would find little any
// earlier.
func collectLate(files int) {
	debug.SetGCPercent(max(firstGrowth, files/(firstHeap/100)))
	runtime.AddCleanup(new([64]byte), func(int) { debug.SetGCPercent(growth) }, 0) // in the first one
}

// message is an error as diff(1) would print it: the path, then what is wrong
// with it, without the system call that found out.
func message(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Path + ": " + p.Err.Error()
	}
	return err.Error()
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "fnsum",
		Short: "Which functions of a kernel changed at the binary level?",
		Long: `fnsum reads every function of a relocatable kernel object (vmlinux.o, foo.ko,
foo.o), makes a checksum of each from its machine code and all that belongs to
it, and compares two builds by these checksums. What doesn't matter at run time
- where the linker put a function, how long its jumps are, which numbers the
compiler gave its statics - is not part of a checksum, so that what differs has
changed.

  fnsum diff old/vmlinux.o new/vmlinux.o     the functions that changed, and why
  fnsum sum -o base.fnsum vmlinux.o          keep the checksums of a build
  fnsum diff base.fnsum vmlinux.o            compare with a build long gone
  fnsum explain old.o new.o tcp_ack          where it changed, by instructions

Exit status, as diff(1): 0 no function changed, 1 at least one changed, was
added or was removed, 2 trouble.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return errors.New(`a command is missing: see "fnsum help"`)
		},
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.AddCommand(newSum(), newDiff(), newExplain(), newVersion())
	root.SetHelpCommand(newHelp())
	return root
}

// newHelp is cobra's help command, but for what it says of a topic that isn't
// there: an error.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Explain a command",
		Long:  `Explain fnsum, or one of its commands, with examples.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			topic, rest, err := cmd.Root().Find(args)
			if err != nil {
				return err
			}
			if len(rest) > 0 {
				return fmt.Errorf("unknown help topic %q", rest[0])
			}
			topic.InitDefaultHelpFlag() // as --help does
			return topic.Help()
		},
	}
}
