#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace attaches to each server of a machine in turn while programs of all kinds use them, children of theirs
# included; everything works, and afterwards nothing is left: no process of a tracer's, no port name in a server.
# DROVE_RPCTRACE_PAIRS=hurd/tmpfs asks for one more server that a traced exec server's tracer is attached to: of those
# two tracers processes stay until the next one attaches (rpctrace(1), BUGS).
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 1

on 1 "cat >/tmp/use <<\\EOF
# Programs that come and go, pipes, sockets, signals, files, memory that is mapped.
ls /tests | sort | tail -n 1
/tests/posix-sockets | tail -n 1
(echo x; sleep 0.1) | cat >/dev/null
netmsg --help >/dev/null
sleep 5 & kill \$!
lua -e 'print(6 * 7)'
EOF
cat >/tmp/each <<\\EOF
# Every process that was there before: attached to, used, let go.
sh /tmp/use >/tmp/said && sh /tmp/use >/tmp/said
for p in \$*; do
	portinfo \$p >/tmp/before
	rpctrace -o /tmp/trace -p \$p & r=\$!
	until grep -q attached /tmp/trace 2>/dev/null; do sleep 0.05; done
	sh /tmp/use >/tmp/said
	kill \$r; wait \$r; status=\$?
	sleep 1
	portinfo \$p >/tmp/after
	ps >/tmp/ps
	echo \$p status \$status, \$(xargs </tmp/said), tracers \$(grep -c '[r]pctrace -o' /tmp/ps), \\
		names \$(tail -n 1 /tmp/before | cut -d ' ' -f 1) \$(tail -n 1 /tmp/after | cut -d ' ' -f 1)
	rm -f /tmp/trace
done
EOF
cat >/tmp/two <<\\EOF
# Two tracers, the second of which is a program that the first one's server has executed.
start() { rpctrace -o /tmp/trace.\$1 -p \$1 & eval tracer\$1=\$!; until grep -q attached /tmp/trace.\$1 2>/dev/null; do sleep 0.05; done; }
end() { eval kill \\\$tracer\$1; eval wait \\\$tracer\$1; echo status \$?; rm /tmp/trace.\$1; }
start \$1; start \$2
sh /tmp/use; end \$1; sh /tmp/use; end \$2; sh /tmp/use
for i in 1 2 3 4 5 6 7 8 9 10; do
	sleep 1; ps >/tmp/ps; grep -q '[r]pctrace -o' /tmp/ps || break
done
echo tracers \$(grep -c '[r]pctrace -o' /tmp/ps)
EOF" || bail_out "node 1 has scripts"

servers=$(on 1 "ps | sed -n 's/^ *\([0-9]*\) .*\(init.elf\|hurd.[a-z]*\|-sh\).*/\1 \2/p'")
pid() { sed -n "s,^\([0-9]*\) $1\$,\1,p" <<<"$servers" | head -n 1; }
out=$(on 1 400 "for i in 1 2; do sh /tmp/each $(cut -d ' ' -f 1 <<<"$servers" | head -n 8 | xargs); done" 2>&1)
right='status 0, tmpfs-conformance PASSED posix-sockets: 31 checks, 0 failed 42, tracers 0, names'
for name in init.elf hurd/proc hurd/tmpfs hurd/exec hurd/console hurd/pflocal hurd/inet; do
	p=$(pid "$name")
	lines=$(grep "^$p " <<<"$out")
	# A server may begin one more thread at any time, so the names need be the same in one round only.  The Internet
	# server keeps the port of an address for who may ask again, traced or not.
	same='([0-9]+) \1$'
	[ "$name" != hurd/inet ] || same=''
	if [ "$(grep -c "^$p $right" <<<"$lines")" = 2 ] && grep -qE " names $same" <<<"$lines"; then
		result ok "$name: attached to twice, used, let go, and nothing is left"
	else
		printf '%s\n' "$lines" >"$scratch/lines"
		result not "$name: attached to twice, used, let go, and nothing is left" "$scratch/lines"
	fi
done

# What one asks the kernel for with a send-once right goes by the other, and comes late.
used='tmpfs-conformance PASSED posix-sockets: 31 checks, 0 failed 42'
for other in hurd/proc ${DROVE_RPCTRACE_PAIRS:-}; do
	out=$(on 1 120 "sh /tmp/two $(pid hurd/exec) $(pid $other)" 2>&1)
	equal "hurd/exec and $other, each by a tracer, let go in the order in which they were attached to" \
		"$used status 0 $used status 0 $used tracers 0" "$(xargs <<<"$out")"
done
finish
