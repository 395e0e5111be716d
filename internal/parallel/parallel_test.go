// SPDX-License-Identifier: MIT

package parallel

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestChunks(t *testing.T) {
	for _, n := range []int{0, 1, 9, 10, 11, 57} {
		for _, workers := range []int{1, 3, 64} {
			done := make([]int, n)
			Chunks(workers, n, 10, func(lo, hi int) {
				for i := lo; i < hi; i++ {
					done[i]++
				}
			})
			if n > 0 && (slices.Min(done) != 1 || slices.Max(done) != 1) {
				t.Errorf("%d items, %d workers: done %d to %d times", n, workers, slices.Min(done), slices.Max(done))
			}
		}
	}
}

// A panic is that of the one who waits.
func TestPanic(t *testing.T) {
	defer func() {
		if p := recover(); !strings.Contains(fmt.Sprint(p), "the third") {
			t.Errorf("recovered %v", p)
		}
	}()
	Chunks(4, 40, 10, func(lo, _ int) {
		if lo == 20 {
			panic("the third")
		}
	})
	t.Error("no panic")
}
