#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One memory object, mapped by the kernels of three machines: what one writes the others
# read; a machine that dies with changed pages takes no more than those along.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 3
serve 1
on 1 '/tests/cluster/pager-server /shared >/tmp/server.log 2>&1 &' || bail_out "node 1 has an object"
there() { on 1 '/tests/cluster/pager-use /shared show' >/dev/null 2>&1; }
within 10 there || bail_out "node 1's object is there"
for k in 2 3; do
	serve "$k"
	on "$k" "mkdir -p /n1 && settrans -ac /n1 netmsg node1" >"$scratch/mount" 2>&1 || bail_out "node $k mounts node 1" "$scratch/mount"
done
where() { [ "$1" = 1 ] && echo /shared || echo /n1/shared; }
use() { # K [SECONDS] COMMAND
	local k=$1 limit=30
	shift
	[ $# = 1 ] || { limit=$1; shift; }
	on "$k" "$limit" "/tests/cluster/pager-use $(where "$k") $1" 2>&1
}

for k in 1 2 3; do
	equal "node $k reads" abcdefgh "$(use "$k" 'check 0 8')"
done

take_turns() # NODES ROUNDS
{
	local role=0 k roles
	roles=$(wc -w <<<"$1")
	for k in $1; do
		on "$k" 100 "/tests/cluster/pager-use $(where "$k") turns $role $roles $2" >"$scratch/turns$k" 2>&1 &
		role=$((role + 1))
	done
	wait
	for k in $1; do
		equal "node $k took turns with ($1)" "$2 turns" "$(cat "$scratch/turns$k")"
	done
}
take_turns '1 2' 15
take_turns '2 3' 10
take_turns '1 2 3' 10

# Messages, counted: a write where others have read the page.
stay() { # K COMMAND
	on "$1" "/tests/cluster/pager-use $(where "$1") $2 >/tmp/stays 2>&1 & echo \$! >>/tmp/staying
		while [ \"\$(cat /tmp/stays)\" != held ]; do sleep 1; done" || bail_out "node $1 stays"
}
leave() { on "$1" 'kill $(cat /tmp/staying); rm /tmp/staying; sleep 1'; }
equal "a write upgrade takes 2 messages" 2.00 "$(use 1 'upgrade 80 8')"
stay 2 'stay 80 8'
equal "with one other reader 4" 4.00 "$(use 1 'upgrade 80 8')"
stay 2 'stay 90 8'
stay 3 'stay 90 8'
equal "with two 6" 6.00 "$(use 1 'upgrade 90 8')"
leave 2
leave 3

# Two kernels write one page in a loop: both get on.
ping_pong() # SECONDS
{
	use 1 40 "pingpong 70 0 $1" >"$scratch/ping1" &
	use 2 40 "pingpong 70 1 $1" >"$scratch/ping2"
	wait
}
ping_pong 3
for k in 1 2; do
	got=$(cat "$scratch/ping$k")
	contains "node $k gets on: $got" '^handovers_s [1-9][0-9]*\.[0-9] work [1-9][0-9.]* longest_ms [0-9]{1,4}$' "$got"
done

equal "node 2 reads the read-only object" abcdefgh "$(use 2 'check-ro 26 8')"
equal "node 2 may not write it" refused "$(use 2 'write-ro 30')"
equal "nor node 1" refused "$(use 1 'write-ro 30')"

# An object that only one kernel may have, as a Hurd's are: netmsg is the pager of the others.
on 1 '/tests/cluster/pager-server --one /single >/tmp/server1.log 2>&1 &' || bail_out "node 1 has an object for one"
single() { on 1 '/tests/cluster/pager-use /single show' >/dev/null 2>&1; }
within 10 single || bail_out "node 1's object for one is there"
single_use() { on "$1" "/tests/cluster/pager-use $2 $3" 2>&1; }
equal "an object for one kernel, node 2 reads the kernel's proxy" abcdefgh "$(single_use 2 /n1/single 'check-ro 0 8')"
equal "and may not write it" refused "$(single_use 2 /n1/single 'write-ro 3')"
equal "node 2 reads the object" ijklmnop "$(single_use 2 /n1/single 'check 8 8')"
equal "node 1 reads it too" abcdefgh "$(single_use 1 /single 'check 0 8')"
on 2 '/tests/cluster/pager-use /n1/single hold 4 4 W >/tmp/held 2>&1 & p=$!
while [ "$(cat /tmp/held)" != held ]; do sleep 1; done; kill $p' || bail_out "node 2 writes the object for one"
written() { [ "$(single_use 1 /single 'check 0 12')" = abcdWWWWijkl ]; }
passes "what node 2 wrote comes to node 1" within 10 written
equal "node 3 reads it" abcdWWWWijkl "$(single_use 3 /n1/single 'check 0 12')"
gone() { [[ "$(single_use 1 /single show)" = 'clients 0 '* ]]; }
passes "nobody has it any more" within 10 gone
contains "it never had two kernels" 'lost 0 .* faults 0' "$(single_use 1 /single show)"

# While a kernel is left that may have seen what is lost, it is reported.
on 1 '/tests/cluster/pager-use /shared hold 100 1 K >/tmp/held 2>&1 &
while [ "$(cat /tmp/held)" != held ]; do sleep 1; done' || bail_out "node 1 holds a page"
# Node 3 holds changed pages; half of them are in the store when it dies.
on 3 '/tests/cluster/pager-use /n1/shared hold 52 4 X >/tmp/held 2>&1 &
while [ "$(cat /tmp/held)" != held ]; do sleep 1; done' || bail_out "node 3 holds pages"
equal "sync" done "$(use 1 'do sync')"
on 3 '/tests/cluster/pager-use /n1/shared hold 56 4 Y >/tmp/held2 2>&1 &
while [ "$(cat /tmp/held2)" != held ]; do sleep 1; done' || bail_out "node 3 holds more pages"
use 2 'check 52 4' >"$scratch/before"
equal "node 2 sees what node 3 wrote" XXXX "$(cat "$scratch/before")"
cluster kill 3
start_ms=$(now_ms)
seen=$(use 2 'check 52 12')
took_ms=$(($(now_ms) - start_ms))
at_most "node 3 dies; node 2 goes on" $((peer_timeout_s + slack_s)) "$took_ms"
# 52..55 were read by node 2; 56..59 only node 3 had; 60..63 nobody.
equal "pages that only node 3 had are errors, all others are good" 'XXXX!!!!ijkl' "$seen"
equal "node 1 sees the same" 'XXXX!!!!ijkl' "$(use 1 'check 52 12')"
equal "flush: the last version that was synced" done "$(use 1 'do flush')"
equal "node 2 reads them again" 'XXXXefghijkl' "$(use 2 'check 52 12')"
contains "one client was lost, nothing broke the protocol" 'lost [12] .* faults 0' "$(use 1 show)"
take_turns '1 2' 10
equal "the server has said nothing" '' "$(on 1 'cat /tmp/server.log')"
finish
