#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes the fixtures from the file sample with xz, which is their oracle.
set -e
cd "$(dirname "$0")"
make() { out=$1; shift; xz -c "$@" sample > "$out.xz"; }
make kernel --check=crc32 --lzma2=dict=1MiB # as the kernel's modules_install
make plain
make best -9e
make fast -0
make none --check=none
make sha256 --check=sha256
make lp --lzma2=preset=6,lc=0,lp=4,pb=0
make pb --lzma2=preset=6,lc=1,lp=2,pb=4
make blocks --block-size=5000 -T2 # headers with sizes
make dict4k --lzma2=dict=4KiB
make x86 --x86 --lzma2 # refused
xz -c < /dev/null > empty.xz
(xz -c < /dev/null; xz -c sample; head -c 8 /dev/zero; xz -c -0 sample; head -c 4 /dev/zero) > streams.xz
head -c 67108864 /dev/zero | xz -c > zeros64M.xz
head -c 600 sample | xz -c --check=none --lzma2=preset=6,lc=1,lp=1,pb=1 > small.xz
