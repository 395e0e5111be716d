// SPDX-License-Identifier: MIT

package huge

import "golang.org/x/sys/unix"

// advise asks for huge pages. It is the system call and no wrapper of it, as these take
// a slice, which can't reach beyond what Go has allocated.
func advise(start, size uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, size, unix.MADV_HUGEPAGE) // a kernel without them works as well
}

// mapMemory is memory outside of the heap, or nil.
func mapMemory(size int) []byte {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil
	}
	return memory
}

func unmapMemory(memory []byte) {
	_ = unix.Munmap(memory) // what was mapped is whole
}
