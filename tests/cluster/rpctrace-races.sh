#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace and what happens at the same moment: what it attaches to, or detaches from, is killed.  And one right
# that comes over and over again.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 1
t=/tests/cluster
no_process() { [ "$(on 1 "ps >/tmp/ps; grep -c '[${1:0:1}]${1:1} ' /tmp/ps" 2>&1)" = 0 ]; }

on 1 'cat >/tmp/killed <<\EOF
i=0
while [ $i -lt $1 ]; do
	$3 600 0 >/tmp/many & m=$!
	until grep -q ready /tmp/many; do sleep 0.05; done
	rpctrace -o /tmp/o -p $m 2>/tmp/errors & r=$!
	if [ $2 = attach ]; then until ps | grep -q "[r]pctrace -o"; do :; done; else until grep -q attached /tmp/o; do sleep 0.05; done; sleep 2; kill $r; fi
	usleep $((i * 50000)); kill -9 $m; wait $r; rm -f /tmp/o
	i=$((i + 1))
done
echo killed $i times
EOF' || bail_out "node 1 has a script"
for when in attach detach; do
	contains "killed during ${when}ing, at a later moment each time" '^killed 16 times$' "$(on 1 200 "sh /tmp/killed 16 $when $t/rpctrace-many" 2>&1)"
	passes "no tracer is left" within 10 no_process 'rpctrace -o'
	passes "and who sends to it learns that it is dead" within 10 no_process rpctrace-many
done

# The kernel counts references of one name up to 65534 and no further.
out=$(on 1 100 "rpctrace -o /tmp/o $t/rpctrace-many 20 3000 >/tmp/many & until grep -q ready /tmp/many; do sleep 0.1; done
	for p in \$(ps | sed -n 's/^ *\([0-9]*\) .*[r]pctrace -o .*/\1/p'); do portinfo \$p | sed -n 's/.*send \([0-9]*\).*/\1/p'; done | sort -n | tail -n 1
	kill -9 \$(ps | grep -v 'rpctrace -o' | sed -n 's/^ *\([0-9]*\) .*rpctrace-many 20 3000\$/\1/p')" 2>&1)
contains "a right that comes 3000 times is not kept 3000 times" '^[0-9]{1,3}$' "$out"
finish
