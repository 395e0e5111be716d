# SPDX-License-Identifier: MIT
#
# Pairing: which function of one build is which of the other. pairing/CASE/BUILD holds
# old.o and new.o, src/pairing their sources, pairing/cases.txt what differs.
# Included by the Makefile. Needs besides its compilers
#
#   ld, objcopy (GNU Binutils for Debian) 2.40
#   Debian LLD 19.1.7
#   rustc 1.95.0 (59807616e 2026-04-14)

LLD ?= ld.lld-19
RUSTC ?= rustc
OBJCOPY ?= objcopy

.PHONY: pairing
pairing:

PAIRING_CFLAGS = -O2 -std=gnu11 -Wall -ffreestanding -fno-pic -fno-pie -mno-red-zone -mcmodel=kernel \
	-fno-asynchronous-unwind-tables -fno-stack-protector -fcf-protection=none -fno-ident

# The builds: how a file is compiled, and how all of them are linked.
pairing_sections = -ffunction-sections -fdata-sections
pairing_lto = $(GCC) $(PAIRING_CFLAGS) -flto=2 -frandom-seed=0 -nostdlib -r -flinker-output=nolto-rel
pairing_compile_gcc = $(GCC) $(PAIRING_CFLAGS)
pairing_compile_gcc-sections = $(GCC) $(PAIRING_CFLAGS) $(pairing_sections)
pairing_compile_gcc-lto = $(GCC) $(PAIRING_CFLAGS) -flto -frandom-seed=0
pairing_compile_gcc-lto-max = $(pairing_compile_gcc-lto)
pairing_compile_clang = $(CLANG) $(PAIRING_CFLAGS) -fno-addrsig
pairing_compile_clang-sections = $(pairing_compile_clang) $(pairing_sections)
pairing_compile_clang-thinlto = $(CLANG) $(PAIRING_CFLAGS) -fno-addrsig -flto=thin
pairing_link = $(LD) -r
pairing_link_gcc-lto = $(pairing_lto) -flto-partition=one
pairing_link_gcc-lto-max = $(pairing_lto) -flto-partition=max
pairing_arm64 = $(filter-out -m% -fcf-protection=none,$(PAIRING_CFLAGS)) -mgeneral-regs-only \
	-mbranch-protection=pac-ret+bti -fno-unwind-tables
pairing_compile_gcc-arm64 = $(ARM64_GCC) $(pairing_arm64)
pairing_compile_clang-arm64 = $(CLANG) --target=aarch64-linux-gnu $(pairing_arm64) -fno-addrsig
pairing_link_gcc-arm64 = $(ARM64_LD) -r
pairing_link_clang-arm64 = $(ARM64_LD) -r
pairing_link_clang-thinlto = $(LLD) -m elf_x86_64 -r --lto-O2 --thinlto-jobs=1

# $(call pairing_case,CASE,SOURCE,BUILDS,FLAGS,OLD FILES,NEW FILES)
#
# A file is the name that it is compiled under and the macro that chooses its part of
# the source, name.c:MACRO, in the order of the link. Each is compiled in a directory
# of its own, so that two can have one name. pairing_objects is all of them, for `clean`.
define pairing_case
$(foreach build,$3,$(eval $(call pairing_object,pairing/$1/$(build)/old.o,$2,$(build),$4,$5)))
$(foreach build,$3,$(eval $(call pairing_object,pairing/$1/$(build)/new.o,$2,$(build),$4 -DNEW,$6)))
endef

