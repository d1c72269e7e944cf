#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The whole demo with 5 % loss, 20 ms delay, reordering and duplication: the
# same result, only slower.
. "$(dirname "$0")/../../testbed/scenario.sh"
. testbed/progress.sh
. testbed/install.sh
. testbed/demo.sh
demo_faults='seed 20
delay 20 5
loss 5
reorder 5
dup 5'
demo_patience=6
# Parts of Lua's package and 4 MiB: every lookup takes 40 ms and more here.  With
# DROVE_WHOLE_DEMO=1 it is the demo's own input, and twelve minutes.
if [ -n "${DROVE_WHOLE_DEMO:-}" ]; then
	demo_data=$B/demo demo_files_each=100
else
	demo_data=$B/demo-small demo_files_each=25
fi

if (demo_run "$run") >"$scratch/demo" 2>&1 && [ "$(tail -n 1 "$scratch/demo")" = 'demo: ok' ]; then
	result ok "the demo under loss, delay, reordering and duplication"
else
	result not "the demo under loss, delay, reordering and duplication" "$scratch/demo"
fi
finish
