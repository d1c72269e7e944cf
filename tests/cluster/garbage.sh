#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random, truncated, damaged and replayed datagrams at line rate, from unknown
# and from known addresses: no answer, and the service goes on.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 3 --pcap "$run.pcap"
serve 1
mount_on 2 node1
on 2 'ls -lR /mnt/etc >/dev/null'
rights() { on "$1" 'netmsg status' | grep -iE 'rights|imports|exports|sessions'; }
before=$(rights 1)

# A stopped node's port is free to be plugged into.
cluster kill 3
sleep 0.2
spray() # SEED FROM
{
	passes "a spray from $2" timeout 30 "$B/host/spray" --seconds 5 --seed "$1" --from "$2" \
		--recorded "$run.pcap" "$run/switch/port3" 1
}

spray 1 10.77.0.99
contains "no answer to unknown addresses" ' port3=[a-z]*,in=[1-9][0-9]*,in_bytes=[0-9]+,out=' "$(cluster switch stats)"
equal "the service goes on" node1 "$(on 2 60 'cat /mnt/etc/hostname')"
spray 2 10.77.0.2
equal "the service goes on after forged ones" node1 "$(on 2 60 'cat /mnt/etc/hostname')"

# While the spray lasts: slower, not stopped.
"$B/host/spray" --seconds 8 --seed 3 --from 10.77.0.2 --recorded "$run.pcap" "$run/switch/port3" 1 \
	>"$scratch/spray" 2>&1 &
spraying=$!
equal "the service goes on meanwhile" node1 "$(on 2 60 'cat /mnt/etc/hostname')"
wait "$spraying"
equal "no right was lost or made" "$before" "$(rights 1)"
equal "node 1 goes on" alive "$(on 1 'echo alive')"
rm -f "$run.pcap"
finish
