#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two endpoints in one process on one core: what the link costs, first as it is,
# then with the identity for a cipher (no product has that).
here=$(dirname "$0")/bench
case $1 in
  --help) echo "usage: bench-link [SECONDS]   messages/s and MB/s of the link on one core"; exit 0;;
esac
"$here/link-sealed" encrypted "$@" && "$here/link-plain" unencrypted "$@"
