#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Leaves a manifest beside vmlinux.o after a kernel build, so that the next
# build, or another one, can be compared with it:
#
#   make -j8 && fnsum-manifest.sh            in the build directory
#   make -j8 O=../build && fnsum-manifest.sh ../build
#
#   fnsum diff ../build/vmlinux.o.fnsum vmlinux.o
#
# It never fails a build: what goes wrong is said on stderr, and the exit status
# is 0. A manifest that is newer than vmlinux.o is left alone; one of an earlier
# build is kept under the name vmlinux.o.fnsum.old. FNSUM names fnsum where it
# isn't on the path.
#
# usage: fnsum-manifest.sh [BUILD_DIRECTORY]

object=${1:-.}/vmlinux.o
manifest=$object.fnsum

if [ ! -f "$object" ]; then
	echo "fnsum-manifest.sh: $object: there is none; is this a build directory?" >&2
	exit 0
fi
if [ -f "$manifest" ] && [ -z "$(find "$object" -newer "$manifest")" ]; then
	exit 0
fi
if ! "${FNSUM:-fnsum}" sum -o "$manifest.new" "$object"; then
	echo "fnsum-manifest.sh: $object: no manifest was written" >&2
	exit 0
fi
if [ -f "$manifest" ]; then
	mv -f "$manifest" "$manifest.old"
fi
mv -f "$manifest.new" "$manifest"
exit 0
