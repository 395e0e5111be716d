#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compares pkg/decode with objdump on every opcode of every map, behind each
# mandatory prefix, with memory and register operands, and on random bytes. AS
# and OBJDUMP must be new ones: decode-gas.sh can bring them. With "arm64" the
# same on 64 words for each value of their upper 16 bits.
#
# usage: [AS=PATH] [OBJDUMP=PATH] decode-maps.sh [arm64]
set -e
cd "$(dirname "$0")/.."
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/decodecheck" ./internal/cmd/decodecheck
"$tmp/decodecheck" -generate "$@" > "$tmp/maps.s"
if [ "$1" = arm64 ]; then
	"${AS:-aarch64-linux-gnu-as}" -o "$tmp/maps.o" "$tmp/maps.s"
	"$tmp/decodecheck" -objdump "${OBJDUMP:-aarch64-linux-gnu-objdump}" "$tmp/maps.o"
	exit
fi
"${AS:-as}" --64 -o "$tmp/maps.o" "$tmp/maps.s"
"$tmp/decodecheck" -opcodes -objdump "${OBJDUMP:-objdump}" "$tmp/maps.o"
