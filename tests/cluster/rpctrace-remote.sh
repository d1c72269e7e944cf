#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace attaches to the servers that another machine works with, and lets them go, in a loop: the root file
# server, and netmsg itself.  Every operation of the other machine is right, and no port name is left.
# DROVE_RPCTRACE_REMOTE_TIMES asks for more.
. "$(dirname "$0")/../../testbed/scenario.sh"
times=${DROVE_RPCTRACE_REMOTE_TIMES:-2}
spare_threads=8	# pools keep some that have nothing to do: how many, depends on how much came at once
boot 2
serve 1
mount_on 2 node1

on 1 "cat >/tmp/attach <<\\EOF
$(cat tests/cluster/data/attach)
EOF" || bail_out "node 1 has a script"
on 2 'cat >/tmp/load <<\EOF
trap "stop=1" TERM
rounds=0 wrong=0 stop=
wrong() { wrong=$((wrong + 1)); echo "wrong: $*"; }
sum=$(sha256sum </bin/lua)
echo begun
while [ -z "$stop" ]; do
	[ "$(sha256sum </mnt/bin/lua)" = "$sum" ] || wrong read
	{ cp /bin/portinfo /mnt/tmp/portinfo && cmp /bin/portinfo /mnt/tmp/portinfo && rm /mnt/tmp/portinfo; } || wrong write
	[ "$(/mnt/bin/lua -e "print(6 * 7)")" = 42 ] || wrong exec
	[ "$(cat /mnt/etc/hostname)" = node1 ] || wrong name
	rounds=$((rounds + 1))
done
echo "load: $rounds rounds, $wrong wrong"
EOF' || bail_out "node 2 has a script"

pid_of_server() { on 1 "ps | sed -n 's/^ *\([0-9]*\) .*$1\$/\1/p' | head -n 1"; }

# What the servers that take part have, each line a kind of right and how many: all but the names of threads and
# their reply ports.
kinds() # K PID...
{
	local k=$1 pid
	shift
	for pid; do
		on "$k" "portinfo $pid" 2>&1 | sed '$d' >"$scratch/$k.$pid"
		grep -v '(thread)$' "$scratch/$k.$pid" | grep -vE "$reply_port" |
			sed "s/^ *[0-9]*://; s/\([a-z,]\) [0-9][0-9]*/\1/g; s/ in set.*/ in a set/; s/^/node $k, $pid:/" | sort | uniq -c
	done
}
reply_port=': receive 1 .senders no, send-once [0-9]*, made 0, .*\)$'

# At rest: what was asked for last goes a little later, and so does a tracer.
kinds_at_rest()
{
	local try last=''
	for try in {1..20}; do
		sleep 1
		{ kinds 1 "$files" "$served"; kinds 2 "${translators[@]}"; } >"$scratch/kinds"
		if [ "$(cat "$scratch/kinds")" = "$last" ] && [ "$(on 1 "ps | grep -c '[r]pctrace -o'")" = 0 ]; then break; fi
		last=$(cat "$scratch/kinds")
	done
	echo "$last"
}

# Of all of them: threads, and reply ports, of which each thread has one at most.
threads() { cat "$scratch"/[12].* | grep -c '(thread)$'; }
reply_ports() { cat "$scratch"/[12].* | grep -cE "$reply_port"; }

begin_load() { on 2 60 'sh /tmp/load >/tmp/load.log 2>&1 & echo $! >/tmp/load.pid; until grep -q begun /tmp/load.log; do sleep 0.1; done'; }
end_load() { on 2 60 'kill $(cat /tmp/load.pid); until grep ^load: /tmp/load.log; do sleep 0.2; done; grep ^wrong /tmp/load.log' 2>&1; }

attach_under_load() # LABEL PID
{
	local before had
	before=$(kinds_at_rest)
	had=$(threads)
	begin_load
	out=$(on 1 $((40 + times * 5)) "sh /tmp/attach $2 $times 0.5 0.2" 2>&1)
	contains "$1: attached and detached $times times" "^attached $times times\$" "$out"
	out=$(end_load)
	contains "$1: every operation of the other machine was right ($out)" '^load: [1-9][0-9]* rounds, 0 wrong$' "$out"
	equal "$1: and works on" node1 "$(on 2 'cat /mnt/etc/hostname' 2>&1)"
	if diff <(echo "$before") <(kinds_at_rest) >"$scratch/diff"; then
		result ok "$1: no name is left ($(awk '{ n += $1 } END { print n }' <<<"$before"))"
	else
		result not "$1: no name is left" "$scratch/diff"
	fi
	equal "$1: nor a tracer" 0 "$(on 1 "ps | grep -c '[r]pctrace -o'")"
	echo "$had threads, then $(threads); $(reply_ports) reply ports" >"$scratch/threads"
	if [ "$(threads)" -le $((had + spare_threads)) ] && [ "$(reply_ports)" -le "$(threads)" ]; then
		result ok "$1: nor threads, nor reply ports of threads ($(cat "$scratch/threads"))"
	else
		result not "$1: nor threads, nor reply ports of threads" "$scratch/threads"
	fi
}

files=$(pid_of_server '\/hurd\/tmpfs.') served=$(pid_of_server 'netmsg -s .*')
mapfile -t translators < <(on 2 "ps | sed -n 's/^ *\([0-9]*\) .*netmsg node1\$/\1/p'")

# Makes what every later one has: the exec servers keep the images of programs that have run.
begin_load
on 1 60 "sleep 100 & s=\$!; sh /tmp/attach \$s 1 0.5 0.2; kill \$s" >/dev/null 2>&1
end_load >/dev/null
attach_under_load "the root file server" "$files"
attach_under_load "netmsg" "$served"
finish
