// SPDX-License-Identifier: MIT

// Package kernels finds the real kernel objects that tests and benchmarks are tried on
// where there are some: a folder for each kernel, with its base.o and patched builds.
package kernels

import (
	"os"
	"path/filepath"
	"testing"
)

// Path is the path of a kernel's file in the folder that FNSUM_KERNELS names. It skips the
// test, and says so, where there is no such kernel.
func Path(tb testing.TB, kernel, name string) string {
	tb.Helper()
	dir := os.Getenv("FNSUM_KERNELS")
	if dir == "" {
		tb.Skip("FNSUM_KERNELS is not set: NOT tried on real kernel objects")
	}
	if _, err := os.Stat(filepath.Join(dir, kernel)); err != nil {
		tb.Skipf("%v: NOT tried on this kernel", err)
	}
	return filepath.Join(dir, kernel, name)
}
