#!/bin/bash
# SPDX-License-Identifier: MIT
#
# Checks pkg/decode on the GNU assembler's own tests for x86-64: brings Debian's
# binutils source into DIR, assembles what assembles for 64 bits and compares our
# decoding with objdump's. Without SUITE, as and objdump are the installed ones;
# with one (sid), they come from there into DIR and run with its own libraries.
# Nothing outside DIR is written. Nothing of those tests may be committed: GPL.
#
# usage: decode-gas.sh DIR [SUITE]
set -e
dir=$(realpath -m "$1"); suite=$2
cd "$(dirname "$0")/.."
release=$(. /etc/os-release; echo "$VERSION_CODENAME")

mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial"
sed -n '1,/^$/p' /etc/apt/sources.list.d/debian.sources |
	sed "s/^Suites:.*/Suites: ${suite:-$release}/; s/^Types:.*/Types: deb deb-src/" > "$dir/apt/private.sources"
opt=(-o Dir::Etc::sourcelist="$dir/apt/private.sources" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$dir/apt/lists"
	-o Dir::Cache="$dir/apt/cache" -o APT::Sandbox::User=root)
as=as objdump=objdump
(
	cd "$dir"
	[ -f apt/updated ] || { apt-get "${opt[@]}" update -qq; touch apt/updated; }
	for version in $(apt-cache "${opt[@]}" showsrc --only-source binutils | sed -n 's/^Version: //p' | sort -Vr); do
		! ls binutils_*.orig.tar.* >/dev/null 2>&1 || break # the newest may be listed and not be there
		apt-get "${opt[@]}" source -qq --download-only "binutils=$version" || true
	done
	rm -rf source; mkdir source
	tar xf binutils_*.orig.tar.* -C source --strip-components=1 --wildcards '*/gas/testsuite/gas/i386/*'
	[ -z "$suite" ] || [ -d root ] || {
		mkdir -p debs
		cd debs
		apt-get "${opt[@]}" download -qq binutils-x86-64-linux-gnu libbinutils libc6 libctf-nobfd0 libctf0 libjansson4 libsframe3 libzstd1 zlib1g
		for deb in *.deb; do dpkg-deb -x "$deb" ../root; done
		lib=$dir/root/usr/lib/x86_64-linux-gnu
		for tool in as objdump; do
			printf '#!/bin/sh\nexec %s --library-path %s %s "$@"\n' \
				"$lib/ld-linux-x86-64.so.2" "$lib" "$dir/root/usr/bin/x86_64-linux-gnu-$tool" > "../$tool"
			chmod +x "../$tool"
		done
	}
)
[ -z "$suite" ] || as=$dir/as objdump=$dir/objdump
"$objdump" --version | sed 1q

# A test is NAME.d, with options for the assembler and perhaps another source,
# or only NAME.s. Those that test for errors, or for 32 bits only, don't assemble.
rm -rf "$dir/obj"; mkdir "$dir/obj"
cd "$dir/source/gas/testsuite/gas/i386"
assemble() { # OUTPUT SOURCE OPTIONS...
	local out=$dir/obj/$1.o source=$2; shift 2
	timeout 60 "$as" --64 "$@" -o "$out" "$source" >/dev/null 2>&1 || rm -f "$out"
}
for d in *.d; do
	name=${d%.d}
	source=$(sed -n 's/^#source: *//p' "$d" | sed 1q)
	options=$(sed -n 's/^#as: *//p' "$d" | sed 1q)
	[[ " $options " == *" --32 "* ]] || assemble "$name" "${source:-$name.s}" $options
done
for s in *.s; do
	[ -f "$dir/obj/${s%.s}.o" ] || assemble "${s%.s}" "$s"
done
cd - >/dev/null
ls "$dir/obj" | wc -l | sed 's/$/ tests assembled/'
find "$dir/obj" -name '*.o' -print0 | sort -z | xargs -0 go run ./internal/cmd/decodecheck -objdump "$objdump"
