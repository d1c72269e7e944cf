#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Node 1 dies in the middle of a copy: node 2's command ends with an error in
# time, node 2 goes on, and the mount works again when node 1 is back.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot_with_data 2
serve 1
mount_on 2 node1

# Slow enough that the copy cannot be over when the node dies.
cluster switch rate 40000 >/dev/null
on 2 60 'cp /mnt/srv/big /tmp/big 2>/tmp/cp.err; echo $? >/tmp/cp.status' &
copy=$!
sleep 2
cluster kill 1
killed=$(now_ms)
wait "$copy"
at_most "the copy ends within the configured time" $((peer_timeout_s + slack_s)) $(($(now_ms) - killed))
contains "the copy ends with an error" '^[1-9]' "$(on 2 'cat /tmp/cp.status')"
contains "it says one line" '^1$' "$(on 2 'wc -l </tmp/cp.err' | tr -d ' ')"
contains "it was in mid-copy" '^[1-9][0-9]*$' "$(on 2 'wc -c </tmp/big' | tr -d ' ')"
equal "node 2 goes on" "going on" "$(on 2 'echo going on')"
started=$(now_ms)
on 2 60 'cat /mnt/etc/hostname' >/dev/null 2>&1
at_most "using the dead mount ends in time" $((peer_timeout_s + slack_s)) $(($(now_ms) - started))

cluster switch clear >/dev/null
cluster start 1 >"$scratch/start" 2>&1 || bail_out "node 1 starts again" "$scratch/start"
serve 1
back() { [ "$(on 2 20 'cat /mnt/etc/hostname' 2>/dev/null)" = node1 ]; }
passes "the mount works again" within 30 back
equal "the file reads right" "$(big_sum)" "$(on 2 90 'sha256sum </mnt/srv/big | cut -c 1-64')"
finish
