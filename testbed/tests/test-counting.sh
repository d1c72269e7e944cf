#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How `drove test` counts: what fails, what is silent and what stops early must
# be counted as failed.  usage: test-counting BINDIR
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
. testbed/common.sh
. testbed/progress.sh
. testbed/test.sh
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
log=$folder/log results=$folder/results failures=$folder/failures
number=0 wrong=0

counts() # TEXT WANTED FUNCTION STATUS; the program's output on stdin
{
	local got
	cat >"$log"
	: >"$results"
	"$3" name "$log" "$4" 10 >/dev/null
	got=$(counted)
	number=$((number + 1))
	if [ "$got" = "$2" ]; then echo "ok $number - $1"; else
		wrong=$((wrong + 1))
		echo "not ok $number - $1"
		echo "# wanted '$2', got '$got'"
	fi
}

counts 'all passed' '2 0 0' count_tap 0 <<<$'1..2\nok 1 - a\nok 2 - b\n# ok - group'
counts 'one failed' '1 1 0' count_tap 1 <<<$'1..2\nok 1 - a\nnot ok 2 - b'
counts "cmocka's skip is a skip" '1 0 1' count_tap 0 <<<$'1..2\nok 1 - a\nnot ok 2 # SKIP b'
counts 'silence fails' '0 1 0' count_tap 0 </dev/null
counts 'a crash after success fails' '1 1 0' count_tap 139 <<<$'1..1\nok 1 - a'
counts 'a crash after a failure is one more' '0 2 0' count_tap 139 <<<'not ok 1 - a'
counts 'stopping early fails' '1 1 0' count_tap 0 <<<$'1..3\nok 1 - a'
counts 'time over fails' '1 1 0' count_tap 124 <<<'ok 1 - a'
counts 'status 1 without a failure fails' '1 1 0' count_tap 1 <<<'ok 1 - a'
counts 'a node program' '2 0 0' count_node_program 0 <<<$'PASS a\nPASS: b\nother'
counts 'a node program that fails' '1 1 0' count_node_program 1 <<<$'PASS a\nFAIL b'
counts 'a silent node program fails' '0 1 0' count_node_program 0 <<<'hello'
counts 'a dead node fails' '1 1 0' count_node_program 125 <<<'PASS a'
counts 'a node program that hangs fails' '1 1 0' count_node_program 124 <<<'PASS a'
counts 'only skips: nothing passed' '0 0 1' count_node_program 0 <<<'SKIP a'
echo "1..$number"
[ "$wrong" = 0 ] && [ "$number" = 15 ]
