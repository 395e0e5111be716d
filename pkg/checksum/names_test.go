// SPDX-License-Identifier: MIT

package checksum

import (
	"strconv"
	"strings"
	"testing"
)

func TestNormal(t *testing.T) {
	for name, want := range map[string]string{
		"tcp_ack":                         "tcp_ack",
		"x.123":                           "x",
		"f.x.3":                           "f.x",
		"foo.isra.0":                      "foo.isra",
		"foo.constprop.3.isra.12":         "foo.constprop.isra",
		"foo.part.1.cold":                 "foo.part.cold",
		"foo.cold.7":                      "foo.cold",
		"foo.llvm.1234567890":             "foo",
		"foo.lto_priv.3":                  "foo",
		"foo.lto_priv.3.cold":             "foo.cold",
		"foo.llvm.123.cold.1":             "foo.cold",
		".LC0":                            ".LC0",
		".str.7.llvm.99":                  ".str.7.llvm.99",
		"sha256_96":                       "sha256_96",
		"a.":                              "a.",
		"__UNIQUE_ID_file123":             "__UNIQUE_ID_file",
		"__UNIQUE_ID_ddebug_12.4":         "__UNIQUE_ID_ddebug_",
		"__UNIQUE_ID_ddebug12.4":          "__UNIQUE_ID_ddebug",
		"f.__UNIQUE_ID_ddebug_882":        "f.__UNIQUE_ID_ddebug_",
		"f.__UNIQUE_ID_ddebug_882.3":      "f.__UNIQUE_ID_ddebug_",
		"f.llvm.12.__UNIQUE_ID_ddebug882": "f.__UNIQUE_ID_ddebug",
		"__UNIQUE_ID_addressable___initstub__kmod_x__12_34_y56":         "__UNIQUE_ID_addressable___initstub__kmod_x___y",
		"__initcall__kmod_main__872_815_random_kstack_init7":            "__initcall__kmod_main___random_kstack_init7",
		"__cfi___initstub__kmod_main__872_815_random_kstack_init7":      "__cfi___initstub__kmod_main___random_kstack_init7",
		"__BTF_ID__func__bpf_lsm_bpf__12":                               "__BTF_ID__func__bpf_lsm_bpf__",
		"_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE":          "_ZN4core3fmt9Formatter9write_strE",
		"_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE.llvm.123": "_ZN4core3fmt9Formatter9write_strE",
		"_ZN3foo17hXYZE":               "_ZN3foo17hXYZE",
		"_ZN3foo":                      "_ZN3foo",
		"_ZN99foo17h0123456789abcdefE": "_ZN99foo17h0123456789abcdefE",
		"_ZN46_$LT$crate..Square$u20$as$u20$crate..Shape$GT$4area17h0123456789abcdefE":          "_ZN46_$LT$crate..Square$u20$as$u20$crate..Shape$GT$4areaE",
		"_ZN46_$LT$crate..Square$u20$as$u20$crate..Shape$GT$4area17h0123456789abcdefE.llvm.123": "_ZN46_$LT$crate..Square$u20$as$u20$crate..Shape$GT$4areaE",
		"_RINvCskeFexthMgl5_7pairing4bothNtB2_6SquareBt_EB2_":                                   "pairing::both::<pairing::Square, pairing::Square>",
		"_RINvCsoYo8DtMPOP_7pairing4bothNtB2_6SquareBs_EB2_":                                    "pairing::both::<pairing::Square, pairing::Square>",
		"_RNvCs4U3bjgClitK_7pairing7checked.llvm.99":                                            "pairing::checked",
		"_RNvCs4U3bjgClitK_7pairing7checked.cold":                                               "pairing::checked.cold",
		"_Rubbish": "_Rubbish",
	} {
		if got := Normal(name); got != want {
			t.Errorf("Normal(%q) = %q, want %q", name, got, want)
		}
		if twice := Normal(Normal(name)); twice != Normal(name) {
			t.Errorf("Normal(%q) is not stable: %q", name, twice)
		}
	}
}

func TestStem(t *testing.T) {
	for normal, want := range map[string]string{
		"f": "f", "f.isra": "f", "f.constprop": "f", "f.part": "f", "f.cold": "f", "f.localalias": "f", "f.specialized": "f",
		"f.part.isra.cold": "f", "f.x": "f.x", ".isra": ".isra", "f.particle": "f.particle",
	} {
		if got := Stem(normal); got != want {
			t.Errorf("Stem(%q) = %q, want %q", normal, got, want)
		}
	}
}

// What no person could read is shown as it is, and so is what is no name of
// Rust's or would take long.
func TestReadable(t *testing.T) {
	long := "_RNvC1a" + strconv.Itoa(4000) + strings.Repeat("x", 4000)
	for name, want := range map[string]string{
		"tcp_ack":                            "tcp_ack",
		"_RNvCs4U3bjgClitK_7pairing7checked": "pairing::checked",
		"_ZN4core3fmt9Formatter9write_str17h0123456789abcdefE": "core::fmt::Formatter::write_str",
		"_ZNFcvcB1_":    "_ZNFcvcB1_", // the demangler panics
		"_ZN3foo3barEv": "_ZN3foo3barEv",
		long:            long,
		"_RINvC1a1b" + strings.Repeat("R", 1<<20):  "_RINvC1a1b" + strings.Repeat("R", 1<<20),
		"_RNvTTTTTTTTTTTTTTTTTTTTTTTTBn_Bm_Bl_Bk_": "_RNvTTTTTTTTTTTTTTTTTTTTTTTTBn_Bm_Bl_Bk_",
	} {
		if got := Readable(name); got != want {
			t.Errorf("Readable(%.60q) = %.60q, want %.60q", name, got, want)
		}
	}
}

func TestPlace(t *testing.T) {
	for section, want := range map[string]string{
		".text": ".text", ".text.tcp_ack": ".text", ".text.unlikely": ".text", ".text.unlikely.foo": ".text",
		".text.hot.foo": ".text", ".text.startup": ".text", ".ref.text": ".text",
		".text..relocate_kernel": ".text..relocate_kernel", ".init.text": ".init.text",
		".noinstr.text": ".noinstr.text", ".text.": ".text.",
	} {
		if got := Place(section); got != want {
			t.Errorf("Place(%q) = %q, want %q", section, got, want)
		}
	}
}

// A normal name isn't much longer than the name, whatever a mangled one says.
func FuzzNormal(f *testing.F) {
	for _, name := range []string{
		"f.constprop.0", "__UNIQUE_ID_addressable___initstub__kmod_x__12_34_y56", "_ZN3foo17h0123456789abcdefE.llvm.12",
		"_RINvCskeFexthMgl5_7pairing4bothNtB2_6SquareBt_EB2_", "_RNvTTTTTTBf_Be_EBd_EBc_EBb_E", "__cfi___pfx_f.1",
	} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if normal := Normal(name); len(normal) > 32*len(name) {
			t.Errorf("%q has a normal name of %d bytes", name, len(normal))
		}
		Stem(name)
	})
}
