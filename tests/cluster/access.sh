#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a line of authorized_peers allows: `ro`, `user=`, `path=`, each seen from
# the other node, where every program runs as root.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 2
peers=/etc/netmsg/authorized_peers
raw=/tests/cluster/raw-lookup

on 1 'mkdir -p /srv/x/sub /srv/open && chmod 755 /srv && chmod 777 /srv/open /srv/x
	echo plain >/srv/plain; echo secret >/srv/secret; chmod 600 /srv/secret
	echo inside >/srv/x/inside; echo outside >/srv/outside
	ln -s /etc/hostname /srv/x/absolute; ln -s ../../etc/hostname /srv/x/relative; ln -s / /srv/x/slash
	cp '"$peers"' /tmp/peers' || bail_out "node 1 has files"

# Node 1 serves node 2 with these options only, and node 2 mounts it at /m.
allow() # OPTIONS [CHECK]
{
	{
		on 1 "netmsg stop; sed 's| user=root.*| $1|' /tmp/peers >$peers && chmod 600 $peers && netmsg -s /" &&
		on 2 'netmsg stop; mkdir -p /m; settrans -g /m; settrans -ac /m netmsg node1 && '"${2:-ls /m}"
	} >"$scratch/allow" 2>&1 || bail_out "node 1 allows node 2: ${1:-nothing said}" "$scratch/allow"
}

refused() # TEXT WHY COMMAND
{
	fails_with "$1" 2 "$2" "$3"
}

# What nobody may have changed.
state() { on 1 'ls -l /srv | grep -v " open$"; cat /srv/plain /srv/secret'; }

erofs='Read-only file system'
eacces='Permission denied|Operation not permitted'

allow 'user=root ro'
before=$(state)
equal "ro: reading" plain "$(on 2 'cat /m/srv/plain')"
refused "ro: writing" "$erofs" 'echo new >/m/srv/plain'
refused "ro: appending" "$erofs" 'echo new >>/m/srv/plain'
refused "ro: creating" "$erofs" 'echo new >/m/srv/new'
refused "ro: making a directory" "$erofs" 'mkdir /m/srv/dir'
refused "ro: unlinking" "$erofs" 'rm -f /m/srv/plain'
refused "ro: renaming" "$erofs" 'mv /m/srv/plain /m/srv/moved'
refused "ro: changing the mode" "$erofs" 'chmod 666 /m/srv/plain'
refused "ro: changing the owner" "$erofs" 'chown 1 /m/srv/plain'
refused "ro: linking" "$erofs" 'ln /m/srv/plain /m/srv/hard'
refused "ro: a symbolic link" "$erofs" 'ln -s plain /m/srv/soft'
equal "ro: nothing has changed" "$before" "$(state)"

# Default user, a user by name and one by number.
as_other() # LABEL OPTIONS UID
{
	allow "$2"
	equal "$1: reads what all may read" plain "$(on 2 'cat /m/srv/plain')"
	refused "$1: does not read root's secret" "$eacces" 'cat /m/srv/secret'
	refused "$1: does not write root's file" "$eacces" 'echo new >/m/srv/plain'
	refused "$1: does not create in root's directory" "$eacces" 'echo new >/m/srv/new'
	refused "$1: does not unlink there" "$eacces" 'rm -f /m/srv/plain'
	refused "$1: does not chmod root's file" "$eacces" 'chmod 666 /m/srv/secret'
	passes "$1: creates where all may" on 2 "echo mine >/m/srv/open/by$3"
	contains "$1: owns what it made" " $3 " "$(on 1 "ls -ln /srv/open/by$3")"
	equal "$1: nothing has changed" "$before" "$(state)"
}
as_other "nobody by default" '' 65534
as_other "user=1000:100" 'user=1000:100' 1000

allow 'user=nobody path=/srv/x'
equal "path: only that tree" "absolute inside relative slash sub" "$(on 2 'echo $(ls /m)')"
equal "path: its file" inside "$(on 2 'cat /m/inside')"
equal "path: .. is the asker's" node2 "$(on 2 'cat /m/../etc/hostname')"
equal "path: an absolute link is the asker's" node2 "$(on 2 'cat /m/absolute')"
equal "path: a link upwards is the asker's" node2 "$(on 2 'cat /m/relative')"
equal "path: raw lookup inside" 'text inside' "$(on 2 "$raw look /m inside")"
equal "path: raw ../../etc/passwd" 'error 2' "$(on 2 "$raw look /m ../../etc/passwd")"
equal "path: raw sub/../../outside" 'error 2' "$(on 2 "$raw look /m sub/../../outside")"
equal "path: raw /etc/passwd" 'error 2' "$(on 2 "$raw look /m /etc/passwd")"
equal "path: raw .. stays" 'text inside' "$(on 2 "$raw look /m ../../../inside")"
equal "path: raw absolute link" 'elsewhere /etc/hostname' "$(on 2 "$raw look /m absolute")"
equal "path: raw link upwards" 'error 2' "$(on 2 "$raw look /m relative")"
equal "path: raw link to the root" 'elsewhere //etc/passwd' "$(on 2 "$raw look /m slash/etc/passwd")"
equal "path: a directory moved upwards does not lead out" 'error 2' \
	"$(on 2 "$raw escape /m ../../../etc/passwd")"
# What is served need not be a directory, and is opened as who asks wants it.
allow 'user=root path=/srv/plain'
equal "a file: read" plain "$(on 2 'cat /m')"
passes "a file: appended to" on 2 'echo more >>/m'
equal "a file: what was appended" 'plain more' "$(on 1 'echo $(cat /srv/plain)')"
passes "a file: written" on 2 'echo plain >/m'
equal "a file: what was written" plain "$(on 1 'cat /srv/plain')"
refused "a file: is no directory" 'Not a directory' 'ls /m/'
allow 'user=root ro path=/srv/plain'
refused "a file, ro: writing" "$erofs" 'echo new >/m'
equal "a file, ro: reading" plain "$(on 2 'cat /m')"
allow 'user=nobody path=/srv/plain'
refused "a file, nobody: writing" "$eacces" 'echo new >/m'
equal "a file, nobody: reading" plain "$(on 2 'cat /m')"
on 1 'mkdir -p /srv/closed && echo within >/srv/closed/within && chmod 711 /srv/closed' || bail_out "a closed directory"
allow 'user=nobody path=/srv/closed' 'ls -d /m'
refused "a closed directory: listing" "$eacces" 'ls /m'
equal "a closed directory: what is in it" within "$(on 2 'cat /m/within')"
refused "a directory: writing" 'Is a directory|directory' 'echo new >/m'

for k in 1 2; do
	equal "node $k goes on" alive "$(on "$k" 'echo alive')"
done
finish
