#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The switch as a process: sockets, commands, latency of its timer, recording.
# usage: test-switch-program BINDIR
set -u
bin=$1
dir=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; wait; rm -rf "$dir"' EXIT
number=0 failed=0

check() # NAME WANTED GOT
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then echo "ok $number - $1"; else
		failed=$((failed + 1))
		echo "not ok $number - $1"
		printf '# wanted %q\n# got    %q\n' "$2" "$3"
	fi
}

tell() { "$bin/switch" --tell "$dir" "$@" 2>&1; }
counted() { tell stats | tr ' ' '\n' | sed -n "s/^$1=//p"; }
until_counted() # NAME VALUE
{
	for _ in $(seq 100); do [ "$(counted "$1")" = "$2" ] && return; sleep 0.02; done
	return 1
}
# One broadcast frame of 60 bytes, as QEMU sends it.
frame() { printf '\0\0\0\074\377\377\377\377\377\377\002\0\0\0\0\001'; head -c 48 /dev/zero; }

"$bin/guard" --watch $$ --pid "$dir/pid" --log "$dir/log" \
	"$bin/switch" --ports 3 --pcap "$dir/record" "$dir" &
for _ in $(seq 100); do [ -S "$dir/control" ] && break; sleep 0.02; done

check 'it answers' 'no faults' "$(tell show)"
tell fly >/dev/null; check 'a wrong command fails' 1 $?
mkfifo "$dir/in"
socat -u "PIPE:$dir/in" "UNIX-CONNECT:$dir/port1" &
socat -u "UNIX-CONNECT:$dir/port2" "CREATE:$dir/out" &
exec 8>"$dir/in"
for _ in $(seq 100); do case $(tell stats) in *port1=up*port2=up*) break ;; esac; sleep 0.02; done
check 'both are plugged in' yes "$(tell stats | grep -q 'port1=up.*port2=up.*port3=down' && echo yes)"

frame >&8
until_counted forwarded 1; check 'a frame passes' 0 $?
for _ in $(seq 50); do [ "$(stat -c %s "$dir/out")" = 64 ] && break; sleep 0.02; done
check 'it arrives unchanged' "$(frame | sha256sum)" "$(sha256sum <"$dir/out")"

check 'delay is set' ok "$(tell delay 300)"
start=${EPOCHREALTIME/./}
frame >&8
while [ "$(stat -c %s "$dir/out")" != 128 ] && [ $((${EPOCHREALTIME/./} - start)) -lt 3000000 ]; do sleep 0.002; done
took=$(((${EPOCHREALTIME/./} - start) / 1000))
check 'a delayed frame comes when due' yes "$([ "$took" -ge 300 ] && [ "$took" -lt 400 ] && echo yes || echo "$took ms")"
tell clear >/dev/null
tell cut 1-2 >/dev/null; frame >&8
until_counted cut 1; check 'a cut frame is counted' 0 $?
check 'and does not arrive' 128 "$(stat -c %s "$dir/out")"

exec 8>&-
for _ in $(seq 100); do case $(tell stats) in *port1=down*) break ;; esac; sleep 0.02; done
check 'unplugging is noticed' yes "$(tell stats | grep -q port1=down && echo yes)"
ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
pid=$(cat "$dir/pid"); before=$(ticks "$pid"); sleep 1
check 'idle, it does not run' yes "$([ $(($(ticks "$pid") - before)) -le 1 ] && echo yes)"
kill "$pid"
for _ in $(seq 100); do [ -e "$dir/pid" ] || break; sleep 0.02; done
check 'it removes its sockets' '' "$(find "$dir" -type s)"
check 'the recording holds three frames' $((24 + 3 * 76)) "$(stat -c %s "$dir/record")"
tell show >/dev/null; check 'no switch: a clear failure' 1 $?

echo "1..$number"
[ "$failed" = 0 ] && [ "$number" -ge 14 ]
