#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compares pkg/decode with objdump on every opcode of every map, behind each
# mandatory prefix, with memory and register operands, and on random bytes. AS
# and OBJDUMP must be new ones: decode-gas.sh can bring them.
#
# usage: [AS=PATH] [OBJDUMP=PATH] decode-maps.sh
set -e
cd "$(dirname "$0")/.."
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
go build -o "$tmp/decodecheck" ./internal/cmd/decodecheck
"$tmp/decodecheck" -generate > "$tmp/maps.s"
"${AS:-as}" --64 -o "$tmp/maps.o" "$tmp/maps.s"
"$tmp/decodecheck" -opcodes -objdump "${OBJDUMP:-objdump}" "$tmp/maps.o"
