// SPDX-License-Identifier: MIT

package object

import "debug/elf"

// arm64None is R_AARCH64_NULL, which R_AARCH64_NONE was in drafts of the ABI (ELF for the
// Arm 64-bit Architecture, "Miscellaneous relocations").
const arm64None = uint32(elf.R_AARCH64_NULL)

func isARM64(machine elf.Machine) bool { return machine == elf.EM_AARCH64 }
