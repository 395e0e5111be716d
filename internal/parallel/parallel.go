// SPDX-License-Identifier: MIT

// Package parallel spreads work over workers.
package parallel

import (
	"sync"
	"sync/atomic"
)

// Chunk is how many items a worker does well to take at once where each is little
// work.
const Chunk = 1024

// Chunks does work on all of n items on so many workers, of which each takes a
// chunk of them at a time.
func Chunks(workers, n, chunk int, work func(lo, hi int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(workers, (n+chunk-1)/chunk) {
		wait.Go(func() {
			for lo := int(next.Add(int64(chunk))) - chunk; lo < n; lo = int(next.Add(int64(chunk))) - chunk {
				work(lo, min(lo+chunk, n))
			}
		})
	}
	wait.Wait()
}
