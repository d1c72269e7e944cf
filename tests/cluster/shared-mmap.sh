#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two nodes map one file of the first and count in it, under a lock in it; a third watches.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 3
serve 1
for k in 2 3; do mount_on "$k" node1; done
program=/tests/cluster/counter file=srv/counter
increments=50000	# by each of two
turns=100

on 1 'mkdir -p /srv' && passes "node 1 makes the file" on 1 "$program /$file make"
on 3 200 "$program /mnt/$file watch $((2 * increments))" >"$scratch/watch" 2>&1 &
on 2 200 "$program /mnt/$file add $increments 2" >"$scratch/add2" 2>&1 &
on 1 200 "$program /$file add $increments 2" >"$scratch/add1" 2>&1 &
wait
for k in 1 2; do
	contains "node $k adds $increments: $(cat "$scratch/add$k")" "^added $increments .* apart 0\$" "$(cat "$scratch/add$k")"
done
contains "node 3 sees no number go back: $(cat "$scratch/watch")" ' back 0$' "$(cat "$scratch/watch")"
for k in 1 2 3; do
	[ "$k" = 1 ] && path=/$file || path=/mnt/$file
	equal "no increment is lost, says node $k" "$((2 * increments)) $((2 * increments))" "$(on "$k" "$program $path get")"
done

on 2 100 "$program /mnt/$file turns 1 $turns" >"$scratch/turns2" 2>&1 &
on 1 100 "$program /$file turns 0 $turns" >"$scratch/turns1" 2>&1 &
wait
for k in 1 2; do
	contains "a condition variable hands over from node to node: $(cat "$scratch/turns$k")" "^turns $turns " "$(cat "$scratch/turns$k")"
done
finish
