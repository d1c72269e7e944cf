#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# conctl and guard against a real shell on a pseudo terminal.  Prints TAP.
# usage: test-conctl BINDIR
set -u
bin=$1
dir=$(mktemp -d) || exit 1
guard=
trap '[ -z "$guard" ] || kill "$guard" 2>/dev/null; wait; rm -rf "$dir"' EXIT
number=0 failed=0

check() # NAME WANTED GOT
{
	number=$((number + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $number - $1"
	else
		failed=$((failed + 1))
		echo "not ok $number - $1"
		printf '# wanted %q\n# got    %q\n' "$2" "$3"
	fi
}

children() { sed -n "s/^Pid:\t//p" $(grep -l "^PPid:[[:space:]]$1\$" /proc/[0-9]*/status 2>/dev/null); }

run() { "$bin/conctl" "$dir/sock" run --timeout 10 "$@" 2>"$dir/err"; }

# What QEMU does: a listening socket, one client at a time, that stays for the next.
"$bin/guard" --pid "$dir/pid" --watch $$ --log "$dir/log" \
	socat "UNIX-LISTEN:$dir/sock,fork,max-children=1" 'EXEC:sh -i,pty,setsid,ctty,stderr,sane' &
guard=$!
for i in $(seq 100); do [ -S "$dir/sock" ] && break; sleep 0.05; done

"$bin/conctl" "$dir/sock" wait --timeout 10; check 'the shell answers' 0 $?
check 'output' 'hello' "$(run 'echo hello')"
run 'exit 7' >/dev/null; check 'exit status' 7 $?
run 'false' >/dev/null; check 'status of a failure' 1 $?
check 'output without a newline' 'x.' "$(run 'printf x'; echo .)"
check 'nothing printed' '.' "$(run ':'; echo .)"
check 'quotes' "it's \"\$HOME\" \\ \`x\`" "$(run "echo 'it'\\''s \"\$HOME\" \\ \`x\`'")"
run 'if then ('  >/dev/null; check 'a syntax error does not hang' 2 $?
check 'several lines' $'a\nb' "$(run $'echo a\necho b')"
long=$(seq -s ' ' 2000)
check 'a long command' "$long" "$(run "echo '$long'")"
check 'much output' "$(seq 20000 | sha256sum)" "$(run 'seq 20000' | sha256sum)"
"$bin/conctl" "$dir/sock" run --timeout 1 'sleep 30' 2>"$dir/err"
check 'time over' 124 $?
check 'an interrupted command leaves a usable shell' again "$(run 'echo again')"
run $'echo \001' >/dev/null; check 'a control character is refused' 2 $?
"$bin/conctl" "$dir/none" run 'true' 2>"$dir/err"; check 'no console' 125 $?
"$bin/conctl" "$dir/sock" fly 2>"$dir/err"; check 'unknown verb' 2 $?
keys()
{
	printf 'echo; echo fo''und\n' # a line of its own, behind any prompt
	for i in $(seq 100); do tr -d '\r' <"$dir/attached" | grep -qx found && break; sleep 0.1; done
	printf '\035'
}
: >"$dir/attached"
keys | timeout 20 "$bin/conctl" "$dir/sock" attach >>"$dir/attached" 2>/dev/null
check 'attach passes keys' 'found' "$(tr -d '\r' <"$dir/attached" | grep -x 'found')"

program=$(cat "$dir/pid")
(sleep 0.5; kill -9 "$program" $(children "$program")) &
run 'sleep 20' >/dev/null; check 'the node ends' 125 $?
wait "$guard"; check 'guard reports a killed program' 137 $?
guard=
[ -e "$dir/pid" ]; check 'the pid file is gone' 1 $?

# A machine that eats a part of what is typed while it boots, and answers late.
"$bin/guard" --pid "$dir/pid" --watch $$ --log "$dir/log" socat "UNIX-LISTEN:$dir/slow,fork,max-children=1" \
	'SYSTEM:dd bs=1 count=12 of=/dev/null 2>/dev/null; sleep 2; exec sh -i,pty,setsid,ctty,stderr,sane' &
guard=$!
for i in $(seq 100); do [ -S "$dir/slow" ] && break; sleep 0.05; done
"$bin/conctl" "$dir/slow" wait --timeout 20; check 'a shell that starts late answers' 0 $?
kill "$(cat "$dir/pid")"; wait "$guard"; guard=

# A launcher that dies takes its programs with it.
( me=$BASHPID; "$bin/guard" --pid "$dir/pid" --watch "$me" sleep 60 & sleep 0.5 )
for i in $(seq 60); do [ -e "$dir/pid" ] || break; sleep 0.05; done
[ -e "$dir/pid" ]; check 'guard ends when the watched process does' 1 $?

echo "1..$number"
[ "$failed" = 0 ] && [ "$number" -ge 20 ]
