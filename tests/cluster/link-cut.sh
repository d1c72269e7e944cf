#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The link is cut for three seconds in the middle of a copy, twice: nothing
# breaks, nothing is lost; a cut of one direction's port behaves the same.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot_with_data 2
serve 1
mount_on 2 node1
cluster switch rate 60000 >/dev/null

copy_with_cut() # WHAT
{
	on 2 120 'cp /mnt/srv/big /tmp/big && sha256sum </tmp/big | cut -c 1-64' >"$scratch/sum" 2>&1 &
	local copy=$!
	sleep 2
	cluster switch "$1" >/dev/null
	sleep 3
	cluster switch heal >/dev/null
	wait "$copy"
	equal "a copy with '$1' for 3 s" "$(big_sum)" "$(cat "$scratch/sum")"
}

copy_with_cut 'cut 1-2'
copy_with_cut 'cut 1'
contains "frames met the cut" ' cut=[1-9]' "$(cluster switch stats)"
equal "the mount goes on" node1 "$(on 2 'cat /mnt/etc/hostname')"
finish
