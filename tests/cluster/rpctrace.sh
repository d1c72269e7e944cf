#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace on one machine: what it shows, what a traced program sees, and what is left when
# one of the two is killed.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 1
t=/tests/cluster

# What rpctrace says about itself in one line; its own status is 125.
refuses() # TEXT PATTERN OPTIONS
{
	local out
	out=$(on 1 "rpctrace $3 2>&1; echo \$?" 2>&1)
	contains "$1" "^rpctrace: $2.* 125\$" "$(xargs -d '\n' <<<"$out")"
}

# Nothing of a tracer is left: no process, no port name in a server.
no_tracers() { [ "$(on 1 'ps >/tmp/ps; grep -c "[r]pctrace " /tmp/ps' 2>&1)" = 0 ]; }

# --- what it shows
on 1 "printf 'greetings 987000 greet 654 987654 0 (count: i32, text: char[], pair: i64[2], far: char[], file: port, none: port)\n' >/tmp/greetings"
out=$(on 1 "rpctrace -s 32 -i /tmp/greetings -e '!mach_port_deallocate,mach_port_mod_refs' -o /tmp/o $t/rpctrace-steps; echo status \$?
	sed -n '/name: 471100)/,/name: 471198)/p' /tmp/o" 2>&1)
contains "the exit status is the program's" '^status 3$' "$out"
# Process, port and name numbers depend on what came before: they are numbered anew.
grep -v '^status' <<<"$out" | sed -E 's/task 1 \(pid [0-9]+\)/T/' | awk '
	function anew(text, what, kind, seen, n,   out, word) {
		out = ""
		while (match(text, what " [0-9]+")) {
			word = substr(text, RSTART, RLENGTH)
			if (word !~ /4711/ && !(word in seen)) seen[word] = what " " kind (++seen["count"])
			out = out substr(text, 1, RSTART - 1) (word in seen ? seen[word] : word)
			text = substr(text, RSTART + RLENGTH)
		}
		return out text
	}
	{ print anew(anew($0, "port", "P", ports), "name:", "N", names) }' >"$scratch/steps"
if diff tests/cluster/data/rpctrace-steps.txt "$scratch/steps" >"$scratch/diff"; then
	result ok "every line of a known program"
else
	result not "every line of a known program" "$scratch/diff"
fi
out=$(on 1 "rpctrace -e gsync_wait,gsync_wake,mach_port_type -o /tmp/o $t/rpctrace-steps; cut -d : -f 2- /tmp/o | grep -A 9 471198" 2>&1)
contains "a call that waits is unfinished, and resumed" 'gsync_wait .addr: (0x[0-9a-f]*), .*<unfinished .*mach_port_type .name: 471150.*gsync_wake .addr: \1, .*<... gsync_wait resumed> = 0' "$(tr '\n' ' ' <<<"$out")"
out=$(on 1 "rpctrace -t -o /tmp/o $t/rpctrace-steps; grep 471100 /tmp/o" 2>&1)
contains "-t: when, and how long" '^[0-9]+\.[0-9]{6} task 1 .*KERN_INVALID_NAME \(15\) <[0-9]+\.[0-9]{6}>$' "$out"
out=$(on 1 "rpctrace -c -o /tmp/o $t/rpctrace-steps; cat /tmp/o" 2>&1)
contains "-c: calls and errors" ' 4 +4 +0 +0 mach_port_type$' "$out"
contains "-c: messages without an answer" ' 0 +0 +3 +0 gsync_wake$' "$out"
contains "-c: the sum" ' total$' "$out"
out=$(on 1 "rpctrace -e io -e '!io_seek' -s 5 -o /tmp/o $t/rpctrace-steps; cut -d '>' -f 2- /tmp/o" 2>&1)
equal "-e: an interface without one routine, -s" 'io_read (offset: -1, amount: 300) = 0 (data: "root:"..., 27 bytes)
io_write (data: "xxxxx"..., 300 bytes, offset: -1) = 0 (amount: 300)
io_read (offset: -1, amount: 20) = 0 (data: "xxxxx"..., 20 bytes)
io_map () = 0 (memobjrd: memory object "/dev/time", memobjwt: null)' "$(grep -v '^+++' <<<"$out")"
on 1 "rpctrace --json -o /tmp/o $t/rpctrace-steps; cat /tmp/o" >"$scratch/json" 2>&1
equal "--json: every line is an object" "$(wc -l <"$scratch/json") objects, 4 questions, 4 errors" "$(python3 -c '
import json, sys
lines = [json.loads(line) for line in sys.stdin]
asked = [line for line in lines if line.get("rpc") == "mach_port_type"]
print(len(lines), "objects,", len(asked), "questions,", sum(line["result"]["code"] == 15 for line in asked), "errors")' \
	<"$scratch/json" 2>&1)"

# --- children
out=$(on 1 "rpctrace -e proc_mark_exit,io_write -o /tmp/o sh -c 'echo one | cat; (exit 5); sh -c \"exit 6\"'; echo status \$?; cat /tmp/o" 2>&1)
contains "children, and what they exec, are followed" '^status 6$' "$out"
equal "each with a number of its own" '1 2 3 4 5 6' "$(sed -n 's/^+++ task \([0-9]*\) .*/\1/p' <<<"$out" | sort -n | head -n 6 | xargs)"
contains "the child's message" '^task [2-9].*io_write \(data: "one.n"' "$out"
out=$(on 1 "rpctrace --no-follow -e proc_mark_exit,io_write -o /tmp/o sh -c 'echo one | cat; echo two'; grep -c '^task [^1]' /tmp/o; cat /tmp/o" 2>&1)
contains "--no-follow" '^0$' "$out"
contains "and the program is traced all the same" '^task 1 .*io_write \(data: "two.n"' "$out"

# --- mistakes
fails_with "nothing to trace" 1 'rpctrace: nothing to trace' 'rpctrace'
fails_with "an option that is none" 1 "^rpctrace: '-x' is no option; see rpctrace --help" 'rpctrace -t -x true'
fails_with "an option without its argument" 1 "^rpctrace: '-p' needs an argument; see rpctrace --help" 'rpctrace -p'
refuses "a process that is not there" 'there is no process 9999' '-p 9999'
refuses "a name that no list has" '-e no_such_call: ' '-e no_such_call true'
refuses "a list that is none" '/etc/passwd:1: ' '-i /etc/passwd true'
refuses "a file that cannot be written" '/nowhere/o: ' '-o /nowhere/o true'
out=$(on 1 'rpctrace -o /tmp/o no-such-program; echo $?' 2>&1)
equal "a program that is not there" 'rpctrace: no-such-program: No such file or directory 127' "$(xargs <<<"$out")"

# --- the traced program sees what it would see
out=$(on 1 100 "cd /tests/scenarios && rpctrace -o /tmp/o /tests/conformance \$(ls *.scn | grep -v messages) >/tmp/out 2>&1; echo; cat /tmp/out" 2>&1)
scripts=$(($(ls sim/scenarios/*.scn | wc -l) - 1))
equal "$scripts scripts of what Mach's ports do, traced" "$scripts passed" "$(grep -c '^PASS' <<<"$out") passed$(grep -E '^FAIL|^/' <<<"$out")"
on 1 "$t/box /tmp/box >/tmp/box.log 2>&1 & echo \$! >/tmp/box.pid; sleep 1"
all_rights=''
traced_rights() # LABEL COMMAND
{
	local name out all=''
	for name in message_is name right array dead sender once home queue; do
		out=$(on 1 30 "$2 $t/rights-test /tmp/box - $name" 2>&1)
		grep -q '^rights:' <<<"$out" || out+=$'\n'"$name: hangs"
		all+=$out$'\n'
	done
	out="$(awk '/^rights:/ { good += $2; bad += $4 } END { print good " passed, " bad " failed" }' <<<"$all")$(grep -E '^not ok|: hangs$' <<<"$all")"
	: "${all_rights:=$out}"
	equal "$1 ($out)" "$all_rights" "$out"
}
traced_rights "rights go to a server and come back" ''
contains "and all are right" '^[1-9][0-9]* passed, 0 failed$' "$all_rights"
traced_rights "the same, traced" 'rpctrace -o /tmp/o'
on 1 'rpctrace -o /tmp/o2 -p $(cat /tmp/box.pid) >/tmp/box.trace 2>&1 & sleep 1'
traced_rights "the same, both sides traced by tracers of their own" 'rpctrace -o /tmp/o'
on 1 'kill $(ps | sed -n "s/^ *\([0-9]*\) .*[r]pctrace -o .tmp.o2 .*/\1/p" | head -n 1)'
within 10 no_tracers
traced_rights "the same, not traced any more" ''
out=$(on 1 60 "rpctrace -o /tmp/o sh -c '$t/box /tmp/box2 >/tmp/box.log 2>&1 & sleep 1; $t/rights-test /tmp/box2 - name; kill \$!' 2>&1; grep -c '^task' /tmp/o" 2>&1)
contains "the same, both sides traced by one" '^rights: [1-9][0-9]* passed, 0 failed$' "$out"
for follow in '' --no-follow; do
	equal "a receive right comes to who sends to it, behind a full queue ${follow:+(from the world)}" 'moving: 30 rounds, 0 wrong' \
		"$(on 1 60 "rpctrace $follow -o /tmp/o $t/rpctrace-moving 30" 2>&1)"
done
# Threads that are in the kernel for good: traced, and by themselves, when the task cannot be stopped either.
out=$(on 1 60 "rpctrace -o /tmp/o $t/rpctrace-waits; sed -n 's/.*<\.\.\. \([a-z_]*\) resumed> = ? <reply right destroyed>\$/\1/p' /tmp/o | sort -u | xargs" 2>&1)
contains "gsync_wait, vm_map and a silent pager for good: other threads go on" '^waits: 300 calls, 0 wrong, 0 waits over$' "$out"
# Which it is that they wait for is in the trace; on a slow machine others wait for locks at the end too.
contains "and so does the end of the program" '(^| )gsync_wait vm_map vm_write( |$)' "$out"
out=$(on 1 60 "$t/rpctrace-waits 5 >/tmp/out & sleep 1; rpctrace -p \$!; echo status \$?; until grep wrong /tmp/out; do sleep 0.2; done" 2>&1)
contains "such a task is not attached to" '^rpctrace: process [0-9]+ cannot be stopped: .* status 125 ' "$(xargs <<<"$out")"
contains "and goes on" '^waits: [1-9][0-9]* calls, 0 wrong, 0 waits over$' "$out"
for program in posix-files posix-pipes libpager; do
	out=$(on 1 60 "rpctrace -o /tmp/o /tests/$program >/tmp/out 2>&1; echo status \$?; grep -cE '^(PASS|ok)' /tmp/out; grep -E '^(FAIL|not ok)' /tmp/out" 2>&1)
	contains "$program passes traced: $(xargs <<<"$out")" '^status 0 [1-9][0-9]*$' "$(grep -v '^pid' <<<"$out" | xargs)"
done

# --- ends of one or the other
out=$(on 1 "rpctrace -o /tmp/o sh -c 'kill -9 \$\$'; echo \$?; tail -n 1 /tmp/o" 2>&1)
contains "a traced program kills itself: so ends rpctrace" '^137$' "$out"
contains "and the trace says so" '^\+\+\+ task 1 .pid [0-9]*. ended \+\+\+$' "$out"
out=$(on 1 "rpctrace -o /tmp/o $t/rpctrace-work until 2 >/tmp/work & sleep 2
	kill -9 \$(ps | grep -v 'rpctrace -o' | sed -n 's/^ *\([0-9]*\) .*rpctrace-work until 2\$/\1/p'); wait \$!; echo \$?" 2>&1)
contains "a traced program is killed in the middle" '^137$' "$out"

# The process that the user started is gone; the program has its own rights again.
# (The one that traces is its child, and looks like it.)
front() { echo "ps | sed -n 's/^ *\([0-9]*\) .*[r]pctrace -o .tmp.o .*/\1/p' | head -n 1"; }
work_pid="ps | grep -v 'rpctrace -o' | sed -n 's/^ *\([0-9]*\) .*rpctrace-work until 3\$/\1/p'"
for signal in TERM KILL; do
	out=$(on 1 40 "rpctrace -o /tmp/o $t/rpctrace-work until 3 >/tmp/work 2>&1 & sleep 2; kill -$signal \$($(front)); wait \$!; echo status \$?
		sleep 1; wc -l </tmp/o; sleep 1; wc -l </tmp/o; tail -n 40 /tmp/o | grep -c detached; kill \$($work_pid); sleep 1; tail -n 1 /tmp/work" 2>&1)
	contains "rpctrace gets SIG$signal: the program goes on and all its rights are right" \
		'^work: [0-9]+ rounds, 0 wrong, names ([0-9]+) -> \1$' "$out"
	# A child of the program's may be traced at that time, and is let go too.
	contains "and is traced no more" 'status [0-9]+ ([0-9]+) \1 [12] work' "$(xargs <<<"$out")"
done
passes "and nothing of rpctrace is left" within 10 no_tracers

# What waits when tracing ends: messages with rights in them, requests to hear of deaths, in ports of each kind.
detached() # never|first|later: attached before they come to wait, or afterwards
{
	on 1 90 "rm -f /tmp/traced /tmp/free /tmp/o; $t/rpctrace-detached /tmp/traced /tmp/free >/tmp/out & d=\$!
		attach() { rpctrace -o /tmp/o -p \$d & r=\$!; until grep -q attached /tmp/o 2>/dev/null; do sleep 0.1; done; }
		until grep -q ready /tmp/out; do sleep 0.1; done
		[ $1 != first ] || attach
		>/tmp/traced; until grep -q waits /tmp/out; do sleep 0.1; done; sleep 0.2
		[ $1 != later ] || attach
		[ $1 = never ] || { kill \$r; wait \$r; i=0; while ps | grep -q '[r]pctrace -o' && [ \$i -lt 20 ]; do sleep 0.1; i=\$((i + 1)); done
			[ \$i != 20 ] || echo the tracer stays; }
		>/tmp/free; wait \$d; cat /tmp/out" 2>&1
}
for when in never first later; do
	out=$(detached $when)
	contains "messages and requests that wait in ports (attached: $when)" \
		'^detached: [1-9][0-9]* right, 0 wrong, names ([0-9]+) -> \1$' "$out"
	equal "and no tracer waits with them" '' "$(grep stays <<<"$out")"
done

# What nothing can mend: the process that holds the rights is gone.
out=$(on 1 40 "rpctrace -o /tmp/o $t/rpctrace-work until 1 >/tmp/work 2>&1 & f=\$!; sleep 2
	kill -9 \$(ps | sed -n \"s/^ *\([0-9]*\) *\$f .*[r]pctrace -o .*/\1/p\"); wait \$f; echo status \$?; cat /tmp/work" 2>&1)
contains "the process that traces is killed: said in one line" '^rpctrace: the process that traces was killed: what was traced has lost its rights$' "$out"
contains "and by the status" '^status 125$' "$out"
equal "the machine goes on" alive "$(on 1 'echo alive')"
finish
