// SPDX-License-Identifier: MIT

package object

import (
	"runtime"
	"sync"

	"github.com/fnsum/fnsum/internal/parallel"
)

// inChunks does work on all of n items, on all cores, a stretch of them at a
// time. Of several errors it returns the one of the first stretch.
func inChunks(n int, work func(lo, hi int) error) error { return inPieces(n, parallel.Chunk, work) }

// inPieces is inChunks with stretches of another size.
func inPieces(n, size int, work func(lo, hi int) error) error {
	var mutex sync.Mutex
	var first error
	failed := n // where the stretch of the first error begins
	parallel.Chunks(runtime.GOMAXPROCS(0), n, size, func(lo, hi int) {
		if err := work(lo, hi); err != nil {
			mutex.Lock()
			defer mutex.Unlock()
			if lo < failed {
				failed, first = lo, err
			}
		}
	})
	return first
}
