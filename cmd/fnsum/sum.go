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
code went.

Of a directory it takes vmlinux.o and every module in it or, where there are
none, every .o. Modules may be compressed (.xz, .zst, .gz) and signed. What
can't be read is said, the rest is summed, and the exit status is 2.`,
		Example: `  fnsum sum -o base.fnsum vmlinux.o
  fnsum sum vmlinux.o | grep -w tcp_ack
  fnsum sum -o modules.fnsum /lib/modules/$(uname -r)`,
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
	in.stderr = cmd.ErrOrStderr()
	if err := in.readLineTable(); err != nil {
		return err
	}
	var arch string
	var objects []manifest.Object
	from, unreadable := map[string]string{}, false
	for _, path := range paths {
		s, err := in.source(path)
		if err != nil {
			return err
		}
		if s.paths == nil {
			return fmt.Errorf("%s: is a manifest already", path)
		}
		if arch != "" && s.manifest.Arch != arch {
			return fmt.Errorf("%s: is for %s, others are for %s", path, s.manifest.Arch, arch)
		}
		for name, path := range s.paths {
			if other, ok := from[name]; ok {
				return sameName(path, other, name)
			}
			from[name] = path
		}
		arch, objects = s.manifest.Arch, append(objects, s.manifest.Objects...)
		unreadable = unreadable || len(s.unreadable) > 0
	}
	if err := writeOutput(output, cmd.OutOrStdout(), in.newManifest(arch, objects...).Write); err != nil {
		return err
	}
	if unreadable {
		return errUnreadable
	}
	return nil
}
