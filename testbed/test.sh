# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Run every test and count: host programs, programs on a node, scenarios on
# clusters.  Silence never passes: a test that reports nothing has failed.
# Sourced by drove.

host_test_limit_s=300
node_test_limit_s=120
scenario_limit_s=900

failed_log_lines=12

# Two lanes count at a time, so what was counted is kept in files.
results=$logs/test/results failures=$logs/test/failures taken=$logs/test/taken

# Add one program's results; a line for it, and one for each that failed.
count_results() # NAME LOG PASSED FAILED SKIPPED COMPLAINT
{
	local name=$1 log=$2 good=$3 bad=$4 skip=$5 complaint=$6
	if [ -n "$complaint" ]; then
		bad=$((bad + 1))
	elif [ $((good + bad + skip)) = 0 ]; then
		complaint='reported nothing' bad=1
	fi
	echo "$good $bad $skip" >>"$results"
	if [ "$bad" = 0 ]; then
		say "ok    $name ($good passed, $skip skipped)"
	else
		say "FAIL  $name ($good passed, $bad failed${complaint:+; $complaint}) log: $log"
		echo "$log" >>"$failures"
	fi
}

# What failed, once more at the end, where somebody who sees only the end of
# a long output finds it.
show_failures()
{
	local log
	while read -r log; do
		say "--- $log"
		# TAP's failures with their details, or else the end of what was said.
		grep -aE -A 6 '^\r*(not ok|FAIL)' "$log" | head -n "$failed_log_lines" | cut -c 1-160 | grep . ||
			grep -av '^[[:space:]]*$' "$log" | tail -n "$failed_log_lines" | cut -c 1-160
	done <"$failures"
}

count_lines() # PATTERN LOG
{
	grep -cE "$1" "$2" 2>/dev/null || :
}

ending() # STATUS LIMIT_S
{
	case $1 in
	0) ;;
	124|137) echo "took longer than $2 s" ;;
	*) echo "ended with status $1" ;;
	esac
}

counted() # prints how many passed, failed and were skipped
{
	awk '{ p += $1; f += $2; s += $3 } END { print p + 0, f + 0, s + 0 }' "$results"
}

# What a TAP program said; cmocka writes skipped tests as "not ok N # SKIP".
count_tap() # NAME LOG STATUS LIMIT_S
{
	local good bad skip plan complaint
	good=$(grep -E '^ok ' "$2" | grep -vc '# SKIP')
	bad=$(grep -E '^not ok ' "$2" | grep -vc '# SKIP')
	skip=$(count_lines '^(not )?ok .*# SKIP' "$2")
	complaint=$(ending "$3" "$4")
	# A status that only repeats the failures counted is no failure of its own.
	[ "$bad" = 0 ] || [ "$3" -ge 124 ] || complaint=''
	plan=$(sed -n 's/^1\.\.\([0-9][0-9]*\)$/\1/p' "$2" | awk '{ n += $1 } END { print n + 0 }')
	if [ -z "$complaint" ] && [ "$plan" -gt $((good + bad + skip)) ]; then
		complaint="only $((good + bad + skip)) of $plan reported"
	fi
	count_results "$1" "$2" "$good" "$bad" "$skip" "$complaint"
}

host_tests()
{
	local program name log status
	for program in "$B"/host/tests/*; do
		[ -f "$program" ] && [ -x "$program" ] || continue
		name=${program##*/}
		log=$logs/test/host-$name.log
		CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "$host_test_limit_s" "$program" >"$log" 2>&1 </dev/null 3>&- &
		step_pid=$!
		wait "$step_pid"
		status=$?
		step_pid=''
		count_tap "host: $name" "$log" "$status" "$host_test_limit_s"
	done
}

on_test_node() # SECONDS COMMAND
{
	testbed/cluster --run "$own_run" run 1 "$1" "$2"
}

start_test_node()
{
	testbed/cluster --run "$own_run" down >/dev/null 2>&1
	testbed/cluster --run "$own_run" up 1 --watch $$ >"$logs/test/node-boot.log" 2>&1
}

# A node program prints PASS, FAIL and SKIP lines, or TAP, and its status agrees.
count_node_program() # NAME LOG STATUS
{
	local good bad skip complaint
	# A kernel's message in between leaves a carriage return in front.
	good=$(count_lines $'^\r*(PASS|ok [0-9])' "$2")
	bad=$(count_lines $'^\r*(FAIL|not ok [0-9])' "$2")
	skip=$(count_lines '^SKIP' "$2")
	complaint=$(ending "$3" "$node_test_limit_s")
	[ "$3" != 125 ] || complaint='the node died'
	[ "$bad" = 0 ] || [ "$3" -ge 124 ] || complaint=''
	count_results "node: $1" "$2" "$good" "$bad" "$skip" "$complaint"
}

node_tests()
{
	local programs name log status
	own_run=$B/run-test
	if ! start_test_node; then
		count_results "node: boot" "$logs/test/node-boot.log" 0 0 0 "$(last_line "$logs/test/node-boot.log")"
		return
	fi
	count_results "node: boot" "$logs/test/node-boot.log" 1 0 0 ''
	programs=$(on_test_node 30 'cd /tests && for t in *; do [ -f "$t" ] && [ -x "$t" ] && echo "$t"; done; :' \
		2>"$logs/test/node-list.log") || programs=''
	[ -n "$programs" ] || count_results "node: list of /tests" "$logs/test/node-list.log" 0 0 0 'no programs found'
	for name in $programs; do
		log=$logs/test/node-$name.log
		on_test_node "$node_test_limit_s" "/tests/$name" >"$log" 2>&1
		status=$?
		count_node_program "$name" "$log" "$status"
		# Time out or death: the next program gets a fresh node.
		[ "$status" -lt 124 ] || start_test_node || {
			count_results "node: boot after $name" "$logs/test/node-boot.log" 0 0 0 "does not boot"
			return
		}
	done
	testbed/cluster --run "$own_run" down >/dev/null
	own_run=''
}

# Scenarios that no lane has begun yet, one after the other, in a run folder of the lane's own.  The
# longest first, or one lane would wait for the other's.
cluster_tests() # RUN
{
	local script name log status
	own_run=$1
	for script in tests/cluster/rpctrace*.sh tests/cluster/*.sh; do
		[ -e "$script" ] || continue
		name=$(basename "$script" .sh)
		mkdir "$taken/$name" 2>/dev/null || continue
		log=$logs/test/cluster-$name.log
		DROVE_RUN=$own_run timeout -k 5 "$scenario_limit_s" bash "$script" >"$log" 2>&1 </dev/null 3>&- &
		step_pid=$!
		wait "$step_pid"
		status=$?
		step_pid=''
		count_tap "cluster: $name" "$log" "$status" "$scenario_limit_s"
		testbed/cluster --run "$own_run" down >/dev/null 2>&1
	done
	own_run=''
}

# A cluster waits more than it computes, and a host test needs one processor and no node: so there
# are two lanes, the host's tests in one and the nodes' in the other, and then scenarios in both.
first_lane()
{
	host_tests
	cluster_tests "$B/run-test-2"
}

test_everything()
{
	local passed failed skipped
	rm -rf "$logs/test" && mkdir -p "$taken"
	: >"$results" >"$failures"
	first_lane &
	side_pid=$!
	node_tests
	cluster_tests "$B/run-test"
	wait "$side_pid" || count_results 'the first lane' "$results" 0 0 0 "ended with status $?"
	side_pid=''
	show_failures
	read -r passed failed skipped < <(counted)
	say "$passed passed, $failed failed, $skipped skipped"
	[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
}
