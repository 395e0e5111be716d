// SPDX-License-Identifier: MIT

package compare

import (
	"slices"

	"github.com/fnsum/fnsum/pkg/checksum"
)

// choose says for pairs of functions, of which instructions are equal, what their references
// to places in data mean, where these may mean several things (rule 3.8h): for each side
// which of the readings of each reference; nothing for pairs without such a place.
func (l *linked) choose(pairs [][2]*checksum.Record) map[[2]*checksum.Record][2][]int {
	older, newer := bothSides(func(side int) [][][]checksum.Reading {
		all := make([][][]checksum.Reading, len(pairs))
		for i, p := range pairs {
			all[i], _ = l.sides[side].Readings(p[side])
		}
		return all
	})
	choices := map[[2]*checksum.Record][2][]int{}
	for i, p := range pairs {
		if len(older[i]) != len(newer[i]) || !severalReadings(older[i]) && !severalReadings(newer[i]) {
			continue
		}
		var chosen [2][]int
		for n := range older[i] {
			a, b := l.agreed(older[i][n], newer[i][n])
			chosen[0], chosen[1] = append(chosen[0], a), append(chosen[1], b)
		}
		choices[p] = chosen
	}
	return choices
}

func severalReadings(all [][]checksum.Reading) bool {
	return slices.ContainsFunc(all, func(list []checksum.Reading) bool { return len(list) > 1 })
}

// agreed is the reading that a reference has on both sides, or where it means something
// else on one, a reading of each in which they differ.
func (l *linked) agreed(older, newer []checksum.Reading) (a, b int) {
	olds, news := counting(older, newer), counting(newer, older)
	shared := [2]int{-1, -1} // the first that both sides have
	for _, i := range olds {
		for _, j := range news {
			switch {
			case !sameReading(&older[i], &newer[j]):
			case older[i].Content != newer[j].Content:
				return i, j
			case shared[0] < 0:
				shared = [2]int{i, j}
			}
		}
	}
	switch {
	case shared[0] < 0, shared == [2]int{}: // another thing, or what it is read as anyhow
		return 0, 0
	case len(olds) > 1 && len(news) > 1 && l.replaced(older, newer, older[shared[0]].Kind):
		return 0, 0
	}
	return shared[0], shared[1]
}

// counting is the readings that a function is likely to mean: all, but for the end of a
// datum which it doesn't use elsewhere, unless the other side allows for nothing else.
func counting(list, others []checksum.Reading) (indices []int) {
	onlyEnds := !slices.ContainsFunc(others, func(r checksum.Reading) bool { return r.Kind != checksum.AtEnd })
	for i := range list {
		if r := &list[i]; r.Kind != checksum.AtEnd || r.Used || onlyEnds || len(list) == 1 {
			indices = append(indices, i)
		}
	}
	return indices
}

// replaced tells whether what begins at a place on one side was replaced by what begins
// there on the other, so that a reading that both have says nothing. Where on one side
// nothing begins there, a label that both have is what is meant.
func (l *linked) replaced(older, newer []checksum.Reading, shared checksum.ReadingKind) bool {
	begins := func(r checksum.Reading) bool { return r.Kind == checksum.Begins }
	if shared == checksum.AtLabel && (!slices.ContainsFunc(older, begins) || !slices.ContainsFunc(newer, begins)) {
		return false
	}
	return !l.stays(older, 1) && !l.stays(newer, 0)
}

// sameReading tells whether two sides take a place for the same thing, whatever that holds.
func sameReading(a, b *checksum.Reading) bool {
	return a.Name == b.Name && (a.Kind == checksum.AtEnd) == (b.Kind == checksum.AtEnd)
}

// stays tells whether what begins at a place by a name is there on the other side as well.
func (l *linked) stays(list []checksum.Reading, side int) bool {
	return slices.ContainsFunc(list, func(r checksum.Reading) bool {
		return r.Kind == checksum.Begins && r.Name != "" && l.sides[side].hasName(r.Name)
	})
}

// hasName tells whether a symbol of the object goes by a name.
func (s *linkedSide) hasName(name string) bool {
	if s.all == nil {
		s.all = s.DataNames()
	}
	return s.all[name]
}
