// SPDX-License-Identifier: MIT

// Package gallop searches sorted arrays from where the answer may well be.
package gallop

import "sort"

// Search is the first i in [0, n) that is reached, as all behind it are, or n. It takes
// time logarithmic in the answer's distance from the guess, which lies in [0, n].
func Search(n, guess int, reached func(i int) bool) int {
	lo, hi := guess, guess // all before lo aren't reached, those from hi on are
	for step := 1; lo > 0 && reached(lo-1); step *= 2 {
		lo, hi = max(lo-1-step, 0), lo-1
	}
	for step := 1; hi < n && !reached(hi); step *= 2 {
		lo, hi = hi+1, min(hi+step, n)
	}
	return lo + sort.Search(hi-lo, func(i int) bool { return reached(lo + i) })
}
