#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs that lie on node 1 run on nodes 2, 3 and 4, mapped through the mount: their
# pages come when they are touched.  What they print is what they print on this machine.
. "$(dirname "$0")/../../testbed/scenario.sh"
reference=$B/host/reference data=tests/cluster/data
[ -x "$reference/lua" ] && [ -x "$reference/sqlite3" ] || bail_out "the reference programs are built: make reference-programs"

# Real data: the list of SQLite's files with their hashes, and Lua's sources.
mkdir -p "$scratch/input/srv"
sed -n 's/^F \([^ ]*\) \([0-9a-f]*\).*/\1 \2/p' "$B/src/sqlite3/manifest" >"$scratch/input/srv/files.txt"
cat "$B"/src/lua5.4/src/*.c >"$scratch/input/srv/text"
cp "$data"/*.lua "$data"/*.sql "$scratch/input/srv/"
(cd "$scratch/input/srv" && "$top/$reference/sqlite3" data.db <load.sql && "$top/$reference/sqlite3" data.db <query.sql >../db.wanted &&
	"$top/$reference/lua" words.lua text >../words.wanted) || bail_out "the same programs run on this machine"
tar -C "$scratch/input" --format=ustar --owner=0 --group=0 --numeric-owner -cf "$scratch/srv.tar" srv
boot 4 --input "1:$scratch/srv.tar"

# A file system of their own, so that its counts are these programs' only.
on 1 'mkdir /prog && settrans -ac /prog /hurd/tmpfs --debug && cp /bin/lua /bin/sqlite3 /prog && sleep 3' ||
	bail_out "node 1 has programs"
serve 1
for k in 2 3 4; do mount_on "$k" node1; done
sent() { on 1 'fsysopts /prog' | sed -n 's/.*paged-out=\([0-9]*\).*/\1/p'; }
pages_of() { on 1 "stat -c %s /prog/$1" | awk '{ print int(($1 + 4095) / 4096) }'; }

run_on() # K PROGRAM COMMAND WANTED
{
	local before after pages got
	before=$(sent)
	on "$1" 60 "cd /mnt/srv && $3" >"$scratch/got" 2>&1 || echo "status $?" >>"$scratch/got"
	after=$(sent)
	diff "$4" "$scratch/got" >"$scratch/diff" 2>&1
	got=$?
	[ "$got" = 0 ] && result ok "node $1 runs $2 and prints what this machine prints" ||
		result not "node $1 runs $2 and prints what this machine prints" "$scratch/diff"
	pages=$(pages_of "$2")
	echo "before $before, after $after, of $pages" >"$scratch/out"
	if [ "$after" -gt "$before" ] && [ $((after - before)) -lt "$pages" ]; then
		result ok "$((after - before)) of its $pages pages went to node $1"
	else
		result not "pages went to node $1 on demand, not all" "$scratch/out"
	fi
}

for k in 2 3 4; do
	run_on "$k" sqlite3 '/mnt/prog/sqlite3 -readonly data.db <query.sql' "$scratch/input/db.wanted"
	run_on "$k" lua '/mnt/prog/lua words.lua text' "$scratch/input/words.wanted"
done

# Once more: a node keeps the pages of what it ran.
before=$(sent)
equal "node 2 runs lua again" 42 "$(on 2 '/mnt/prog/lua -e "print(6 * 7)"')"
at_most "with few more pages ($(($(sent) - before)))" 0 "$(($(sent) - before > 16))"

# All at once; each makes a database of its own, and one on node 1.
for k in 2 3 4; do
	on "$k" 100 "cd /mnt/srv && /mnt/prog/sqlite3 /tmp/own.db <load.sql && /mnt/prog/sqlite3 /tmp/own.db <query.sql >/tmp/own
		/mnt/prog/sqlite3 /mnt/tmp/db$k <load.sql && /mnt/prog/sqlite3 /mnt/tmp/db$k <query.sql >/tmp/there" >"$scratch/made$k" 2>&1 &
done
wait
for k in 2 3 4; do
	on "$k" 'cat /tmp/own' >"$scratch/own"
	on "$k" 'cat /tmp/there' >"$scratch/there"
	cat "$scratch/made$k" >>"$scratch/own"
	passes "node $k's own database says the same" diff "$scratch/input/db.wanted" "$scratch/own"
	passes "and the one that it made on node 1" diff "$scratch/input/db.wanted" "$scratch/there"
done
finish
