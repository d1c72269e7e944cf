# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Steps that say what they do and how long it takes; sourced after common.sh.
# A step's output goes to build/log/NAME.log; when it fails, one line tells.

logs=$B/log
step_pid=''
side_pid=''		# what runs beside the steps

show_running() # TEXT SECONDS
{
	if [ -t 1 ]; then
		printf '\r%s ... %s s' "$1" "$2"
	elif [ $(($2 % 2)) = 0 ]; then
		printf '.'
	fi
}

show_start() # TEXT
{
	if [ -t 1 ]; then printf '%s ...' "$1"; else printf '%s ..' "$1"; fi
}

show_end() # TEXT SECONDS NOTE
{
	[ ! -t 1 ] || printf '\r%s ...' "$1"
	printf ' %s s%s\n' "$2" "${3:+ ($3)}"
}

# End a step and all that it has started.
stop_tree() # PID
{
	local child
	for child in $(children_of "$1"); do
		stop_tree "$child"
	done
	kill -TERM "$1" 2>/dev/null
}

stop_step()
{
	[ -z "$step_pid" ] || stop_tree "$step_pid"
	[ -z "$side_pid" ] || stop_tree "$side_pid"
	step_pid='' side_pid=''
}

last_line() # FILE
{
	grep -v '^[[:space:]]*$' "$1" 2>/dev/null | tail -n 1 | cut -c 1-160
}

# Run a command or a function as a step; its status is the step's.  What it
# writes to descriptor 3 is shown behind the time, in brackets.
try_step() # NAME LIMIT_S TEXT COMMAND...
{
	local name=$1 limit=$2 text=$3 start=${EPOCHREALTIME/./} second=0 tick=0 status
	shift 3
	mkdir -p "$logs"
	step_log=$logs/$name.log
	show_start "$text"
	if [ "$(type -t "$1")" = function ]; then
		"$@" >"$step_log" 2>&1 3>"$step_log.note" </dev/null &
	else
		timeout -k 5 "$limit" "$@" >"$step_log" 2>&1 3>"$step_log.note" </dev/null &
	fi
	step_pid=$!
	while kill -0 "$step_pid" 2>/dev/null; do
		sleep 0.1
		tick=$(((${EPOCHREALTIME/./} - start) / 1000000))
		[ "$tick" = "$second" ] || { second=$tick; show_running "$text" "$second"; }
		[ "$second" -le $((limit + 10)) ] || stop_tree "$step_pid"
	done
	wait "$step_pid"
	status=$?
	step_pid=''
	tick=$(((${EPOCHREALTIME/./} - start) / 100000))
	[ "$status" != 0 ] || [ -s "$step_log" ] || rm -f "$step_log"
	show_end "$text" "$((tick / 10)).$((tick % 10))" "$(head -n 1 "$step_log.note" 2>/dev/null)"
	rm -f "$step_log.note"
	return "$status"
}

step() # NAME LIMIT_S TEXT COMMAND...
{
	local status why
	try_step "$@"
	status=$?
	[ "$status" != 0 ] || return 0
	why=$(last_line "$step_log")
	case $status in
	124|137) why="it took longer than $2 s${why:+; last: $why}" ;;
	esac
	die "$3: failed: ${why:-status $status} (log: $step_log)"
}
