#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace attaches to what runs and lets it go again, 100 times under load, and 20 times to the root
# file server; the same while that serves another machine and a program of it is mapped there; and many calls.
# DROVE_RPCTRACE_TIMES, DROVE_RPCTRACE_ROOT_TIMES and DROVE_RPCTRACE_CALLS ask for more.
. "$(dirname "$0")/../../testbed/scenario.sh"
t=/tests/cluster
times=${DROVE_RPCTRACE_TIMES:-100} root_times=${DROVE_RPCTRACE_ROOT_TIMES:-20} calls=${DROVE_RPCTRACE_CALLS:-100000}
boot_with_data 2
serve 1
mount_on 2 node1

on 1 "cat >/tmp/attach <<\\EOF
$(cat tests/cluster/data/attach)
EOF" || bail_out "node 1 has a script"
out=$(on 1 500 "$t/rpctrace-work until 3 >/tmp/work 2>&1 & w=\$!; sleep 1; sh /tmp/attach \$w $times 0.02 0; kill \$w; wait \$w; cat /tmp/work" 2>&1)
contains "attached and detached $times times" "^attached $times times\$" "$out"
contains "every call of three threads was right" '^work: [1-9][0-9]* rounds, 0 wrong' "$out"
contains "and every port name is accounted for" '^work: .* names ([0-9]+) -> \1$' "$out"

# The root file server, which is that of every program here, in turn with its clients' work.
server=$(on 1 "ps | sed -n 's/^ *\([0-9]*\) .*.hurd.tmpfs.\$/\1/p'")
out=$(on 1 250 "$t/rpctrace-work until 3 >/tmp/work 2>&1 & w=\$!; sleep 1; sh /tmp/attach $server $root_times 0.02 0; kill \$w; wait \$w; cat /tmp/work" 2>&1)
contains "attached to the root file server and detached $root_times times" "^attached $root_times times\$" "$out"
contains "every call of three threads to it was right" '^work: [1-9][0-9]* rounds, 0 wrong, names ([0-9]+) -> \1$' "$out"

# The same server, while it serves node 2.
on 1 "rpctrace -o /tmp/trace -p $server >/tmp/rpctrace.log 2>&1 & echo \$! >/tmp/rpctrace.pid
	until grep -q attached /tmp/trace 2>/dev/null; do sleep 0.1; done" || bail_out "attached to the file server"
equal "traced, it serves the other machine" node1 "$(on 2 'cat /mnt/etc/hostname')"
equal "and a program that is executed there by mapping" "$(on 1 'sha256sum /bin/lua | cut -c 1-64')" \
	"$(on 2 60 '/mnt/bin/busybox sha256sum /mnt/bin/lua | cut -c 1-64')"
equal "and one that is executed here" 42 "$(on 1 'cp /bin/lua /tmp/lua && /tmp/lua -e "print(6 * 7)"')"
out=$(on 1 40 'kill $(cat /tmp/rpctrace.pid); sleep 2; grep -c "dir_lookup" /tmp/trace; grep -c memory_object_data_ /tmp/trace; tail -n 50 /tmp/trace | grep -c detached; cat /tmp/rpctrace.log' 2>&1)
contains "all of that is in the trace" '^[1-9][0-9]* [1-9][0-9]* 1$' "$(xargs <<<"$out")"
equal "not traced any more, it serves on" node1 "$(on 2 'cat /mnt/etc/hostname')"

# Its memory is looked at each second: tables double, so what is kept of each call shows, once
# the lines that wait to be written have used all of their ring.
out=$(on 1 $((100 + calls / 500)) "rpctrace -o /dev/null $t/rpctrace-work calls $calls & r=\$!
	while kill -0 \$r 2>/dev/null; do
		ps | sed -n 's/^ *\([0-9]* *\)\{4\}\([0-9]*\) .* rpctrace -o .*/\2/p' | sort -n | sed -n '\$s/^/KiB /p'; sleep 1
	done; wait \$r" 2>&1)
contains "$calls calls leave no name behind" '^work: [1-9][0-9]* rounds, 0 wrong, names ([0-9]+) -> \1$' "$out"
mapfile -t sizes < <(sed -n 's/^KiB //p' <<<"$out")
early=${sizes[${#sizes[@]} / 2]:-0} late=${sizes[-1]:-0}
if [ ${#sizes[@]} -ge 12 ] && [ "$early" -ge 4096 ] && [ $((late - early)) -le 128 ]; then
	result ok "nor memory of the tracer's"
else
	printf '%s\n' "${sizes[@]}" >"$scratch/sizes"
	result not "nor memory of the tracer's" "$scratch/sizes"
fi
finish
