# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Measure netmsg against raw sockets between the same two nodes, in turns, and
# the engines on this machine.  Sourced by drove after progress.sh.
#
# build/host/bench/* print "bench NAME VALUE UNIT" lines of their own.

bench_rounds=3          # of each measurement, in turns; the median counts
bench_echo_bytes=128    # about what a null RPC's datagram holds
bench_big_bytes=67108864
bench_limit_s=300
bench_folder=''
bench_figures=()

figure() # NAME VALUE UNIT WHAT
{
	bench_figures+=("$1|$2|$3|$4")
}

ratio() { awk -v a="$1" -v b="$2" 'BEGIN { if (b > 0) printf "%.3f", a / b; else print "0" }'; }
median() { sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

on_bench() # K LIMIT_S COMMAND
{
	timeout -k 5 $(($2 + 30)) testbed/cluster --run "$bench_folder" run "$1" "$2" "$3"
}

bench_boot()
{
	testbed/cluster --run "$bench_folder" up 2 --watch $$ \
		--input "1:$B/demo/node1.tar" --input "1:$B/demo/bench.tar" --input "2:$B/demo/bench.tar" &&
	on_bench 1 30 'netmsg -s / && { /bench/netbench udp-server 7000 >/dev/null 2>&1 &
		/bench/netbench tcp-server 7001 >/dev/null 2>&1 & }' &&
	on_bench 2 60 'mkdir -p /mnt && settrans -ac /mnt netmsg node1 && cat /mnt/etc/hostname'
}

# One measurement: KEY's value out of netbench's line, appended to a file.
measure_once() # FILE KEY LIMIT_S COMMAND
{
	local line
	line=$(on_bench 2 "$3" "/bench/netbench $4") || { say "$line"; return 1; }
	say "$4: $line"
	sed -n "s/.*$2 \\([0-9.]*\\).*/\\1/p" <<<"$line" >>"$logs/bench/$1"
}

measure_rpc()
{
	local _
	for _ in $(seq "$bench_rounds"); do
		measure_once udp mean_us 60 "udp-client 10.77.0.1 7000 2000 $bench_echo_bytes" &&
		measure_once rpc mean_us 60 'seek /mnt/srv/big 2000' || return
	done
}

measure_streams() # SUFFIX
{
	local _
	for _ in $(seq "$bench_rounds"); do
		measure_once "tcp$1" mib_s "$bench_limit_s" "tcp-client 10.77.0.1 7001 $bench_big_bytes" &&
		measure_once "read$1" mib_s "$bench_limit_s" 'read /mnt/srv/big' || return
	done
}

measure_streams_with_loss()
{
	testbed/cluster --run "$bench_folder" switch seed 1 &&
	testbed/cluster --run "$bench_folder" switch loss 1 && measure_streams -loss
}

figures_of_cluster()
{
	local name
	for name in udp rpc tcp read tcp-loss read-loss; do
		median <"$logs/bench/$name" >"$logs/bench/$name.median"
	done
	value() { cat "$logs/bench/$1.median"; }
	figure udp_echo_us "$(value udp)" us "UDP echo of $bench_echo_bytes bytes, round trip"
	figure rpc_us "$(value rpc)" us "null RPC through netmsg, round trip"
	figure rpc_ratio "$(ratio "$(value rpc)" "$(value udp)")" x "null RPC over UDP echo (at most 2.0)"
	figure tcp_mib_s "$(value tcp)" MiB/s "64 MiB by a TCP stream"
	figure read_mib_s "$(value read)" MiB/s "64 MiB read through the mount"
	figure read_ratio "$(ratio "$(value read)" "$(value tcp)")" x "read over TCP (at least 0.7)"
	figure tcp_loss_mib_s "$(value tcp-loss)" MiB/s "64 MiB by TCP at 1 % loss"
	figure read_loss_mib_s "$(value read-loss)" MiB/s "64 MiB read at 1 % loss"
	figure loss_ratio "$(ratio "$(value read-loss)" "$(value tcp-loss)")" x "read over TCP at 1 % loss (at least 1.0)"
}

# On one machine, whose kernel has an object twice (see fault-bench.c).
measure_faults()
{
	on_bench 1 60 /tests/cluster/fault-bench >"$logs/bench/faults" && say "$(cat "$logs/bench/faults")"
}

figures_of_faults()
{
	local name value
	while read -r name value; do
		figure "$name" "$value" messages "$(case $name in
			*_read) echo 'to read a clean page (2)' ;;
			*_upgrade_0) echo 'to write a page that was read (2)' ;;
			*_upgrade_1) echo 'the same with one other reader (2 + 2)' ;;
			*_dirty) echo 'to read a page that is dirty elsewhere (at most 4)' ;;
		esac)"
	done <"$logs/bench/faults"
}

host_benches()
{
	local program
	for program in "$B"/host/bench/*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		timeout -k 5 120 "$program" || return
	done
}

figures_of_host()
{
	local _ name value unit rest
	while read -r _ name value unit rest; do
		figure "$name" "$value" "$unit" "$rest"
	done < <(grep '^bench ' "$logs/bench/host.log")
}

print_figures()
{
	local row name value unit what
	printf '\n%-22s %12s %-8s %s\n' figure value unit ''
	for row in "${bench_figures[@]}"; do
		IFS='|' read -r name value unit what <<<"$row"
		printf '%-22s %12s %-8s %s\n' "$name" "$value" "$unit" "$what"
	done
	say
	for row in "${bench_figures[@]}"; do
		IFS='|' read -r name value unit what <<<"$row"
		say "bench $name $value $unit"
	done
}

bench_run() # RUN_FOLDER
{
	bench_folder=$1
	rm -rf "$logs/bench" && mkdir -p "$logs/bench"
	step bench/host 600 "measuring the engines on this machine" host_benches
	testbed/cluster --run "$bench_folder" down >/dev/null 2>&1
	step bench/boot 120 "booting two machines" bench_boot
	step bench/faults 90 "counting messages per page fault" measure_faults
	step bench/rpc 300 "round trips, in turns with raw UDP" measure_rpc
	step bench/streams 1800 "sequential reads, in turns with raw TCP" measure_streams ''
	step bench/streams-loss 1800 "the same at 1 % loss" measure_streams_with_loss
	step bench/down 60 "ending the machines" testbed/cluster --run "$bench_folder" down
	[ ! -e "$logs/bench/host.log" ] || figures_of_host
	figures_of_faults
	figures_of_cluster
	print_figures
}
