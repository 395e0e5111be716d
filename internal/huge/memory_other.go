// SPDX-License-Identifier: MIT

//go:build !linux

package huge

func advise(start, size uintptr) {}

func mapMemory(size int) []byte { return nil }

func unmapMemory(memory []byte) {}
