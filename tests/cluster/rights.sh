#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every operation on port rights between real kernels: a test program on node 2
# plays with a box on node 1 and one on node 3.
. "$(dirname "$0")/../../testbed/scenario.sh"
boot 3
for k in 1 3; do
	serve "$k"
	on "$k" '/tests/cluster/box /box >/tmp/box.log 2>&1 &' || bail_out "node $k has a box"
	# A box answers no file calls: once it is there, looking at it is an error of another kind.
	boxed() { on "$k" '! ls /box 2>&1 | grep -q "No such file"' >/dev/null 2>&1; }
	within 10 boxed || bail_out "node $k's box is there"
done
serve 2
on 2 'mkdir -p /n1 /n3 && settrans -ac /n1 netmsg node1 && settrans -ac /n3 netmsg node3' \
	>"$scratch/mount" 2>&1 || bail_out "node 2 mounts both" "$scratch/mount"

# rights-test prints "ok NAME" or "not ok NAME: why", and a sum at the end.
run_rights() # LABEL LIMIT_S OPERANDS
{
	local line status
	on 2 "$2" "/tests/cluster/rights-test $3" >"$scratch/rights" 2>&1
	status=$?
	while IFS= read -r line; do
		case $line in
		'ok '*) result ok "$1: ${line#ok }" ;;
		'not ok '*)
			echo "${line#not ok }" >"$scratch/why"
			result not "$1: ${line#not ok }" "$scratch/why" ;;
		esac
	done <"$scratch/rights"
	contains "$1: the program came to its end" '^rights: [0-9]+ passed, [0-9]+ failed' \
		"$(tail -n 1 "$scratch/rights"; echo "status $status")"
}

run_rights 'two and three nodes' 240 '/n1/box /n3/box'
for k in 1 2 3; do
	equal "node $k goes on" alive "$(on "$k" 'echo alive')"
done
finish
