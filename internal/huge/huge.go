// SPDX-License-Identifier: MIT

// Package huge makes large slices that cost little: filling 100 MB takes 25,000 page
// faults of 4 KiB, a tenth of the time that summing a kernel takes.
package huge

import "unsafe"

const (
	// stretch is what the heap grows by, two huge pages of x86-64, and of arm64 with
	// pages of 4 KiB.
	stretch = 4 << 20
	// least is the size in bytes from which on a slice is worth a system call.
	least = 256 << 10
)

// Make is make([]T, length, capacity), of memory that the kernel is asked to
// back with huge pages where it is large. Where the kernel can't, or isn't to,
// it is as any other. The stretches of the heap at both ends are shared with other
// memory, which is as likely to be used.
func Make[T any](length, capacity int) []T {
	s := make([]T, length, capacity)
	size := uintptr(capacity) * unsafe.Sizeof(*new(T))
	if size >= least {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
		first := start &^ (stretch - 1)
		advise(first, (start+size+stretch-1)&^(stretch-1)-first)
	}
	return s
}

// Scratch is make([]T, length) for a short while: the memory is given back by free, not
// by the garbage collector, which a kernel is summed without.
func Scratch[T uint32 | uint64](length int) (memory []T, free func()) {
	size := length * int(unsafe.Sizeof(*new(T)))
	if size < least {
		return make([]T, length), func() {}
	}
	mapped := mapMemory(size)
	if mapped == nil {
		return make([]T, length), func() {}
	}
	start := unsafe.SliceData(mapped)
	advise(uintptr(unsafe.Pointer(start)), uintptr(size))
	return unsafe.Slice((*T)(unsafe.Pointer(start)), length), func() { unmapMemory(mapped) }
}
