// SPDX-License-Identifier: MIT

package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

func newSum() *cobra.Command {
	var output, hash string
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
can't be read is said, the rest is summed, and the exit status is 2.

XXH3 tells apart what builds differ in. Who takes a manifest for proof against
somebody who had a hand in the code wants --hash sha256: it can't be made to
match by trying.`,
		Example: `  fnsum sum -o base.fnsum vmlinux.o
  fnsum sum vmlinux.o | grep -w tcp_ack
  fnsum sum -o modules.fnsum /lib/modules/$(uname -r)`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, paths []string) error {
			defer in.close()
			var err error
			if in.options.Hash, err = checksum.HashByName(hash); err != nil {
				return fmt.Errorf("--hash: %w", err)
			}
			return in.runSum(cmd, paths, output)
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "-", "write to `FILE`, - for standard output")
	cmd.Flags().StringVar(&hash, "hash", checksum.XXH3.String(), "make digests with `HASH`: xxh3, or sha256 where somebody may want two functions to look the same")
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
		x, err := in.load(path)
		if err != nil {
			return err
		}
		if x.manifest != nil {
			return fmt.Errorf("%s: is a manifest already", path)
		}
		s, err := in.source(x)
		if err != nil {
			return err
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
