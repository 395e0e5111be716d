// SPDX-License-Identifier: MIT

package lines

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFormatLines(t *testing.T) {
	for format, want := range map[string][]FormatLine{
		"":                                    nil,
		"RTNL: assertion failed at %s (%d)\n": {{1, 2}},
		"%s:%d":                               {{1, 2}},
		"%s[%u]":                              {{1, 2}},
		"%s(%i)":                              {{1, 2}},
		"in %s line %d":                       {{1, 2}},
		"%s, line %d":                         {{1, 2}},
		"%s:%s:%d":                            {{1, 3}, {2, 3}},
		"%s: failed %d":                       nil,
		"%s%d":                                nil,
		"%s:%x":                               nil,
		"%s:%*d":                              nil,
		"%s:%04d":                             {{1, 2}},
		"%s:%lu":                              {{1, 2}},
		"%-20s:%d":                            {{1, 2}},
		"100%% of %d in %s:%d":                {{2, 3}},
		"%pS %*s %s:%d":                       {{4, 5}},
		"%.*s:%d":                             {{2, 3}},
		"%s:%d and %s:%d":                     {{1, 2}, {3, 4}},
		"%s:%":                                nil,
		"%":                                   nil,
	} {
		if diff := cmp.Diff(want, FormatLines([]byte(format))); diff != "" {
			t.Errorf("%q (-want +got):\n%s", format, diff)
		}
	}
}

func TestFormatPlaces(t *testing.T) {
	if diff := cmp.Diff([]uint64{5, 17, 20}, FormatPlaces([]byte("at %s:%d\x00%s\x00in %s:%s:%d %s"))); diff != "" {
		t.Errorf("places (-want +got):\n%s", diff)
	}
}
