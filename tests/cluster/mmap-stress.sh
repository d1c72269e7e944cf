#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All nodes read, write, sync, unmap and map again the same 1,000 pages at random, and each
# checks what it reads; then the same while a node dies that holds pages for writing.
. "$(dirname "$0")/../../testbed/scenario.sh"
nodes=3 pages=1000 operations=1500
boot "$nodes"
serve 1
for k in 2 3; do mount_on "$k" node1; done
program=/tests/cluster/stress
path() { [ "$1" = 1 ] && echo "/srv/$2" || echo "/mnt/srv/$2"; }
on 1 "mkdir -p /srv && $program /srv/pages make $pages" >"$scratch/out" 2>&1 || bail_out "node 1 makes the file" "$scratch/out"

for k in $(seq "$nodes"); do
	on "$k" 150 "$program $(path "$k" pages) work $k $nodes $operations" >"$scratch/work$k" 2>&1 &
done
wait
for k in $(seq "$nodes"); do
	contains "all reads were right: $(tail -n 1 "$scratch/work$k")" "^node $k: reads .* lost 0, .* bad 0\$" "$(cat "$scratch/work$k")"
done
for k in $(seq "$nodes"); do
	contains "in the end node $k sees every last write" "^checked $((nodes * pages)) slots, bad 0\$" \
		"$(on "$k" 60 "$program $(path "$k" pages) check $nodes $operations")"
done

# Node 3 dies in the middle.
operations=1000000	# more than node 3 can do
on 1 "$program /srv/lossy make $pages" >"$scratch/out" 2>&1 || bail_out "node 1 makes another file" "$scratch/out"
on 3 60 "$program $(path 3 lossy) work 3 $nodes $operations >/tmp/work 2>&1 &
	while ! grep 'under way' /tmp/work; do sleep 1; done" >"$scratch/out" 2>&1 || bail_out "node 3 writes" "$scratch/out"
for k in 1 2; do
	on "$k" 100 "$program $(path "$k" lossy) work $k $nodes 2000 lossy" >"$scratch/lossy$k" 2>&1 &
done
sleep 1
cluster kill 3
wait
lost=$(cat "$scratch"/lossy[12] | sed -n 's/.* lost \([0-9]*\),.*/\1/p' | awk '{ n += $1 } END { print n + 0 }')
contains "pages were lost with node 3: $lost" '^[1-9]' "$lost"
for k in 1 2; do
	got=$(tail -n 1 "$scratch/lossy$k")
	contains "node $k goes on, with no wrong read: $got" "^node $k: reads .* bad 0\$" "$got"
	longest=$(sed -n 's/.*longest \([0-9]*\) ms.*/\1/p' <<<"$got")
	at_most "no operation took longer than the time limit" $((peer_timeout_s + slack_s)) "${longest:-99999}"
done
# Nobody has the file mapped any more: what was not lost is there, and it can be used again.
contains "the file can be used again" '^node 1: .* lost 0, .* bad 0$' "$(on 1 60 "$program /srv/lossy make $pages && $program /srv/lossy work 1 2 2000")"
finish
