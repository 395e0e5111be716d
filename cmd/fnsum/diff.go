// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/compare"
	"github.com/fnsum/fnsum/pkg/report"
)

// diffOptions are the flags of diff.
type diffOptions struct {
	output, format string
	quiet, lines   bool
	only           []string
}

func newDiff() *cobra.Command {
	in, options := &inputs{}, &diffOptions{}
	cmd := &cobra.Command{
		Use:   "diff [--format text|names|json] OLD NEW",
		Short: "Say which functions changed, and why",
		Long: `Say which functions changed between two objects, two directories of objects, or
manifests that "fnsum sum" made of them, and why: the reasons name the parts of
a function in which the two sides differ.

  instructions   opcode bytes, operands, branch shape
  references     what a relocation points at
  strings        the text of a string literal
  constants      nameless read-only data, what bookkeeping statics hold
  jump-tables    the table of a switch
  alternatives   replacement code for other CPUs, and when it is used
  exception-table, bug-table, jump-labels, static-calls
                 its entries in these tables of the kernel
  tracing        whether it can be traced
  special:NAME   its entries in another table about code
  cfi            the kCFI type hash in front of the entry
  labels         an entry point inside it came, went or moved
  cold           the change is in the .cold part
  section        it moved between, say, .text and .init.text
  lines          line numbers moved as well

Line numbers, which move with every line added above, are told apart by
evidence: a parameter that is a line by the callee's prototype, the line of the
WARN that an immediate stands in, fields of tables, a path and a line in a
string. A function in which nothing else differs is not changed; it is counted,
and listed with --lines.

A function of the same code under another name is renamed: that is no change, and
neither is calling it. Of several functions of one name, the counterpart is the one
of the same file, else of the same content, else with the same neighbours, and only
then the one at the same position, which is remarked on. Manifests have names only:
how many functions need the objects for a sure answer is said on stderr.

Two objects are compared whatever their names; the objects of directories are
paired by path. "fnsum help sum" says which they are. An object that can't be
read is listed so, and the others are compared.

--data lists variables whose content changed as well, and what was added to or
removed from tables of names: exports and init calls. It doesn't count for the
exit status.

Exit status: 0 no function changed, 1 at least one changed, was added or was
removed, 2 trouble.`,
		Example: `  fnsum diff old/vmlinux.o new/vmlinux.o
  fnsum diff /lib/modules/6.1.0-53-amd64 /lib/modules/6.1.0-54-amd64
  fnsum diff --format names base.fnsum vmlinux.o
  fnsum diff --only 'tcp_*' --format json old.o new.o`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, paths []string) error {
			defer in.close()
			return in.runDiff(cmd, paths, options)
		},
	}
	cmd.Flags().StringVarP(&options.output, "output", "o", "-", "write to `FILE`, - for standard output")
	cmd.Flags().StringVar(&options.format, "format", report.FormatNames[0], "text, names or json")
	cmd.Flags().BoolVarP(&options.quiet, "quiet", "q", false, "write nothing, the exit status says it")
	cmd.Flags().StringArrayVar(&options.only, "only", nil, "only functions whose name, file:name or object:file:name matches `GLOB`")
	cmd.Flags().BoolVar(&options.lines, "lines", false, "list functions in which only line numbers differ, too")
	in.flags(cmd)
	return cmd
}

func (in *inputs) runDiff(cmd *cobra.Command, paths []string, options *diffOptions) error {
	format, err := report.ByName(options.format)
	if err != nil {
		return err
	}
	keep, err := globFilter(options.only)
	if err != nil {
		return err
	}
	in.stderr = cmd.ErrOrStderr()
	if err := in.readLineTable(); err != nil {
		return err
	}
	in.trace = true
	older, newer, err := in.sources(paths)
	if err != nil {
		return err
	}
	objects := newObjects(in, older, newer)
	defer objects.close()
	for i, s := range [...]*source{older, newer} {
		if in.options.Data && !s.manifest.Data {
			fmt.Fprintf(in.stderr, "fnsum: %s: a manifest without data (sum --data writes them): data is not compared\n", paths[i])
		}
		if in.options.Dwarf && !s.manifest.Dwarf {
			fmt.Fprintf(in.stderr, "fnsum: %s: a manifest without evidence from debug information (sum --dwarf): it is not used\n", paths[i])
		}
	}
	result, err := objects.compare(compare.Options{Keep: keep, Data: in.options.Data})
	if err != nil {
		return fmt.Errorf("%s and %s: %w", paths[0], paths[1], err)
	}
	switch n := result.Ambiguous; n {
	case 0:
	case 1:
		fmt.Fprintln(in.stderr, "fnsum: 1 function refers by name to what has namesakes or was renamed: compare the objects to be sure")
	default:
		fmt.Fprintf(in.stderr, "fnsum: %d functions refer by name to what has namesakes or was renamed: compare the objects to be sure\n", n)
	}
	if options.format == "json" && !options.quiet {
		if err := objects.findLines(result); err != nil {
			return err
		}
	}
	if !options.quiet {
		err := writeOutput(options.output, cmd.OutOrStdout(), func(w io.Writer) error {
			return format(w, result, report.Sides{Old: paths[0], New: paths[1], Data: in.options.Data, Lines: options.lines})
		})
		if err != nil {
			return err
		}
	}
	return outcome(result)
}

// sources are the two sides of a comparison. An object is summed in the way that
// a manifest on the other side was.
func (in *inputs) sources(paths []string) (older, newer *source, err error) {
	var sides [2]*input
	for i, path := range paths {
		if sides[i], err = in.load(path); err != nil {
			return nil, nil, err
		}
		if m := sides[i].manifest; m != nil {
			in.options.Hash = m.Hash
			in.options.Dwarf = in.options.Dwarf || m.Dwarf
		}
	}
	if older, err = in.source(sides[0]); err != nil {
		return nil, nil, err
	}
	newer, err = in.source(sides[1])
	return older, newer, err
}

// outcome is the exit status of a comparison, as an error.
func outcome(r *compare.Result) error {
	switch {
	case slices.ContainsFunc(r.Objects, func(o compare.ObjectChange) bool { return o.Status == compare.Unreadable }):
		return errUnreadable
	case r.Differs():
		return errDiffers
	}
	return nil
}

// globFilter tells which functions the patterns of --only keep; nil for all.
// A * matches any characters: an object's path has slashes, which path.Match
// would treat apart.
func globFilter(patterns []string) (func(object, file, name string) bool, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	flat := strings.NewReplacer("/", "\x00")
	for i, pattern := range patterns {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, fmt.Errorf("--only %s: %w", pattern, err)
		}
		patterns[i] = flat.Replace(pattern)
	}
	return func(object, file, name string) bool {
		for _, subject := range [...]string{name, file + ":" + name, object + ":" + file + ":" + name} {
			for _, pattern := range patterns {
				if ok, _ := path.Match(pattern, flat.Replace(subject)); ok {
					return true
				}
			}
		}
		return false
	}, nil
}
