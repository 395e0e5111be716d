// SPDX-License-Identifier: MIT

package checksum

import (
	"bytes"
	"strings"
	"testing"
)

func TestHashes(t *testing.T) {
	data := []byte("fnsum")
	for _, test := range []struct {
		hash Hash
		name string
		want string // by xxhsum -H2 and sha256sum
	}{
		{XXH3, "xxh3", "4906670f850868d26ca5ac253f2fd9cc"},
		{SHA256, "sha256", "f9297437f9112b99e500323eca25412da1e58c3743cd1802c33aa2892a9c0085"},
	} {
		h, err := HashByName(test.name)
		if err != nil || h != test.hash || h.String() != test.name {
			t.Errorf("%s: %v, %v", test.name, h, err)
		}
		d := h.sum(data)
		if got := h.Hex(&d); got != test.want || len(got) != 2*h.Size() {
			t.Errorf("%s: %s, want %s", test.name, got, test.want)
		}
		if !bytes.Equal(d[h.Size():], make([]byte, len(d)-h.Size())) {
			t.Errorf("%s: %v has more than %d bytes", test.name, d, h.Size())
		}
	}
	if _, err := HashByName("md5"); err == nil || !strings.Contains(err.Error(), "xxh3 or sha256") {
		t.Errorf("error %v", err)
	}
}
