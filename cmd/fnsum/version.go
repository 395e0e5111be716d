// SPDX-License-Identifier: MIT

package main

import (
	"fmt"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/fnsum/fnsum/pkg/checksum"
	"github.com/fnsum/fnsum/pkg/manifest"
)

func newVersion() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the versions of fnsum, its manifests and its canonical form",
		Long: `Print the version of fnsum, of the manifests that it reads and writes, and of
the canonical form that it hashes. Checksums of different canonical forms don't
compare.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			version := "(devel)"
			if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
				version = info.Main.Version
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "fnsum %s, manifest %d, canonical form %d\n", version, manifest.Version, checksum.FormVersion)
			return err
		},
	}
}
