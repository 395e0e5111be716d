// SPDX-License-Identifier: MIT

package decode

import "testing"

func TestQuick(t *testing.T) {
	in, ok := X86([]byte{0x48, 0x8b, 0x05, 1, 0, 0, 0})
	t.Logf("%+v %v", in, ok)
	in, ok = X86([]byte{0xe8, 0xfb, 0xff, 0xff, 0xff})
	t.Logf("%+v %v", in, ok)
	in, ok = X86([]byte{0x62, 0xf1, 0x7c, 0x48, 0x28, 0x05, 0, 0, 0, 0})
	t.Logf("%+v %v", in, ok)
}
