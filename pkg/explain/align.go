// SPDX-License-Identifier: MIT

package explain

import "slices"

// pair is an item of old and one of new with the same key, by their indices.
type pair struct{ old, new int }

// align finds a common subsequence of two lists, in order. It is patience
// diff: what stands at both ends is equal, keys that each side has just once
// are anchors, and the longest chain of them in order cuts the rest into
// smaller pieces. A piece without an anchor is small, or is all different: its
// common subsequence is looked for directly up to a size.
func align(a, b []item) []pair {
	al := aligner{a, b, nil}
	al.align(0, len(a), 0, len(b))
	return al.pairs
}

type aligner struct {
	a, b  []item
	pairs []pair
}

func (al *aligner) align(alo, ahi, blo, bhi int) {
	for alo < ahi && blo < bhi && al.a[alo].key == al.b[blo].key {
		al.pairs = append(al.pairs, pair{alo, blo})
		alo, blo = alo+1, blo+1
	}
	tail := 0
	for alo < ahi-tail && blo < bhi-tail && al.a[ahi-tail-1].key == al.b[bhi-tail-1].key {
		tail++
	}
	ahi, bhi = ahi-tail, bhi-tail
	if alo < ahi && blo < bhi {
		chain := al.anchors(alo, ahi, blo, bhi)
		if len(chain) == 0 {
			al.direct(alo, ahi, blo, bhi)
		}
		for _, p := range chain {
			al.align(alo, p.old, blo, p.new)
			al.pairs = append(al.pairs, p)
			alo, blo = p.old+1, p.new+1
		}
		if len(chain) > 0 {
			al.align(alo, ahi, blo, bhi)
		}
	}
	for i := range tail {
		al.pairs = append(al.pairs, pair{ahi + i, bhi + i})
	}
}

// anchors is the longest chain of pairs, in order on both sides, whose key
// stands once in either range.
func (al *aligner) anchors(alo, ahi, blo, bhi int) []pair {
	type count struct{ a, b, at int }
	counts := map[string]count{}
	for j := blo; j < bhi; j++ {
		c := counts[al.b[j].key]
		c.b, c.at = c.b+1, j
		counts[al.b[j].key] = c
	}
	for i := alo; i < ahi; i++ {
		c := counts[al.a[i].key]
		c.a++
		counts[al.a[i].key] = c
	}
	// The longest increasing subsequence: ends[n] is the last pair of the best
	// chain of n+1, before its predecessor in its chain.
	var candidates []pair
	var ends, before []int
	for i := alo; i < ahi; i++ {
		c := counts[al.a[i].key]
		if c.a != 1 || c.b != 1 {
			continue
		}
		n, _ := slices.BinarySearchFunc(ends, c.at, func(end, at int) int { return candidates[end].new - at })
		previous := -1
		if n > 0 {
			previous = ends[n-1]
		}
		candidates, before = append(candidates, pair{i, c.at}), append(before, previous)
		if n == len(ends) {
			ends = append(ends, 0)
		}
		ends[n] = len(candidates) - 1
	}
	if len(ends) == 0 {
		return nil
	}
	chain := make([]pair, 0, len(ends))
	for at := ends[len(ends)-1]; at >= 0; at = before[at] {
		chain = append(chain, candidates[at])
	}
	slices.Reverse(chain)
	return chain
}

// maxDirect bounds the table that direct makes.
const maxDirect = 1 << 22

// direct finds the longest common subsequence by a table of all pairs.
func (al *aligner) direct(alo, ahi, blo, bhi int) {
	n, m := ahi-alo, bhi-blo
	if n > maxDirect/m {
		return
	}
	longest := make([]int32, (n+1)*(m+1)) // of what follows i and j
	at := func(i, j int) *int32 { return &longest[i*(m+1)+j] }
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if al.a[alo+i].key == al.b[blo+j].key {
				*at(i, j) = *at(i+1, j+1) + 1
			} else {
				*at(i, j) = max(*at(i+1, j), *at(i, j+1))
			}
		}
	}
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case al.a[alo+i].key == al.b[blo+j].key:
			al.pairs = append(al.pairs, pair{alo + i, blo + j})
			i, j = i+1, j+1
		case *at(i+1, j) >= *at(i, j+1):
			i++
		default:
			j++
		}
	}
}
