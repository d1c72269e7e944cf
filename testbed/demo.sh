# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The main job: node 2 uses node 1's files through netmsg, and every result is
# compared with what this machine or node 1 computed by itself.  Sourced after
# progress.sh by drove and by tests/cluster/demo-under-faults.sh, which sets
# demo_faults (commands for the switch), demo_patience (a factor for limits),
# demo_data (another input) and demo_files_each.

demo_faults=${demo_faults:-}
demo_patience=${demo_patience:-1}
demo_data=${demo_data:-$B/demo}
demo_files_each=${demo_files_each:-100}    # that each node writes into one directory
demo_folder=''

# Run a command on a node; its output is the step's log.
on() # K LIMIT_S COMMAND
{
	timeout -k 5 $(($2 * demo_patience + 30)) testbed/cluster --run "$demo_folder" \
		run "$1" $(($2 * demo_patience)) "$3"
}

demo_step() # NAME LIMIT_S TEXT FUNCTION [ARG...]
{
	local name=demo-$1 limit=$2 text=$3
	shift 3
	step "$name" $((limit * demo_patience + 60)) "$text" "$@"
}

# A note for the end of the step's line.
note() { say "$*" >&3; }

complain() { say "${*//$'\n'/; }"; return 1; }

same() # WHAT WANTED GOT
{
	[ -n "$2" ] && [ "$2" = "$3" ] || complain "$1: wanted $(head -c 200 <<<"$2"), got $(head -c 200 <<<"$3")"
}

rate_note() # BYTES SECONDS*1000
{
	note "$(($1 * 1000 / ($2 > 0 ? $2 : 1) / 1048576)) MiB/s"
}

timed() # COMMAND...: sets took_ms
{
	local start=${EPOCHREALTIME/./} status
	"$@"
	status=$?
	took_ms=$(((${EPOCHREALTIME/./} - start) / 1000))
	return "$status"
}

demo_boot()
{
	testbed/cluster --run "$demo_folder" up 2 --watch $$ \
		--input "1:$demo_data/node1.tar" --input "2:$demo_data/node2.tar" || return
	local fault
	while read -r fault; do
		[ -z "$fault" ] || testbed/cluster --run "$demo_folder" switch "$fault" >/dev/null || return
	done <<<"$demo_faults"
}

demo_serve() { on 1 20 'netmsg -s /'; }

demo_mount()
{
	on 2 20 'mkdir -p /mnt && settrans -ac /mnt netmsg node1' &&
	same "node 1's name as node 2 reads it" node1 "$(on 2 20 'cat /mnt/etc/hostname')"
}

demo_list()
{
	local list='ls -lR >/tmp/list && wc -l </tmp/list && sha256sum </tmp/list' there here
	there=$(on 1 60 "cd /srv/tree && $list") || complain "node 1 cannot list: $there" || return
	here=$(on 2 120 "cd /mnt/srv/tree && $list") || complain "node 2 cannot list: $here" || return
	same 'listing' "$there" "$here" || return
	[ "${here%%[!0-9]*}" -gt "$(wc -l <"$demo_data/2/srv/tree.sums")" ] || complain "the listing is short: $here" || return
	note "${here%%[!0-9]*} lines"
}

