#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every test program of this machine runs under the sanitizers.  Prints TAP.
# usage: test-sanitized BINDIR
set -u
number=0 failed=0
for program in "$1"/tests/*; do
	[ "$(head -c 4 "$program" | tail -c 3)" = ELF ] || continue
	name=${program##*/}
	number=$((number + 1))
	if nm "$program" | grep -qE ' (__asan_init|__tsan_init)$'; then
		echo "ok $number - $name"
	else
		failed=$((failed + 1))
		echo "not ok $number - $name is built without the sanitizers"
	fi
done
echo "1..$number"
[ "$failed" = 0 ] && [ "$number" -gt 20 ]
