// SPDX-License-Identifier: MIT

// Package parallel spreads work over workers.
package parallel

import (
	"sync"
	"sync/atomic"
)

// chunk is how many items a worker takes at once.
const chunk = 1024

// Chunks does work on all of n items, a stretch of them at a time, on so many
// workers.
func Chunks(workers, n int, work func(lo, hi int)) {
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(workers, (n+chunk-1)/chunk) {
		wait.Go(func() {
			for lo := int(next.Add(chunk)) - chunk; lo < n; lo = int(next.Add(chunk)) - chunk {
				work(lo, min(lo+chunk, n))
			}
		})
	}
	wait.Wait()
}
