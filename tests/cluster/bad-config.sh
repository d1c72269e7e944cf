#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Wrong keys, wrong hosts, wrong files: each a clear one-line error, or silence
# where silence is the design, and the service goes on.
. "$(dirname "$0")/../../testbed/scenario.sh"
[ -s "$B/demo/bench.tar" ] || bail_out "the benchmark programs are built: make bench-data"
boot 3 --input "1:$B/demo/bench.tar"
etc=/etc/netmsg

# Using a mount whose other side cannot be reached ends with an error in time.
use_fails() # TEXT MOUNT HOST
{
	local start
	start=$(now_ms)
	on 2 "mkdir -p $2 && settrans -ac $2 netmsg $3" >"$scratch/out" 2>&1
	local set=$?
	on 2 60 "ls $2/etc" >>"$scratch/out" 2>&1
	local used=$?
	echo "settrans: status $set, use: status $used" >>"$scratch/out"
	if [ $((set + used)) != 0 ] && [ "$used" -lt 124 ] && [ -s "$scratch/out" ]; then
		result ok "$1"
	else
		result not "$1" "$scratch/out"
	fi
	at_most "$1: in time" $((peer_timeout_s + slack_s)) $(($(now_ms) - start))
}

use_fails "a host that nobody knows" /m1 nowhere
use_fails "a host that is not in authorized_peers" /m2 10.77.0.77
use_fails "the server is not running" /m3 node1
cluster kill 3
use_fails "a host that does not answer" /m4 node3

fails_with "a key that others can read" 1 "$etc/key.*(mode|read|0600)" \
	"chmod 644 $etc/key; netmsg -s /; s=\$?; chmod 600 $etc/key; exit \$s"
fails_with "no key" 1 '/nokey' 'netmsg -k /nokey -s /'
fails_with "a key that is no key" 1 '/tmp/badkey' \
	'(umask 077; echo nonsense >/tmp/badkey); netmsg -k /tmp/badkey -s /'
fails_with "keygen does not overwrite" 1 "$etc/key.*exist" "netmsg keygen $etc/key"
fails_with "authorized_peers with a bad line names file and line" 1 '/tmp/peers:3' \
	"{ cat $etc/authorized_peers; echo; } | head -n 2 >/tmp/peers; echo 'rubbish here' >>/tmp/peers
	chmod 600 /tmp/peers; netmsg -a /tmp/peers -s /"
fails_with "no authorized_peers" 1 '/nopeers' 'netmsg -a /nopeers -s /'
fails_with "an unknown option" 1 'help' 'netmsg --frobnicate'

on 1 '/bench/netbench udp-server 2345 >/dev/null 2>&1 & echo $! >/tmp/pid; sleep 1'
fails_with "the port is in use" 1 '(2345.*(in use|used)|in use.*2345)' 'netmsg -s /'
on 1 'kill $(cat /tmp/pid); sleep 1'
serve 1
mount_on 2 node1
equal "the service goes on" node1 "$(on 2 'cat /mnt/etc/hostname')"

# Node 2 makes itself a new key, which node 1 does not know: silence.
on 2 'netmsg stop; rm /etc/netmsg/key && netmsg keygen' >/dev/null 2>&1
use_fails "a key that the other side does not know" /m5 node1
equal "node 1 goes on" alive "$(on 1 'echo alive')"
finish
