// SPDX-License-Identifier: MIT

package huge

import "testing"

func TestMake(t *testing.T) {
	type odd [19]byte
	for _, capacity := range []int{0, 1, 1000, 1 << 18, 1<<20 + 7} {
		s := Make[odd](capacity/2, capacity)
		if len(s) != capacity/2 || cap(s) != capacity {
			t.Errorf("length %d and capacity %d, want %d and %d", len(s), cap(s), capacity/2, capacity)
		}
		for i := range s[:capacity] {
			if s[:capacity][i] != (odd{}) {
				t.Fatalf("element %d isn't zero", i)
			}
			s[:capacity][i][0] = 1
		}
	}
}

func TestScratch(t *testing.T) {
	for _, length := range []int{0, 1, 1000, 1 << 20} {
		s, free := Scratch[uint32](length)
		if len(s) != length {
			t.Errorf("length %d, want %d", len(s), length)
		}
		for i := range s {
			if s[i] != 0 {
				t.Fatalf("element %d isn't zero", i)
			}
			s[i] = 1
		}
		free()
	}
}
