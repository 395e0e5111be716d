// SPDX-License-Identifier: MIT

package alternatives

import (
	"debug/elf"
	"strings"
)

// Class is what kind of fact about code a table holds.
type Class uint8

const (
	Alternatives   Class = iota // replacement code, by CPU feature
	ExceptionTable              // where a faulting instruction goes on
	BugTable                    // WARN and BUG
	JumpLabels                  // static branches
	StaticCalls                 // static calls
	Tracing                     // where a tracer may hook in
	Special                     // whatever else, by the section's name
)

// row is what is known of a table from the kernel's sources: its class, and
// the shapes that its entries have had since Linux 4.19, the likeliest first.
type row struct {
	name   string // ending in * for a prefix
	class  Class
	shapes []shape
	// absolute is set where places are usually written as 64-bit addresses, not
	// relative to where they are written, in 32 bits.
	absolute bool
}

// shape is an entry's size in bytes and the offsets of its relocated fields;
// the first is the place that the entry is about. An optional field may lack a
// relocation, and refers to data; one that is a handler must refer to the entry
// of a function.
type shape struct {
	size     uint64
	required []uint64
	optional []uint64
	handler  bool
	// machine is the only one that has the shape, 0 for all.
	machine elf.Machine
	// alternative is set where there is a pointer to replacement code, which may lack
	// a relocation where the replacement has no length.
	alternative bool
	// callback is the bit of an alternative's feature word with which the pointer
	// is to a function that makes the replacement, 0 for none.
	callback uint16
	// cut is set where the last entry may be shorter: what pads an entry
	// comes with the next one.
	cut bool
}

// one is the shape of an entry with one relocated field, at its start.
func one(size uint64) []shape { return []shape{{size: size, required: []uint64{0}}} }

var rows = [...]row{
	// struct alt_instr, arch/x86/include/asm/alternative.h: 14 bytes since
	// 6.3 (32 bits of features and flags), 12 since 5.13, 13 with padlen
	// before, when _static_cpu_has() left the pointer 0; arch/arm64/include/asm/alternative.h: 12, with ARM64_CB_BIT of
	// arch/arm64/include/asm/alternative-macros.h.
	{name: ".altinstructions", class: Alternatives, shapes: []shape{
		{size: 12, required: []uint64{0}, alternative: true, machine: elf.EM_AARCH64, callback: 1 << 15},
		{size: 14, required: []uint64{0}, alternative: true},
		{size: 12, required: []uint64{0}, alternative: true},
		{size: 13, required: []uint64{0}, alternative: true},
	}},
	// struct exception_table_entry, arch/x86/include/asm/extable.h: place,
	// fixup, and a type that was a handler's address before 5.16; arm64's has
	// type and data since 5.16, 8 bytes before, as KVM's.
	{name: "__ex_table", class: ExceptionTable, shapes: extable[:]},
	{name: "__kvm_ex_table", class: ExceptionTable, shapes: extable[:]},
	// struct bug_entry, include/asm-generic/bug.h: place, format string (with
	// HAVE_ARCH_BUG_FORMAT), file and line (with DEBUG_BUGVERBOSE), flags.
	{name: "__bug_table", class: BugTable, shapes: []shape{
		{size: 16, required: []uint64{0}, optional: []uint64{4, 8}},
		{size: 12, required: []uint64{0}, optional: []uint64{4}},
		{size: 8, required: []uint64{0}},
		// absolute, before 5.x on some machines
		{size: 24, required: []uint64{0}, optional: []uint64{8}},
	}},
	// struct jump_entry, include/linux/jump_label.h: code, target, key.
	{name: "__jump_table", class: JumpLabels, shapes: []shape{
		{size: 16, required: []uint64{0, 4, 8}},
		{size: 24, required: []uint64{0, 8, 16}},
	}},
	// struct static_call_site, include/linux/static_call_types.h.
	{name: ".static_call_sites", class: StaticCalls, shapes: []shape{{size: 8, required: []uint64{0, 4}}}},
	{name: "__mcount_loc", class: Tracing, shapes: one(8), absolute: true},
	{name: "__patchable_function_entries", class: Tracing, shapes: one(8), absolute: true},
	// struct paravirt_patch_site, arch/x86/include/asm/paravirt_types.h.
	{name: ".parainstructions", class: Special, shapes: []shape{{size: 16, required: []uint64{0}, cut: true}}, absolute: true},
	{name: ".smp_locks", class: Special, shapes: one(4)},
	{name: ".kcfi_traps", class: Special, shapes: one(4)},
	{name: "runtime_ptr_*", class: Special, shapes: one(4)},
	{name: "runtime_shift_*", class: Special, shapes: one(4)},
	{name: "runtime_mask_*", class: Special, shapes: one(4)},
	{name: "_kprobe_blacklist", class: Special, shapes: one(8), absolute: true},
	// struct error_injection_entry, include/asm-generic/error-injection.h.
	{name: "_error_injection_whitelist", class: Special, shapes: one(16), absolute: true},
	{name: "__ftr_fixup*", class: Special},
	{name: "__ftr_alt_*", class: Special},
	{name: "__mmu_ftr_*", class: Special},
	{name: "__lwsync_fixup", class: Special},
	{name: "__fw_ftr_*", class: Special},
	{name: ".s390_indirect_*", class: Special},
	{name: ".s390_return_*", class: Special},
}

var extable = [...]shape{
	{size: 12, required: []uint64{0, 4}, optional: []uint64{8}, handler: true},
	{size: 8, required: []uint64{0, 4}},
}

// derived are the sections about code that tools make from the code, or that
// are gone at run time.
var derived = [...]string{
	".retpoline_sites", ".return_sites", ".call_sites", ".cfi_sites", ".ibt_endbr_seal",
	".orc_*", ".discard.*", ".hyp.reloc", ".eh_frame", ".sframe", ".debug_*", ".BTF*",
}

// notTables are sections of data that may well point into a function: what
// they hold belongs to whoever refers to it.
var notTables = [...]string{".data*", ".rodata*", ".init.data*", ".init.rodata*", ".ref.*"}

// Data tells whether a section is ordinary data by its name, whatever it
// points at.
func Data(name string) bool { return matchesAny(name, notTables[:]) }

// ReplacementSection holds the replacement code of alternatives.
const ReplacementSection = ".altinstr_replacement"

// matches tells whether a section's name is the pattern, which may end in *.
func matches(name, pattern string) bool {
	prefix, ok := strings.CutSuffix(pattern, "*")
	return ok && strings.HasPrefix(name, prefix) || name == pattern
}

func matchesAny(name string, patterns []string) bool {
	for _, p := range patterns {
		if matches(name, p) {
			return true
		}
	}
	return false
}

// rowOf is what is known of a section of that name, nil for nothing.
func rowOf(name string) *row {
	for i := range rows {
		if matches(name, rows[i].name) {
			return &rows[i]
		}
	}
	return nil
}

// ordinary tells whether a name is one that most sections have, of which there
// is one for each function and variable: no table has such a name.
func ordinary(name string) bool {
	if len(name) < 5 || name[0] != '.' {
		return false
	}
	switch name[1:5] {
	case "text", "roda", "data", "rela", "init":
		return true
	}
	return false
}

// Known tells whether a section is a table about code by its name, or derived
// from such: a reference into it is one to an entry.
func Known(name string) bool {
	return !ordinary(name) && (rowOf(name) != nil || matchesAny(name, derived[:]))
}
