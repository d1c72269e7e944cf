#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace attaches to the servers that another machine works with, and lets them go, in a loop: the root file
# server, and netmsg itself.  Every operation of the other machine is right, and no port name is left.
# DROVE_RPCTRACE_REMOTE_TIMES asks for more.
. "$(dirname "$0")/../../testbed/scenario.sh"
times=${DROVE_RPCTRACE_REMOTE_TIMES:-2}
spare_names=12	# what threads make for themselves when they first need it; an attaching touches a hundred
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

# Port names of a server at rest: what it was asked for last goes a little later.
names_of() # PID
{
	on 1 40 "names=0; for i in 1 2 3 4 5 6 7 8 9; do sleep 1; last=\$names; names=\$(portinfo $1 | wc -l); [ \$names != \$last ] || break; done; echo \$names"
}

begin_load() { on 2 60 'sh /tmp/load >/tmp/load.log 2>&1 & echo $! >/tmp/load.pid; until grep -q begun /tmp/load.log; do sleep 0.1; done'; }
end_load() { on 2 60 'kill $(cat /tmp/load.pid); until grep ^load: /tmp/load.log; do sleep 0.2; done; grep ^wrong /tmp/load.log' 2>&1; }

attach_under_load() # LABEL PID
{
	local before after out
	before=$(names_of "$2")
	begin_load
	out=$(on 1 $((40 + times * 5)) "sh /tmp/attach $2 $times 0.5 0.2" 2>&1)
	contains "$1: attached and detached $times times" "^attached $times times\$" "$out"
	out=$(end_load)
	contains "$1: every operation of the other machine was right ($out)" '^load: [1-9][0-9]* rounds, 0 wrong$' "$out"
	equal "$1: and works on" node1 "$(on 2 'cat /mnt/etc/hostname' 2>&1)"
	after=$(names_of "$2")
	echo "$before names, then $after" >"$scratch/names"
	if [ "$after" -le $((before + spare_names)) ]; then result ok "$1: no names are left ($before, then $after)"; else result not "$1: no names are left" "$scratch/names"; fi
}

begin_load	# makes what every later one has
end_load >/dev/null
attach_under_load "the root file server" "$(pid_of_server '\/hurd\/tmpfs.')"
attach_under_load "netmsg" "$(pid_of_server 'netmsg -s .*')"
finish
