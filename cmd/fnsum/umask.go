// SPDX-License-Identifier: MIT

package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// newFileMode is what open(2) would give a new file: a temporary file is made
// for its owner alone.
func newFileMode() os.FileMode {
	mask := unix.Umask(0)
	unix.Umask(mask)
	return os.FileMode(0o666 &^ mask)
}
