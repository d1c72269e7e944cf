#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The cluster launcher with a stand-in for QEMU: a shell on a pseudo terminal
# behind the console's socket.  usage: test-cluster BINDIR
set -u
bin=$1
source=$(cd "$(dirname "$0")/../.." && pwd -P)
dir=$(mktemp -d) || exit 1
dir=$(cd "$dir" && pwd -P)
trap '"$dir/testbed/cluster" down >/dev/null 2>&1; wait; rm -rf "$dir"' EXIT
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

mkdir -p "$dir/testbed" "$dir/build/node" "$dir/bin"
cp "$source/testbed/cluster" "$source/testbed/common.sh" "$dir/testbed/"
ln -s "$bin" "$dir/build/host"
for file in kernel init.elf base.tar; do echo x >"$dir/build/node/$file"; done
cat >"$dir/bin/qemu-system-x86_64" <<'END'
#!/bin/bash
for word; do
	case $word in
	socket,*) console=${word#*path=}; console=${console%%,*} ;;
	stream,*) port=${word##*addr.path=} ;;
	node*) NODE=$word ;;
	esac
done
export NODE
[ ! -e refuse-$NODE ] || { echo "stand-in: told to fail"; exit 1; }
rm -f "$console"
exec socat "UNIX-LISTEN:$console,fork,max-children=1" 'EXEC:sh -i,pty,setsid,ctty,stderr,sane'
END
chmod +x "$dir/bin/qemu-system-x86_64"
export PATH=$dir/bin:$PATH DROVE_BOOT_LIMIT_S=10
cluster() { "$dir/testbed/cluster" "$@" 2>&1; }
alive() { [ -d "/proc/$1" ] && ! grep -q '^State:.*Z' "/proc/$1/status"; }

check 'nothing is up at first' 'no cluster is up' "$(cluster status)"
check 'down of nothing' 'no cluster is up' "$(cluster down)"
cluster run 1 'echo' >/dev/null; check 'run without a cluster fails' 1 $?
cluster up 9 >/dev/null; check 'too many nodes' 1 $?
cluster up 2 --watch $$ </dev/null; check 'up' 0 $?
check 'a command on node 2' node2 "$(cluster run 2 'echo $NODE')"
cluster run 1 'exit 9'; check 'its status' 9 $?
contains=$(cluster status | grep -c '^node[12]   pid')
check 'status shows both' 2 "$contains"
check 'the switch takes commands' ok "$(cluster switch loss 1)"
check 'a second up says that one is up' 1 "$(cluster up 2 | grep -c 'a cluster is up')"
check 'the key is private' 600 "$(stat -c %a "$dir/build/run/node1/files/etc/netmsg/key")"
check 'the nodes know each other' "$(cat "$dir/build/run/node2/public-key") node2 10.77.0.2 user=root" \
	"$(cat "$dir/build/run/node1/files/etc/netmsg/authorized_peers")"
key=$(cat "$dir/build/run/node1/public-key")
check 'the ramdisk holds the key' 1 "$(tar -tf "$dir/build/run/node1/overlay.tar" | grep -c '^./etc/netmsg/key$')"
seed=$(sha256sum <"$dir/build/run/node1/files/etc/random-seed")

pid=$(cat "$dir/build/run/node1.pid")
cluster kill 1; check 'kill' 0 $?
alive "$pid"; check 'the node is dead' 1 $?
cluster run 1 'echo' >/dev/null; check 'a dead node runs nothing' 125 $?
check 'the other lives' node2 "$(cluster run 2 'echo $NODE')"
cluster start 1; check 'start' 0 $?
check 'it answers again' node1 "$(cluster run 1 'echo $NODE')"
check 'under the same key' "$key" "$(cat "$dir/build/run/node1/public-key")"
[ "$seed" != "$(sha256sum <"$dir/build/run/node1/files/etc/random-seed")" ]
check 'with a new random seed' 0 $?
cluster start 1 >/dev/null; check 'starting it twice fails' 1 $?
cluster kill 3 >/dev/null; check 'there is no node 3' 1 $?

pids=$(cat "$dir"/build/run/*.pid)
check 'down' 'the cluster is down' "$(cluster down)"
left=0; for pid in $pids; do ! alive "$pid" || left=$((left + 1)); done
check 'nothing is left' 0 "$left"
check 'no pid file is left' '' "$(find "$dir/build/run" -name '*.pid')"

touch "$dir/refuse-node2"
cluster up 2 --watch $$ >"$dir/out" </dev/null; check 'a node that does not start fails the whole' 1 $?
check 'one line says so' 1 "$(wc -l <"$dir/out")"
check 'and nothing is left' 'no cluster is up' "$(cluster down)"
rm "$dir/refuse-node2"

# A launcher that is killed: its cluster goes with it.
bash -c '"$0/testbed/cluster" up 1 --watch $$ </dev/null && kill -9 $$' "$dir" >/dev/null 2>&1
for _ in $(seq 100); do [ -z "$(find "$dir/build/run" -name '*.pid')" ] && break; sleep 0.05; done
check 'a killed launcher leaves nothing' 'no cluster is up' "$(cluster status)"

echo "1..$number"
[ "$failed" = 0 ] && [ "$number" -ge 30 ]
