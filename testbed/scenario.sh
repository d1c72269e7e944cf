# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the scenarios in tests/cluster share: a cluster of their own, commands on
# its nodes, and TAP results.  A scenario is a script that sources this file.

set -u
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P) || exit 1
cd "$top" || exit 1
. testbed/common.sh

run=${DROVE_RUN:-$B/run-test}
# How long a peer may be silent before its rights are dead (netmsg -t), and
# what the console, the shell and slow machines may add to it.
peer_timeout_s=10
slack_s=2

results=0 failures=0
scratch=$(mktemp -d) || exit 1
trap 'status=$?; trap - EXIT; cluster down >/dev/null 2>&1; rm -rf "$scratch"; exit $status' EXIT
trap 'exit 143' TERM INT HUP

cluster() { testbed/cluster --run "$run" "$@"; }

result() # ok|not TEXT [FILE WITH DETAILS]
{
	results=$((results + 1))
	if [ "$1" = ok ]; then
		echo "ok $results - $2"
	else
		failures=$((failures + 1))
		echo "not ok $results - $2"
		[ -z "${3:-}" ] || head -n 20 "$3" | sed 's/^/# /'
	fi
}

# Run a command; its success is the result.
passes() # TEXT COMMAND...
{
	local text=$1
	shift
	if "$@" >"$scratch/out" 2>&1; then result ok "$text"; else
		echo "status $?" >>"$scratch/out"
		result not "$text" "$scratch/out"
	fi
}

equal() # TEXT WANTED GOT
{
	printf 'wanted: %s\ngot:    %s\n' "$2" "$3" >"$scratch/out"
	if [ "$2" = "$3" ]; then result ok "$1"; else result not "$1" "$scratch/out"; fi
}

contains() # TEXT PATTERN GOT
{
	printf 'wanted: %s\ngot:    %s\n' "$2" "$3" >"$scratch/out"
	if grep -qE -- "$2" <<<"$3"; then result ok "$1"; else result not "$1" "$scratch/out"; fi
}

# A duration must not exceed a limit.
at_most() # TEXT LIMIT_S GOT_MS
{
	echo "limit $2 s, took $3 ms" >"$scratch/out"
	if [ "$3" -le $(($2 * 1000)) ]; then result ok "$1 ($3 ms)"; else result not "$1" "$scratch/out"; fi
}

# What a reader of the log needs and cannot ask for later: the cluster goes.
describe_nodes()
{
	local k
	for k in $(seq "$(cat "$run/nodes" 2>/dev/null || echo 0)"); do
		echo "node $k, end of its console:"
		tail -n 6 "$run/node$k/console.log" 2>/dev/null | tr -d '\r'
		echo "node $k, netmsg status:"
		on "$k" 10 'netmsg status' 2>&1
	done
	cluster switch stats 2>&1
}

bail_out() # WHY
{
	echo "not ok $((results + 1)) - $1"
	[ -z "${2:-}" ] || sed 's/^/# /' "$2"
	describe_nodes | sed 's/^/# /'
	exit 1
}

finish()
{
	echo "1..$results"
	[ "$failures" = 0 ] && [ "$results" -gt 0 ]
	exit
}

now_ms() { echo $((${EPOCHREALTIME/./} / 1000)); }

# A command on a node; 30 s unless told.
on() # K [SECONDS] COMMAND
{
	local k=$1 limit=30
	shift
	[ $# = 1 ] || { limit=$1; shift; }
	timeout -k 5 $((limit + 20)) testbed/cluster --run "$run" run "$k" "$limit" "$1"
}

# A command that must fail, with one line of complaint and no more.
fails_with() # TEXT K PATTERN COMMAND
{
	local out status
	out=$(on "$2" 40 "($4) 2>&1")
	status=$?
	printf 'status: %s\nwanted: %s\ngot:    %s\n' "$status" "$3" "$out" >"$scratch/out"
	if [ "$status" != 0 ] && [ "$status" -lt 124 ] && grep -qE -- "$3" <<<"$out" &&
		[ "$(wc -l <<<"$out")" = 1 ]; then
		result ok "$1"
	else
		result not "$1" "$scratch/out"
	fi
}

boot() # N [OPTION...]
{
	cluster down >/dev/null 2>&1
	cluster up "$@" --watch $$ >"$scratch/boot" 2>&1 || bail_out "the cluster boots" "$scratch/boot"
}

boot_with_data() # N
{
	[ -s "$B/demo/node1.tar" ] || bail_out "the demo's data is built: make demo-data"
	boot "$1" --input "1:$B/demo/node1.tar" --input "2:$B/demo/node2.tar"
}

serve() # K [OPTION...]
{
	local k=$1
	shift
	on "$k" "netmsg -s / $*" >"$scratch/serve" 2>&1 || bail_out "node $k serves" "$scratch/serve"
}

mount_on() # K HOST
{
	on "$1" "mkdir -p /mnt && settrans -ac /mnt netmsg $2" >"$scratch/mount" 2>&1 &&
		[ "$(on "$1" 'cat /mnt/etc/hostname' 2>>"$scratch/mount")" = "$2" ] ||
		bail_out "node $1 mounts $2" "$scratch/mount"
}

big_sum() { sed -n 's/ .*big$//p' "$B/demo/2/srv/sums"; }
