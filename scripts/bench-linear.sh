#!/bin/bash
# SPDX-License-Identifier: MIT
# Shows how cost grows: what a MB of code takes in one process, of an object and of
# objects that hold it 2, 4, 8, ... times, with symbols of their own. Each is summed
# once, behind a first one that warms up: summed again and again, a small one would be
# learned by heart.
#
# usage: bench-linear.sh [OBJECT [DOUBLINGS]]     default: $FNSUM_KERNELS/x86_64-gcc/base.o 2
set -eu
cd "$(dirname "$0")/.."
object=${1:-${FNSUM_KERNELS:?names no folder of kernel objects}/x86_64-gcc/base.o}
doublings=${2:-2}
dir=$(mktemp -d)
trap 'rm -r "$dir"' EXIT
cp "$object" "$dir/1.o"
ln "$dir/1.o" "$dir/0.o"
objects="$dir/0.o $dir/1.o"
for i in $(seq 1 "$doublings"); do
  half=$dir/$((1 << (i - 1))).o
  objcopy --prefix-symbols="_$i" "$half" "$dir/other"
  ld -r --unique -o "$dir/$((1 << i)).o" "$half" "$dir/other"
  rm "$dir/other"
  objects+=" $dir/$((1 << i)).o"
done
for run in 1 2 3 4 5; do
  GOGC=off FNSUM_OBJECTS=$objects go test -run '^$' -bench Objects -benchtime 1x .
done | sed -n 's|^BenchmarkObjects/\([1-9][0-9]*\)\.o.* \([0-9.]*\) ms/MB.*|\1 \2|p' |
  sort -k1,1n -k2,2n | awk '++n[$1] == 3 { print "x" $1, $2, "ms for each MB of code, the median of 5" }'
