// SPDX-License-Identifier: MIT

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/manifest"
)

func newSum() *cobra.Command {
	var output string
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
			return in.runSum(cmd, paths, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to `FILE`, - for standard output")
	in.flags(cmd)
	return cmd
}

func (in *inputs) runSum(cmd *cobra.Command, paths []string, output string) error {
	var arch string
	var objects []manifest.Object
	names := map[string]string{}
	for _, path := range paths {
		a, o, err := in.sum(path, cmd.ErrOrStderr())
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
	}
	return writeOutput(output, cmd.OutOrStdout(), manifest.New(arch, objects...).Write)
}
