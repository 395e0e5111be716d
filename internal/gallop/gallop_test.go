// SPDX-License-Identifier: MIT

package gallop

import (
	"math/bits"
	"testing"
)

func TestSearch(t *testing.T) {
	for n := range 70 {
		for want := range n + 1 {
			for guess := range n + 1 {
				asked := 0
				got := Search(n, guess, func(i int) bool {
					if asked++; i < 0 || i >= n {
						t.Fatalf("asked for %d of %d", i, n)
					}
					return i >= want
				})
				if most := 2*bits.Len(uint(max(want-guess, guess-want))) + 3; got != want || asked > most {
					t.Errorf("%d of %d from %d: %d, after %d questions of at most %d", want, n, guess, got, asked, most)
				}
			}
		}
	}
}
