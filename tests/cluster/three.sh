#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Three nodes that all mount each other, and a mount of a mount: what node 3 finds
# through node 2 is node 1's own right, and node 2 is no longer needed for it.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 3
# Node 2 lets node 3 act as nobody; all others may do everything.
on 2 "sed -i 's/node3 \(.*\) user=root/node3 \1 user=nobody/' /etc/netmsg/authorized_peers" || bail_out "node 2 lists node 3"
for k in 1 2 3; do
	on "$k" "mkdir -p /srv && echo from$k >/srv/name && dd if=/dev/urandom of=/srv/data bs=65536 count=16 2>/dev/null" ||
		bail_out "node $k has files"
	serve "$k"
done
others() { case $1 in 1) echo 2 3 ;; 2) echo 1 3 ;; *) echo 1 2 ;; esac; }
for k in 1 2 3; do
	for other in $(others "$k"); do
		on "$k" "mkdir -p /n$other && settrans -ac /n$other netmsg node$other" >"$scratch/mount" 2>&1 ||
			bail_out "node $k mounts node $other" "$scratch/mount"
		equal "node $k reads node $other" "from$other" "$(on "$k" "cat /n$other/srv/name")"
	done
done
# All six ways at once.
for k in 1 2 3; do
	on "$k" 60 "for n in $(others "$k"); do sha256sum </n\$n/srv/data >/tmp/sum\$n & done; wait" &
done
wait
for k in 1 2 3; do
	for other in $(others "$k"); do
		equal "node $k read node $other's data whole" "$(on "$other" 'sha256sum </srv/data')" "$(on "$k" "cat /tmp/sum$other")"
	done
done

equal "node 3 reads node 1 through node 2" from1 "$(on 3 'cat /n2/n1/srv/name')"
contains "it is the same directory, whichever way" '^same$' \
	"$(on 3 '[ "$(stat -c %i /n2/n1/srv)" = "$(stat -c %i /n1/srv)" ] && echo same')"
on 1 '(umask 077; echo secret >/srv/secret)'
equal "node 3, root to node 1, reads its secret" secret "$(on 3 'cat /n1/srv/secret')"
fails_with "node 3, nobody to node 2, does not read it through node 2" 3 'Permission denied' 'cat /n2/n1/srv/secret'
equal "node 2, root to node 1, reads it" secret "$(on 2 'cat /n1/srv/secret')"
equal ".. leads back to node 2" from2 "$(on 3 'cat /n2/n1/../srv/name')"
on 3 'cat >/tmp/holder <<"END"
exec 3</n2/n1/srv/data
echo open >/tmp/open
while [ ! -e /tmp/go ]; do sleep 1; done
sha256sum <&3 >/tmp/held
echo $? >/tmp/held.status
END
sh /tmp/holder >/dev/null 2>&1 &' || bail_out "node 3 holds a file of node 1"
opened() { [ "$(on 3 'cat /tmp/open 2>/dev/null')" = open ]; }
passes "node 3 opens a file of node 1 through node 2" within 20 opened
for k in 1 2 3; do
	contains "node $k's status names both peers" '^2$' "$(on "$k" "netmsg status | grep -c '^peer .* up '")"
done
cluster kill 2
on 3 'touch /tmp/go'
finished() { [ -n "$(on 3 'cat /tmp/held.status 2>/dev/null')" ]; }
passes "node 2 dies; node 3 is not stuck" within $((peer_timeout_s + slack_s)) finished
equal "what came through node 2 is node 1's own right" "$(on 1 'sha256sum </srv/data')" "$(on 3 'cat /tmp/held')"
equal "node 3 goes on with node 1" from1 "$(on 3 20 'cat /n1/srv/name')"
finish
