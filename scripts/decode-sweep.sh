#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compares pkg/decode with objdump over whole objects, of x86-64 or arm64;
# -objdump PATH takes another objdump than the installed one (see decodecheck
# for the flags). A kernel's must know its instructions: decode-gas.sh can bring
# a new one for x86-64.
#
# objdump takes hours for an object with a section per function, so ld merges
# its code sections first. Their bytes stay: relocations aren't applied.
#
# usage: decode-sweep.sh [-FLAG VALUE]... OBJECT...
set -e
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
(cd "$(dirname "$0")/.." && go build -o "$tmp/decodecheck" ./internal/cmd/decodecheck)
flags=()
while [[ $1 == -* ]]; do flags+=("$1" "$2"); shift 2; done

echo 'SECTIONS { .text : { *(.text .text.*) } }' > "$tmp/merge.ld"
objects=()
for object; do
	if [ "$(readelf -SW "$object" | grep -cE '^ +\[ *[0-9]+\] \.text')" -gt 1000 ]; then
		merged=$tmp/merged/$(realpath "$object")
		mkdir -p "$(dirname "$merged")"
		ld=ld
		if readelf -h "$object" | grep -q 'Machine: *AArch64'; then ld=aarch64-linux-gnu-ld; fi
		$ld -r -T "$tmp/merge.ld" -o "$merged" "$object"
		object=$merged
	fi
	objects+=("$object")
done
"$tmp/decodecheck" "${flags[@]}" "${objects[@]}"
