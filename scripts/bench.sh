#!/bin/bash
# SPDX-License-Identifier: MIT
# Times fnsum sum against upstream's objtool and against xxhsum on one kernel
# object, in turn, and prints the ratios of the medians. Times alone say little on
# a shared machine; run in the same minute, their ratio does.
#
# usage: bench.sh [OBJECT]     default: $FNSUM_KERNELS/x86_64-gcc/base.o
# OBJTOOL names objtool; without it, or without xxhsum, that row is left out.
set -eu
cd "$(dirname "$0")/.."
object=${1:-${FNSUM_KERNELS:?names no folder of kernel objects}/x86_64-gcc/base.o}
runs=${RUNS:-5}
fnsum=$(mktemp)
trap 'rm -f "$fnsum"' EXIT
CGO_ENABLED=0 go build -o "$fnsum" ./cmd/fnsum

names=(fnsum) commands=("$fnsum sum -o /dev/null $object")
[ -z "${OBJTOOL:-}" ] || { names+=(objtool); commands+=("$OBJTOOL klp checksum --dry-run $object"); }
! command -v xxhsum >/dev/null || { names+=(xxhsum); commands+=("xxhsum -H3 $object"); }

TIMEFORMAT=%R
declare -A times
for run in $(seq 0 "$runs"); do # run 0 warms up
  for i in "${!names[@]}"; do
    t=$( { time ${commands[i]} >/dev/null 2>&1; } 2>&1 )
    [ "$run" = 0 ] || times[${names[i]}]+="$t "
  done
done
median() { tr ' ' '\n' <<<"$1" | grep . | sort -n | sed -n "$((runs / 2 + 1))p"; }
base=$(median "${times[fnsum]}")
for name in "${names[@]}"; do
  m=$(median "${times[$name]}")
  printf '%-8s median %s s of %s  ratio to fnsum %s\n' "$name" "$m" "$runs" "$(awk "BEGIN { printf \"%.2f\", $m / $base }")"
done

# Anonymous memory, as the kernel counts it: mapped pages of the file are not in it.
"$fnsum" sum -o /dev/null "$object" & pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
  now=$(awk '/^RssAnon/ { print $2 }' /proc/$pid/status 2>/dev/null || true)
  [ "${now:-0}" -le "$peak" ] || peak=$now
done
echo "RssAnon  peak $((peak / 1024)) MiB"
