// SPDX-License-Identifier: MIT

package object

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// inChunks does work on all of n items, on all cores, a stretch of them at a
// time. Of several errors it returns the one of the first stretch.
func inChunks(n int, work func(lo, hi int) error) error {
	const chunk = 1024
	var next atomic.Int64
	var wait sync.WaitGroup
	var mutex sync.Mutex
	var first error
	failed := n // where the stretch of the first error begins
	for range min(runtime.GOMAXPROCS(0), (n+chunk-1)/chunk) {
		wait.Go(func() {
			for lo := int(next.Add(chunk)) - chunk; lo < n; lo = int(next.Add(chunk)) - chunk {
				if err := work(lo, min(lo+chunk, n)); err != nil {
					mutex.Lock()
					if lo < failed {
						failed, first = lo, err
					}
					mutex.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return first
}
