// SPDX-License-Identifier: MIT

// Package parallel spreads work over goroutines.
package parallel

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// Group is work done at once. What panics in it panics in Wait, where it can be
// recovered from, as a fault in mapped memory is.
type Group struct {
	wait  sync.WaitGroup
	mutex sync.Mutex
	panic any
}

// Go does work beside others.
func (g *Group) Go(work func()) {
	g.wait.Go(func() {
		debug.SetPanicOnFault(true)
		defer func() {
			p := recover()
			if p == nil {
				return
			}
			if !Fault(p) {
				p = fmt.Sprintf("%v\n%s", p, debug.Stack())
			}
			g.mutex.Lock()
			defer g.mutex.Unlock()
			if g.panic == nil {
				g.panic = p
			}
		}()
		work()
	})
}

// Fault tells whether a panic is a fault in memory that a file is mapped to: at a
// place that is no nil pointer's.
func Fault(panicked any) bool {
	fault, ok := panicked.(interface{ Addr() uintptr })
	return ok && fault.Addr() >= 1<<16
}

// Wait waits for all work.
func (g *Group) Wait() {
	g.wait.Wait()
	if g.panic != nil {
		panic(g.panic)
	}
}

// Chunk is how many items a worker does well to take at once where each is little
// work.
const Chunk = 1024

// Chunks does work on all of n items on so many workers, of which each takes a
// chunk of them at a time.
func Chunks(workers, n, chunk int, work func(lo, hi int)) {
	var next atomic.Int64
	var group Group
	for range min(workers, (n+chunk-1)/chunk) {
		group.Go(func() {
			for lo := int(next.Add(int64(chunk))) - chunk; lo < n; lo = int(next.Add(int64(chunk))) - chunk {
				work(lo, min(lo+chunk, n))
			}
		})
	}
	group.Wait()
}
