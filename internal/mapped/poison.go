// SPDX-License-Identifier: MIT

//go:build poison

package mapped

import "golang.org/x/sys/unix"

// Built with the tag poison, Close leaves a file's bytes where they are, and makes touching
// them a fault: a test that runs everything so finds what is used for too long. Without it,
// that may go well as long as nothing else is mapped there.

func release(data []byte) error { return unix.Mprotect(data, unix.PROT_NONE) }

func keep(content []byte) ([]byte, func() error) {
	if len(content) == 0 {
		return content, nil
	}
	data, err := unix.Mmap(-1, 0, len(content), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return content, nil
	}
	copy(data, content)
	return data, func() error { return release(data) }
}
