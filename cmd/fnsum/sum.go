// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

func newSum() *cobra.Command {
	var output string
	var verbose bool
	in := &inputs{}
	cmd := &cobra.Command{
		Use:   "sum [-o FILE] PATH...",
		Short: "Write a manifest: a checksum for each function",
		Long: `Write a manifest of one or more objects: a line with a checksum for each
function, sorted, in plain text. Two manifests can be compared with "fnsum
diff" long after the objects are gone. -v says on stderr where each byte of
code went.`,
		Example: `  fnsum sum -o base.fnsum vmlinux.o
  fnsum sum vmlinux.o | grep -w tcp_ack`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			defer in.close()
			return in.runSum(cmd, paths, output, verbose)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to `FILE`, - for standard output")
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "say where each byte of code went")
	in.flags(cmd)
	return cmd
}

// flags adds the flags of every command that sums.
func (in *inputs) flags(cmd *cobra.Command) {
	cmd.Flags().IntVarP(&in.options.Jobs, "jobs", "j", 0, "use `N` cores, 0 for all")
	cmd.Flags().BoolVar(&in.options.Opaque, "opaque", false, "accept unknown machines: hash raw bytes and relocations")
}

func (in *inputs) runSum(cmd *cobra.Command, paths []string, output string, verbose bool) error {
	var arch string
	var objects []manifest.Object
	names := map[string]string{}
	for _, path := range paths {
		a, o, err := in.sum(path)
		if err != nil {
			return err
		}
		if other, ok := names[o.Name]; ok {
			return fmt.Errorf("%s: would get the same object name as %s: %s", path, other, o.Name)
		}
		if arch != "" && a != arch {
			return fmt.Errorf("%s: is for %s, others are for %s", path, a, arch)
		}
		names[o.Name], arch = path, a
		objects = append(objects, o)
		warnOpaque(cmd.ErrOrStderr(), path, o.Records)
		if verbose {
			printAccount(cmd.ErrOrStderr(), path, &o)
		}
	}
	return writeOutput(output, cmd.OutOrStdout(), manifest.New(arch, objects...).Write)
}

// warnOpaque says how many functions couldn't be decoded.
func warnOpaque(w io.Writer, path string, records []checksum.Record) {
	n := 0
	for i := range records {
		if records[i].Opaque {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(w, "fnsum: %s: %d functions can't be decoded, and are hashed as raw bytes\n", path, n)
	}
}

func printAccount(w io.Writer, path string, o *manifest.Object) {
	a := &o.Account
	functions, orphans := 0, 0
	for i := range o.Records {
		if o.Records[i].Kind == checksum.Orphan {
			orphans++
		} else {
			functions++
		}
	}
	fmt.Fprintf(w, "%s: %d functions, %d orphans\n", path, functions, orphans)
	fmt.Fprintf(w, "  bytes of code:  %10d functions %8d orphans %8d padding %8d special = %d\n", a.Functions, a.Orphans, a.Padding, a.Special, a.Bytes())
	fmt.Fprintf(w, "  relocations:    %10d functions %8d orphans %8d padding %8d special = %d\n", a.FunctionRelocs, a.OrphanRelocs, a.PaddingRelocs, a.SpecialRelocs, a.Relocs())
}
