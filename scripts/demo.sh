#!/bin/sh
# SPDX-License-Identifier: MIT
# Shows what fnsum is about, on two builds of testdata/src/demo.c.
set -eu
cd "$(dirname "$0")/.."
old=testdata/demo/gcc-x86_64/old.o new=testdata/demo/gcc-x86_64/new.o

say() { printf '\n%s\n' "$*" | fmt -w 78; }
run() {
	printf '\n$ %s\n' "$*"
	status=0
	"$@" || status=$?
	[ "$status" -eq "$expected" ] || { echo "demo: exit status $status instead of $expected" >&2; exit 1; }
}

say "testdata/src/demo.c was compiled twice; with -DNEW a '>' in an inline function\
 became '>=', a message was reworded, a value of a switch and a loop changed. First,\
 keep the checksums of the old build: a manifest, one line for each function."
expected=0
mkdir -p demo
run ./fnsum sum -v -o demo/old.fnsum $old
printf '\n$ grep -w demo_open demo/old.fnsum\n'
grep -w demo_open demo/old.fnsum

say "The new build against the old one. Nobody edited demo_open or demo_alloc: the\
 inline function reached them. demo_next, demo_trace and demo_event aren't listed:\
 they moved, jump other distances and refer to other offsets, and yet they do what\
 they did."
expected=1
run ./fnsum diff $old $new

say "The manifest tells the same without the old object. It knows names only: which\
 of two static variables called count a function means, it can't tell, and says so.\
 The exit status is 1, as diff(1) has it, because functions changed; scripts take\
 the names."
run ./fnsum diff --format names demo/old.fnsum $new

say "Compared with itself nothing changed, and the exit status is 0."
expected=0
run ./fnsum diff demo/old.fnsum $old
