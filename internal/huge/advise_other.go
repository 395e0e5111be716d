// SPDX-License-Identifier: MIT

//go:build !linux

package huge

func advise(start, size uintptr) {}
