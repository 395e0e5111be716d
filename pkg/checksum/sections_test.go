// SPDX-License-Identifier: MIT

package checksum

import "testing"

func TestDataPlace(t *testing.T) {
	for section, want := range map[string]string{
		".data": ".data", ".data.x": ".data", ".bss": ".data", ".bss.x": ".data", ".data.rel": ".data", ".data.rel.local.x": ".data",
		".rodata": ".rodata", ".rodata.x": ".rodata", ".data.rel.ro": ".rodata", ".data.rel.ro.local.x": ".rodata",
		".data..percpu": ".data..percpu", ".data..ro_after_init": ".data..ro_after_init", ".bss..page_aligned": ".bss..page_aligned",
		".init.data": ".init.data", ".database": ".database", "__param": "__param",
	} {
		if got := DataPlace(section); got != want {
			t.Errorf("%s: %s, want %s", section, got, want)
		}
	}
}