# Check FOLDER on a node against the sums of the host.
check_sums() # K LIMIT_S FOLDER
{
	local out wanted
	wanted=$(wc -l <"$demo_data/2/srv/tree.sums")
	out=$(on "$1" "$2" "cd $3 && sha256sum -c /srv/tree.sums >/tmp/checked 2>&1; s=\$?
		grep -v ': OK\$' /tmp/checked | head -n 3; grep -c ': OK\$' /tmp/checked; exit \$s") ||
		complain "sums differ: $out" || return
	same 'files with the right sum' "$wanted" "${out// /}" || return
	note "$wanted files"
}

# The same for a copy, and that it has no file more.
check_copy() # K LIMIT_S FOLDER
{
	check_sums "$@" &&
	same 'files there' "$(wc -l <"$demo_data/2/srv/tree.sums")" "$(on "$1" "$2" "find $3 -type f | wc -l" | tr -d ' ')"
}

demo_sums() { check_sums 2 240 /mnt/srv/tree; }

demo_read_big()
{
	local wanted got
	wanted=$(sed -n 's/ .*big$//p' "$demo_data/2/srv/sums")
	timed on 2 120 'sha256sum </mnt/srv/big' >"$logs/demo-big.out" || return
	got=$(cut -c 1-64 <"$logs/demo-big.out")
	same 'sum of the large file' "$wanted" "$got" && rate_note "$(stat -c %s "$demo_data/1/srv/big")" "$took_ms"
}

demo_copy_here()
{
	on 2 240 'cp -R /mnt/srv/tree /srv/copy' && check_copy 2 120 /srv/copy
}

demo_copy_back()
{
	on 2 240 'cp -R /srv/copy /mnt/srv/back' && check_copy 1 120 /srv/back
}

# Change things through the mount; then node 1 says what it sees.
demo_change()
{
	on 2 60 'set -e; cd /mnt/srv; mkdir work; cd work
		echo first >a; echo second >>a; test "$(cat a)" = "first
second"
		printf 0123456789 >cut; truncate -s 4 cut; test "$(cat cut)" = 0123
		truncate -s 6 cut; test "$(wc -c <cut)" -eq 6
		echo old >target; echo new >from; mv from target; test "$(cat target)" = new
		mv a b; test ! -e a; ln -s b link; test "$(readlink link)" = b
		test "$(cat link)" = "$(cat b)"; ln b hard; test "$(cat hard)" = "$(cat b)"
		chmod 640 b; mkdir sub sub/empty; mv sub moved; rmdir moved/empty; test ! -e moved/empty
		echo x >gone; rm gone; test ! -e gone
		if rmdir /mnt/srv/tree 2>/dev/null; then echo "removed a full folder"; exit 1; fi
		if cat missing 2>/dev/null; then echo "read what is not there"; exit 1; fi' || return
	local seen
	seen=$(on 1 20 'cd /srv/work && ls -1 && cat b && cat link && wc -c <cut && cat target && readlink link &&
		stat -c "%a %h" b') || return
	same 'what node 1 sees' 'b
cut
hard
link
moved
target
first
second
first
second
6
new
b
640 2' "$seen"
}

both_nodes_write() # COUNT
{
	on 1 120 "for i in \$(seq $1); do echo one-\$i >/srv/both/one-\$i || exit 1; done" &
	local other=$!
	on 2 120 "for i in \$(seq $1); do echo two-\$i >/mnt/srv/both/two-\$i || exit 1; done" || return
	wait "$other"
}

demo_both()
{
	local count=$demo_files_each check k
	on 1 20 'mkdir /srv/both' && both_nodes_write "$count" || return
	# Each file holds its own name: all of them, one after the other, are the list of names.
	check="names=\$(for i in \$(seq $count); do echo one-\$i two-\$i; done)
		for name in \$names; do echo \$name; done >/tmp/wanted
		cat \$names >/tmp/got; cmp /tmp/wanted /tmp/got && ls | wc -l"
	for k in '1 /srv/both' '2 /mnt/srv/both'; do
		same "files on node ${k%% *}" $((2 * count)) \
			"$(on "${k%% *}" 120 "cd ${k#* } && $check" | tr -d ' ')" || return
	done
	note "$((2 * count)) files"
}

demo_readers()
{
	local got
	local blocks=$(($(stat -c %s "$demo_data/1/srv/big") / 16 / 16384))
	got=$(on 2 240 'cd /tmp; for i in $(seq 0 15); do
		(dd if=/mnt/srv/big bs=16384 skip=$((i * '$blocks')) count='$((blocks / 4))' 2>/dev/null | sha256sum >part$i) &
	done; wait; for i in $(seq 0 15); do echo $i $(cut -c 1-64 part$i); done') || complain "$got" || return
	same 'sums of the sixteen parts' "$(cat "$demo_data/2/srv/parts.sums")" "$got"
}

# Nothing may be left of a translator that goes away.
demo_unmount()
{
	on 2 30 'settrans -ga /mnt && test ! -e /mnt/etc/hostname && test -n "$(ls /srv/copy)"'
}

demo_run() # RUN_FOLDER
{
	demo_folder=$1
	testbed/cluster --run "$demo_folder" down >/dev/null 2>&1
	demo_step boot 120 "booting two GNU Mach machines" demo_boot
	demo_step serve 20 "node 1: netmsg -s /" demo_serve
	demo_step mount 40 "node 2: settrans -ac /mnt netmsg node1" demo_mount
	demo_step list 180 "node 2: ls -lR of the tree, as on node 1" demo_list
	demo_step sums 240 "node 2: sha256 of every file of the tree, as on the host" demo_sums
	demo_step big 120 "node 2: sha256 of the $(($(stat -c %s "$demo_data/1/srv/big") >> 20)) MiB file, as on the host" demo_read_big
	demo_step copy 360 "copying the tree from node 1 to node 2, comparing" demo_copy_here
	demo_step back 360 "copying it back under another name, comparing" demo_copy_back
	demo_step change 80 "create, append, truncate, rename, symlink, unlink, mkdir, rmdir" demo_change
	demo_step both 240 "both nodes writing into one directory" demo_both
	demo_step readers 240 "16 readers at once" demo_readers
	demo_step unmount 30 "node 2: settrans -ga /mnt" demo_unmount
	demo_step down 60 "ending the machines" testbed/cluster --run "$demo_folder" down
	say 'demo: ok'
}
