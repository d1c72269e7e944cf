# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
# What the testbed's scripts share; sourced, with $top set and as the working
# directory: all paths are relative to it, for unix sockets have short names.

B=build
nodes_max=4
process_end_s=5         # how long an ended process may take to go away

say() { printf '%s\n' "$*"; }
die() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }

# The pid in a guard's pid file, if that process lives and is of this checkout.
pid_of() # PIDFILE
{
	local pid state
	pid=$(cat "$1" 2>/dev/null) && [ -n "$pid" ] || return 1
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$pid/status" 2>/dev/null) || return 1
	[ -n "$state" ] && [ "$state" != Z ] || return 1
	[ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" = "$top" ] || return 1
	printf '%s\n' "$pid"
}

# Repeat a command until it succeeds, at most so many seconds.
within() # SECONDS COMMAND...
{
	local end=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift
	until "$@"; do
		[ "${EPOCHREALTIME/./}" -lt "$end" ] || return 1
		sleep 0.05
	done
}

children_of() # PID
{
	local file
	for file in $(grep -ls "^PPid:[[:space:]]$1\$" /proc/[0-9]*/status 2>/dev/null); do
		sed -n 's/^Pid:[[:space:]]*//p' "$file" 2>/dev/null
	done
}
