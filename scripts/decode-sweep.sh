#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Compares pkg/decode with objdump over whole objects; -objdump PATH takes
# another objdump than the installed one.
#
# usage: decode-sweep.sh [FLAG...] OBJECT...
set -e
tool=$(mktemp); trap 'rm -f "$tool"' EXIT
(cd "$(dirname "$0")/.." && go build -o "$tool" ./internal/cmd/decodecheck)
"$tool" "$@"
