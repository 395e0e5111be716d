// SPDX-License-Identifier: MIT

package parallel

import (
	"slices"
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
