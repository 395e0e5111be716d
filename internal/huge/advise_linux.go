// SPDX-License-Identifier: MIT

package huge

import "golang.org/x/sys/unix"

func advise(memory []byte) {
	_ = unix.Madvise(memory, unix.MADV_HUGEPAGE) // a kernel without them works as well
}
