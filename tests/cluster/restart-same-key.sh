#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A node restarted under the same key is a new epoch: rights of the old one are
# dead, nothing of the old session is accepted, new ones work.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 2
serve 1
mount_on 2 node1

on 1 'mkdir -p /srv && { echo one; echo two; } >/srv/lines' || bail_out "node 1 has a file"
on 2 'cat >/tmp/holder <<"END"
exec 3</mnt/srv/lines
read first <&3
echo "$first" >/tmp/held
while [ ! -e /tmp/go ]; do sleep 1; done
cat <&3 >/tmp/after 2>/tmp/after.err
echo $? >/tmp/after.status
END
rm -f /tmp/go; sh /tmp/holder >/dev/null 2>&1 &' || bail_out "node 2 holds an open file"
held() { [ -n "$(on 2 'cat /tmp/held 2>/dev/null')" ]; }
passes "node 2 holds a right of the old epoch" within 20 held

cluster kill 1
cluster start 1 >"$scratch/start" 2>&1 || bail_out "node 1 starts again" "$scratch/start"
serve 1
on 1 'mkdir -p /srv && { echo one; echo two; } >/srv/lines' || bail_out "node 1 has the file again"
back() { [ "$(on 2 20 'cat /mnt/srv/lines' 2>/dev/null)" = $'one\ntwo' ]; }
passes "new rights work" within 30 back
on 2 'touch /tmp/go'
done_holding() { [ -n "$(on 2 'cat /tmp/after.status 2>/dev/null')" ]; }
passes "the holder of the old right is not stuck" within $((peer_timeout_s + slack_s)) done_holding
contains "the old right is dead" '^[1-9]' "$(on 2 'cat /tmp/after.status')"
equal "nothing was read by the old right" '' "$(on 2 'cat /tmp/after')"
finish
