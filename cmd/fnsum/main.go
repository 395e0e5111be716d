// SPDX-License-Identifier: MIT

// Command fnsum tells which functions of a kernel changed at the binary level.
package main

import (
	"os"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}
