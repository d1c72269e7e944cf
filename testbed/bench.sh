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

# On one machine, whose kernel has an object twice (see fault-bench.c); and with a reader on
# the other machine too.
measure_faults()
{
	on_bench 1 60 /tests/cluster/fault-bench >"$logs/bench/faults" &&
	pager_server /pages 2000 &&
	on_bench 1 30 '/tests/cluster/pager-use /pages stay-ro 80 8 >/tmp/stays & sleep 1; cat /tmp/stays' &&
	on_bench 2 30 '/tests/cluster/pager-use /mnt/pages stay 80 8 >/tmp/stays & sleep 1; cat /tmp/stays' &&
	echo "fault_msgs_upgrade_2 $(on_bench 1 30 '/tests/cluster/pager-use /pages upgrade 80 8')" >>"$logs/bench/faults" &&
	say "$(cat "$logs/bench/faults")"
}

pager_server() # PATH HOLD_US
{
	on_bench 1 30 "/tests/cluster/pager-server $1 $2 >/dev/null 2>&1 &
		until /tests/cluster/pager-use $1 show 2>/dev/null; do sleep 1; done"
}

bench_pingpong_s=5

# Both machines write one page as fast as they get it: with the minimum hold and without.
measure_pingpong()
{
	local hold path
	for hold in 2000 0; do
		path=/pingpong-$hold
		pager_server "$path" "$hold" || return
		on_bench 1 60 "/tests/cluster/pager-use $path pingpong 0 0 $bench_pingpong_s" >"$logs/bench/pingpong-$hold-1" &
		on_bench 2 60 "/tests/cluster/pager-use /mnt$path pingpong 0 1 $bench_pingpong_s" >"$logs/bench/pingpong-$hold-2"
		wait $! || return
		say "hold $hold us: node 1: $(cat "$logs/bench/pingpong-$hold-1")"
		say "hold $hold us: node 2: $(cat "$logs/bench/pingpong-$hold-2")"
	done
}

# Faults of one page each, in turns with null RPCs and raw transfers.
measure_fault_time()
{
	local _
	for _ in $(seq "$bench_rounds"); do
		measure_once fault-rpc mean_us 60 'seek /mnt/srv/big 1000' &&
		measure_once fault-tcp mib_s 60 'tcp-client 10.77.0.1 7001 16777216' || return
		on_bench 2 60 '/tests/cluster/fault-bench /mnt/srv/big' >"$logs/bench/fault-once" || return
		say "$(cat "$logs/bench/fault-once")"
		sed -n 's/.*fault_us \([0-9.]*\).*/\1/p' "$logs/bench/fault-once" >>"$logs/bench/fault"
	done
}

# The same file, by read and through a mapping.
measure_mapping()
{
	local _
	for _ in $(seq "$bench_rounds"); do
		measure_once map-read mib_s "$bench_limit_s" 'read /mnt/srv/big' &&
		measure_once map-mmap mib_s "$bench_limit_s" 'mmap /mnt/srv/big' || return
	done
}

figures_of_faults()
{
	local name value
	while read -r name value; do
		figure "$name" "$value" messages "$(case $name in
			*_read) echo 'to read a clean page (2)' ;;
			*_upgrade_0) echo 'to write a page that was read (2)' ;;
			*_upgrade_1) echo 'the same with one other reader (2 + 2)' ;;
			*_upgrade_2) echo 'the same with two other readers, one remote (2 + 4)' ;;
			*_dirty) echo 'to read a page that is dirty elsewhere (at most 4)' ;;
		esac)"
	done <"$logs/bench/faults"
}

# Of the KEYs of both nodes' lines.
pingpong() # HOLD KEY sum|mean
{
	sed -n "s/.*$2 \\([0-9.]*\\).*/\\1/p" "$logs/bench/pingpong-$1-1" "$logs/bench/pingpong-$1-2" |
		awk -v how="$3" '{ s += $1 } END { printf "%.1f", how == "sum" ? s : s / NR }'
}

figures_of_mapping()
{
	local hold name rpc tcp fault
	for hold in 2000 0; do
		name=$([ "$hold" = 0 ] && echo pingpong_no_hold || echo pingpong)
		figure "$name" "$(pingpong "$hold" handovers_s sum)" "per s" "hand-overs of a page that two nodes write, hold $hold us"
		figure "${name}_work" "$(pingpong "$hold" work mean)" writes "work per hand-over"
	done
	rpc=$(median <"$logs/bench/fault-rpc") tcp=$(median <"$logs/bench/fault-tcp") fault=$(median <"$logs/bench/fault")
	figure fault_us "$fault" us "remote read fault of one page"
	figure fault_ratio "$(awk -v f="$fault" -v r="$rpc" -v t="$tcp" 'BEGIN { printf "%.3f", f / (r + 4096 / t / 1.048576) }')" x \
		"that over null RPC ($rpc us) and one page of raw TCP (at most 1.5)"
	figure mmap_read_mib_s "$(median <"$logs/bench/map-mmap")" MiB/s "64 MiB read through a remote mapping"
	figure mmap_read_ratio "$(ratio "$(median <"$logs/bench/map-mmap")" "$(median <"$logs/bench/map-read")")" x "that over read() of the same file (at least 0.8)"
}

# A null call to a file: alone, traced to a file, and passed on without a line written.
measure_trace()
{
	local _ kind line
	for _ in $(seq "$bench_rounds"); do
		for kind in alone lines none; do
			line=$(on_bench 1 60 "$(case $kind in
				lines) echo 'rpctrace -o /tmp/trace' ;;
				none) echo 'rpctrace -e none -o /tmp/trace' ;;
			esac) /tests/cluster/rpctrace-work time 3000") || { say "$line"; return 1; }
			say "$kind: $line"
			sed -n 's/^call \([0-9]*\) ns$/\1/p' <<<"$line" >>"$logs/bench/trace-$kind"
		done
	done
}

figures_of_trace()
{
	local kind
	for kind in alone lines none; do
		median <"$logs/bench/trace-$kind" >"$logs/bench/trace-$kind.median"
	done
	figure trace_ratio "$(ratio "$(cat "$logs/bench/trace-lines.median")" "$(cat "$logs/bench/trace-alone.median")")" x \
		"null RPC traced to a file over untraced"
	figure trace_format_share "$(awk -v lines="$(cat "$logs/bench/trace-lines.median")" -v none="$(cat "$logs/bench/trace-none.median")" \
		-v alone="$(cat "$logs/bench/trace-alone.median")" 'BEGIN { printf "%.3f", (lines > alone ? (lines - none) / (lines - alone) : 0) }')" x \
		"of what tracing adds: lines made and written"
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
	step bench/pingpong 200 "two nodes writing one page" measure_pingpong
	step bench/fault-time 400 "remote page faults, in turns with null RPCs" measure_fault_time
	step bench/mapping 1800 "remote mappings, in turns with read" measure_mapping
	step bench/trace 300 "a call traced, in turns with one that is not" measure_trace
	step bench/rpc 300 "round trips, in turns with raw UDP" measure_rpc
	step bench/streams 1800 "sequential reads, in turns with raw TCP" measure_streams ''
	step bench/streams-loss 1800 "the same at 1 % loss" measure_streams_with_loss
	step bench/down 60 "ending the machines" testbed/cluster --run "$bench_folder" down
	[ ! -e "$logs/bench/host.log" ] || figures_of_host
	figures_of_faults
	figures_of_mapping
	figures_of_trace
	figures_of_cluster
	print_figures
}