define pairing_object
pairing: $1
pairing_objects += $1
$1: src/pairing/$2 src/pairing/pairing.h pairing.mk
	rm -rf $$@.tmp && mkdir -p $$@.tmp
	set -e; n=0; for file in $5; do \
		n=$$$$((n + 1)); mkdir $$@.tmp/$$$$n; cp src/pairing/$2 $$@.tmp/$$$$n/$$$${file%:*}; \
		(cd $$@.tmp/$$$$n && $$(pairing_compile_$3) -I$$(CURDIR)/src/pairing $4 \
			-D$$$${file#*:} -c -o out.o $$$${file%:*}); \
	done
	cd $$@.tmp && $$(or $$(pairing_link_$3),$$(pairing_link)) -o out.o */out.o
	set -e; for names in $$(PAIRING_RENAME); do $$(OBJCOPY) --redefine-sym $$$$names $$@.tmp/out.o; done
	mv $$@.tmp/out.o $$@ && rm -rf $$@.tmp
endef

pairing_all = gcc gcc-sections clang gcc-lto clang-thinlto
pairing_both_arm64 = gcc-arm64 clang-arm64
pairing_split = gcc clang gcc-lto clang-thinlto

pairing_core_user = core.c:CORE user.c:USER
pairing_one_two = one.c:ONE two.c:TWO
pairing_one_two_user = $(pairing_one_two) user.c:USER

# Layout.
$(eval $(call pairing_case,insert,insert.c,$(pairing_all) $(pairing_both_arm64),,$(pairing_core_user),$(pairing_core_user)))
$(eval $(call pairing_case,reorder,reorder.c,$(pairing_all) $(pairing_both_arm64),,reorder.c:ALL,reorder.c:ALL))
$(eval $(call pairing_case,anchors,anchors.c,gcc $(pairing_both_arm64),,anchors.c:ALL,anchors.c:ALL))
$(eval $(call pairing_case,anchors-in-front,anchors.c,gcc-arm64,-DIN_FRONT,anchors.c:ALL,anchors.c:ALL))

# Files.
$(eval $(call pairing_case,file-in-front,file-in-front.c,$(pairing_all),,$(pairing_core_user),front.c:FRONT $(pairing_core_user)))
$(eval $(call pairing_case,file-renamed,file-renamed.c,$(pairing_split),,$(pairing_one_two),three.c:ONE two.c:TWO))
$(eval $(call pairing_case,file-renamed-moved,file-renamed.c,gcc clang-thinlto,,$(pairing_one_two),two.c:TWO three.c:ONE))
$(eval $(call pairing_case,moved-file,moved-file.c,$(pairing_all),,$(pairing_one_two) three.c:THREE user.c:USER,$(pairing_one_two) three.c:THREE user.c:USER))
$(eval $(call pairing_case,dup-files-edited,dup-files.c,$(pairing_split),-DEDITED,inode.c:ONE inode.c:TWO user.c:USER,inode.c:ONE inode.c:TWO user.c:USER))
$(eval $(call pairing_case,dup-files-swapped,dup-files.c,$(pairing_split),,inode.c:ONE inode.c:TWO user.c:USER,inode.c:TWO inode.c:ONE user.c:USER))
$(eval $(call pairing_case,copies-inserted,copies.c,$(pairing_split),,$(pairing_one_two),one.c:ONE between.c:BETWEEN two.c:TWO))
$(eval $(call pairing_case,copies-removed,copies.c,$(pairing_split),,one.c:ONE between.c:BETWEEN two.c:TWO,$(pairing_one_two)))
$(eval $(call pairing_case,copies-edited,copies.c,gcc clang-thinlto,-DEDITED,$(pairing_one_two),$(pairing_one_two)))

# Clones.
pairing/clones-%: PAIRING_CFLAGS += -fipa-cp-clone
$(eval $(call pairing_case,clones-inserted,clones.c,gcc gcc-lto,-DINSERTED,clones.c:ALL,clones.c:ALL))
$(eval $(call pairing_case,clones-swapped,clones.c,gcc gcc-lto,-DSWAPPED,clones.c:ALL,clones.c:ALL))
$(eval $(call pairing_case,clones-swapped-edited,clones.c,gcc gcc-lto,-DSWAPPED -DEDITED,clones.c:ALL,clones.c:ALL))
$(eval $(call pairing_case,clones-crossed,clones.c,gcc gcc-lto,-DCROSSED,clones.c:ALL,clones.c:ALL))
$(eval $(call pairing_case,clones-files,clones-files.c,gcc gcc-lto,,$(pairing_one_two),two.c:TWO one.c:ONE))
# gcc 8 counted the clones of all functions of a file, so every number moves with a new one.
$(eval $(call pairing_case,clones-renumbered,clones.c,gcc,,clones.c:ALL,clones.c:ALL))
pairing/clones-renumbered/%/old.o: PAIRING_RENAME = work.constprop.0=work.constprop.11 work.constprop.1=work.constprop.12 weigh.isra.0=weigh.isra.10
$(eval $(call pairing_case,suffix-constprop,suffix.c,gcc,-DCONSTPROP,suffix.c:ALL,suffix.c:ALL))
$(eval $(call pairing_case,suffix-unused,suffix.c,gcc,-DUNUSED,suffix.c:ALL,suffix.c:ALL))
$(eval $(call pairing_case,suffix-isra,suffix.c,gcc,-DISRA,suffix.c:ALL,suffix.c:ALL))
$(eval $(call pairing_case,suffix-constprop-lost,suffix.c,gcc,-DCONSTPROP -DREVERSED,suffix.c:ALL,suffix.c:ALL))
$(eval $(call pairing_case,suffix-isra-lost,suffix.c,gcc,-DISRA -DREVERSED,suffix.c:ALL,suffix.c:ALL))
$(eval $(call pairing_case,suffix-both,suffix.c,gcc,-DBOTH -fipa-cp-clone,suffix.c:ALL,suffix.c:ALL))

# Callers that call another function of the same name.
pairing_switched = gcc-lto gcc-lto-max clang-thinlto
pairing_switched_S = switched.S:ALL
$(eval $(call pairing_case,switched-caller,switched-caller.c,$(pairing_switched),,$(pairing_one_two_user),$(pairing_one_two_user)))
$(eval $(call pairing_case,switched-caller,switched-caller.S,gcc,,$(pairing_switched_S),$(pairing_switched_S)))
$(eval $(call pairing_case,switched-caller-size,switched-caller.S,gcc,-DSAME_SIZE,$(pairing_switched_S),$(pairing_switched_S)))
pairing/switched-caller/gcc/% pairing/switched-caller-size/gcc/%: PAIRING_RENAME = probe_one=probe probe_two=probe
$(eval $(call pairing_case,switched-caller-size,switched-caller.c,$(pairing_switched),-DSAME_SIZE,$(pairing_one_two_user),$(pairing_one_two_user)))
$(eval $(call pairing_case,switched-caller-twins,switched-caller.c,gcc-lto clang-thinlto,-DTWINS,$(pairing_one_two_user),$(pairing_one_two_user)))
$(eval $(call pairing_case,switched-caller-moved,switched-caller.c,gcc-lto clang-thinlto,-DSAME_SIZE -DMOVED,$(pairing_one_two_user),$(pairing_one_two_user)))

# Names.
$(eval $(call pairing_case,twins-switched-global,twins.c,gcc clang,-DSWITCHED,twins.c:ALL,twins.c:ALL))
$(eval $(call pairing_case,twins-switched-static,twins.c,gcc clang,-DSWITCHED -DSTATIC,twins.c:ALL,twins.c:ALL))
$(eval $(call pairing_case,names-swapped-global,twins.c,gcc clang,-DNAMES,twins.c:ALL,twins.c:ALL))
$(eval $(call pairing_case,names-swapped-static,twins.c,gcc clang,-DNAMES -DSTATIC,twins.c:ALL,twins.c:ALL))
$(eval $(call pairing_case,renamed-static,renamed.c,$(pairing_split),-DSTATIC,renamed.c:ALL,renamed.c:ALL))
$(eval $(call pairing_case,renamed-global,renamed.c,gcc clang,-DGLOBAL,renamed.c:ALL,renamed.c:ALL))
$(eval $(call pairing_case,renamed-twins,renamed.c,gcc clang,-DTWINS,renamed.c:ALL,renamed.c:ALL))
$(eval $(call pairing_case,renamed-edited,renamed.c,gcc clang,-DEDITED,renamed.c:ALL,renamed.c:ALL))
$(eval $(call pairing_case,renamed-chain,renamed.c,gcc clang,-DCHAIN,renamed.c:ALL,renamed.c:ALL))
$(eval $(call pairing_case,scope,scope.c,gcc gcc-sections clang,,scope.c:ALL,scope.c:ALL))
$(eval $(call pairing_case,unique-id,unique-id.c,$(pairing_split),,unique-id.c:ALL,unique-id.c:ALL))

# One body, two names: the macro DIFFERENT stands where the file's usually does.
$(eval $(call pairing_case,icf-global-split,icf.c,gcc,-DGLOBAL,icf.c:ALL,icf.c:DIFFERENT))
$(eval $(call pairing_case,icf-global-joined,icf.c,gcc,-DGLOBAL,icf.c:DIFFERENT,icf.c:ALL))
$(eval $(call pairing_case,icf-static-split,icf.c,gcc,-DSTATIC,icf.c:ALL,icf.c:DIFFERENT))
$(eval $(call pairing_case,icf-static-joined,icf.c,gcc,-DSTATIC,icf.c:DIFFERENT,icf.c:ALL))
$(eval $(call pairing_case,alias-split,icf.c,gcc clang,-DALIAS,icf.c:ALL,icf.c:DIFFERENT))
$(eval $(call pairing_case,alias-joined,icf.c,gcc,-DALIAS,icf.c:DIFFERENT,icf.c:ALL))
$(eval $(call pairing_case,alias-copied,icf.c,gcc clang,-DALIAS -DCOPY,icf.c:ALL,icf.c:DIFFERENT))

# Cold parts.
$(eval $(call pairing_case,cold-gained,cold.c,gcc gcc-sections,-DGAINED,one.c:ONE,one.c:ONE))
$(eval $(call pairing_case,cold-in-front,cold.c,gcc gcc-sections gcc-lto,,$(pairing_one_two),first.c:FIRST $(pairing_one_two)))
$(eval $(call pairing_case,cold-edited,cold.c,gcc gcc-sections gcc-lto,-DEDITED,$(pairing_one_two),$(pairing_one_two)))
$(eval $(call pairing_case,cold-inserted,cold.c,gcc,-DINSERTED,one.c:ONE,one.c:ONE))
$(eval $(call pairing_case,cold-renumbered,cold.c,gcc,-DINSERTED,one.c:ONE two.c:TWO,one.c:ONE two.c:TWO))
pairing/cold-renumbered/gcc/old.o: PAIRING_RENAME = handle.cold=handle.cold.1
pairing/cold-renumbered/gcc/new.o: PAIRING_RENAME = handle.cold=handle.cold.5 inserted.cold=inserted.cold.4

# Statics.
$(eval $(call pairing_case,locals-inserted,static-locals.c,gcc gcc-sections clang,-DINSERTED,locals.c:ALL,locals.c:ALL))
$(eval $(call pairing_case,locals-switched,static-locals.c,gcc gcc-sections clang,-DSWITCHED,locals.c:ALL,locals.c:ALL))
$(eval $(call pairing_case,fields-swapped,static-locals.c,clang clang-sections,-DFIELDS,locals.c:ALL,locals.c:ALL))
$(eval $(call pairing_case,field-in-front,static-locals.c,clang clang-sections,-DFIELD_IN_FRONT,locals.c:ALL,locals.c:ALL))

# Rust: the build is the mangling.
PAIRING_RUSTFLAGS = --edition 2021 --crate-name pairing -Z unstable-options -C opt-level=2 -C panic=abort \
	-C codegen-units=1 -C relocation-model=static -C code-model=kernel -C force-unwind-tables=no --emit obj

define pairing_rust
pairing: pairing/$1/$2/old.o pairing/$1/$2/new.o
pairing_objects += pairing/$1/$2/old.o pairing/$1/$2/new.o
pairing/$1/$2/old.o: PAIRING_METADATA = m1
pairing/$1/$2/new.o: PAIRING_METADATA = $4 $3
pairing/$1/$2/old.o pairing/$1/$2/new.o: src/pairing/rust.rs pairing.mk
	mkdir -p $$(@D)
	cd src/pairing && RUSTC_BOOTSTRAP=1 $$(RUSTC) $$(PAIRING_RUSTFLAGS) -C symbol-mangling-version=$(2:rust-%=%) \
		-C metadata=$$(PAIRING_METADATA) -o $$(CURDIR)/$$@ rust.rs
	$$(OBJCOPY) -R .comment $$@
endef

# m2 makes a hash of ten digits, others have eleven.
$(foreach build,rust-legacy rust-v0,$(eval $(call pairing_rust,rust-edited,$(build),--cfg edited,m3)))
$(foreach build,rust-legacy rust-v0,$(eval $(call pairing_rust,rust-generic,$(build),--cfg generic,m4)))
$(foreach build,rust-legacy rust-v0,$(eval $(call pairing_rust,rust-closure,$(build),--cfg closure,m2)))
