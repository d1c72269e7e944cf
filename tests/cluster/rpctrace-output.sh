#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where rpctrace's lines go may be slow, may stand still, and may wait for what is traced: it never hangs.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 1
t=/tests/cluster loud=/tests/cluster/rpctrace-loud

# Slow: the program waits for it, as with strace.
out=$(on 1 60 "rpctrace -s 4096 $loud calls 600 2>&1 >/dev/null | $loud read 100" 2>&1)
equal "a slow reader of the trace gets all of it" 'loud: read 600 calls, 0 lines missing' "$out"

# It stands still: the program goes on, and so does a second signal.
out=$(on 1 60 "(rpctrace -s 4096 $loud calls 750 2>&1 >/tmp/out & echo \$! >/tmp/pid; wait \$!; echo \$? >/tmp/status) | (
		until grep -q calls /tmp/out; do sleep 0.2; done; until grep -q . /tmp/status; do sleep 0.2; done; $loud read 0) &
	until grep -q calls /tmp/out; do sleep 0.2; done 2>/dev/null; kill \$(cat /tmp/pid); sleep 0.5; kill \$(cat /tmp/pid); wait; cat /tmp/out /tmp/status" 2>/dev/null)
contains "a reader that stands still does not hang the program" '^loud: 750 calls$' "$out"
contains "it is told how many lines are missing" '^loud: read [1-9][0-9]* calls, [1-9][0-9]* lines missing$' "$out"
contains "and a second signal ends rpctrace before it has read them" '^143$' "$out"

# It waits for what is traced.
contains "a traced program that reads the trace itself, later, does not hang" '^loud: read [1-9][0-9]* calls, [1-9][0-9]* lines missing$' \
	"$(on 1 60 "$loud self 650" 2>&1)"
out=$(on 1 90 "rpctrace -s 4096 -o /tmp/trace -p \$(ps | sed -n 's/^ *\([0-9]*\) .*.hurd.tmpfs.\$/\1/p') & r=\$!
	until grep -q attached /tmp/trace 2>/dev/null; do sleep 0.1; done
	for i in 1 2 3; do $loud calls 1500 >/tmp/out\$i & w=\"\$w \$!\"; done; wait \$w; cat /tmp/out?; kill \$r; wait \$r; echo status \$?
	grep -c 'lines are missing' /tmp/trace" 2>&1)
contains "the file server that the trace is written to, traced, does not hang" \
	'^loud: 1500 calls loud: 1500 calls loud: 1500 calls status 0 [1-9][0-9]*$' "$(xargs <<<"$out")"
finish
