# SPDX-License-Identifier: GPL-2.0-or-later
# base.tar: the common root of all nodes, the first ramdisk.
#
# A part adds a program by  node_root_files += $(B)/node/root/PATH  and a rule
# that makes that file; PATH is its place on the node.  Plain files lie below
# node/image/ as they shall be.  busybox's commands become symbolic links.

.SECONDEXPANSION:
image_plain := $(shell cd node/image && find etc proc -type f)
# The file proc/mounts is what df reads; there is no more to /proc.
# What init starts from the archive.
node_root_files += $(B)/node/root/hurd/proc $(B)/node/root/hurd/exec $(B)/node/root/hurd/console

image_directories := bin sbin etc hurd tests dev tmp root home mnt servers servers/socket var var/tmp run

.SECONDEXPANSION:
$(B)/node/base.tar: node/image/part.mk node/image/assemble $(image_plain:%=node/image/%) $$(sort $$(node_root_files)) $(B)/node/busybox/applets.txt
	node/image/assemble $@ $(B)/node/busybox/applets.txt "$(image_directories)" "$(image_plain)" "$(patsubst $(B)/node/root/%,%,$(sort $(node_root_files)))"

node: $(B)/node/base.tar
