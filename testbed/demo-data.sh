#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# demo-data: make the archives that the demo's nodes start with.
#   demo-data.sh SOURCE 'FOLDER...' BIG_BYTES OUT
# OUT/node1.tar holds srv/tree and srv/big; OUT/node2.tar the sums only, which
# this machine computes and no node can have changed:
#   srv/sums        of all files, with paths from srv
#   srv/tree.sums   of the tree's files, with paths from the tree
#   srv/parts.sums  of the first quarter of each of the large file's sixteen parts
set -euo pipefail
[ $# = 4 ] || { echo "usage: demo-data.sh SOURCE 'FOLDER...' BIG_BYTES OUT" >&2; exit 2; }
source=$1 folders=$2 bytes=$3 out=$4
parts=16

rm -rf "$out/1" "$out/2"
mkdir -p "$out/1/srv/tree" "$out/2/srv"
tree=$PWD/$out/1/srv/tree
for folder in $folders; do
	(cd "$source" && cp -R --parents "$folder" "$tree/")
done
find "$source" -maxdepth 1 -type f -exec cp {} "$out/1/srv/tree/" \;
# Nothing that a memory file system would show otherwise: plain files and folders.
find "$out/1/srv/tree" ! -type f ! -type d -delete
chmod -R u=rwX,go=rX "$out/1/srv/tree"
build/host/mkdata "$bytes" 64 >"$out/1/srv/big"

sums() { find "$@" -type f | LC_ALL=C sort | xargs -d '\n' sha256sum; }
(cd "$out/1/srv" && sums tree big) >"$out/2/srv/sums"
(cd "$out/1/srv/tree" && sums .) >"$out/2/srv/tree.sums"
for part in $(seq 0 $((parts - 1))); do
	printf '%s ' "$part"
	dd if="$out/1/srv/big" bs=16384 skip=$((part * (bytes / parts / 16384))) \
		count=$((bytes / parts / 16384 / 4)) status=none | sha256sum | cut -c 1-64
done >"$out/2/srv/parts.sums"

# Node 1 gets the tree's sums too, to check a copy without the network.
cp "$out/2/srv/tree.sums" "$out/1/srv/"
for node in 1 2; do
	tar -C "$out/$node" --format=ustar --owner=0 --group=0 --numeric-owner --sort=name \
		-cf "$out/node$node.tar" srv
done
