# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# From a fresh machine to a built tree; sourced after progress.sh.

target_packages='gnumach-image-1.8-amd64-up gnumach-dev mig-x86-64-gnu'
target_sources='musl lwip libsodium dash busybox sqlite3 lua5.4'

# Two makes in one tree would race.
locked_make() { flock -w 600 "$B/.lock" make -j"$(nproc)" "$@"; }

fetch()
{
	# shellcheck disable=SC2086 # lists of names
	tools/packages deb $target_packages && tools/packages src $target_sources
}

all_fetched()
{
	local name
	for name in $target_packages; do [ -e "$B/deb/.$name" ] || return 1; done
	for name in $target_sources; do [ -e "$B/src/.$name" ] || return 1; done
}

# Quiet when there is nothing to do: `make -q` is cheap.
build_goal() # GOAL LIMIT_S TEXT
{
	! flock -w 600 "$B/.lock" make -q "$1" >/dev/null 2>&1 || return 0
	step "build-${1##*/}" "$2" "$3" locked_make "$1"
}

install_and_build() # GOAL...
{
	local goal
	mkdir -p "$B"
	[ -z "$(tools/packages missing)" ] ||
		step packages 900 "installing Debian packages" tools/packages host
	all_fetched || step fetch 600 "fetching sources from Debian" fetch
	for goal; do
		case $goal in
		testbed) build_goal testbed 300 "building the testbed" ;;
		node) build_goal node 900 "building the node" ;;
		host-tests) build_goal host-tests 900 "building the host tests" ;;
		demo-data) build_goal demo-data 120 "making the demo's input: SQLite's sources and a 64 MiB file" ;;
		bench-data) build_goal bench-data 120 "building what measures on the nodes" ;;
		host-bench) build_goal host-bench 300 "building the host benchmarks" ;;
		*) build_goal "$goal" 900 "building $goal" ;;
		esac
	done
}
