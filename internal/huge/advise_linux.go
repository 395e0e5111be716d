// SPDX-License-Identifier: MIT

package huge

import "golang.org/x/sys/unix"

// advise asks for huge pages. It is the system call and no wrapper of it, as these take
// a slice, which can't reach beyond what Go has allocated.
func advise(start, size uintptr) {
	_, _, _ = unix.Syscall(unix.SYS_MADVISE, start, size, unix.MADV_HUGEPAGE) // a kernel without them works as well
}
