# SPDX-License-Identifier: GPL-2.0-or-later
# base.tar: the common root of all nodes, the first ramdisk.
#
# A part adds a program by  node_root_files += $(B)/node/root/PATH  and a rule
# that makes that file; PATH is its place on the node.  Plain files lie below
# node/image/ as they shall be.  busybox's commands become symbolic links.

image_plain := $(shell cd node/image && find etc -type f)
image_directories := bin sbin etc hurd tests dev tmp root home mnt servers servers/socket var var/tmp run

.SECONDEXPANSION:
$(B)/node/base.tar: node/image/part.mk node/image/assemble $(image_plain:%=node/image/%) $$(node_root_files) $(B)/node/busybox/applets.txt
	node/image/assemble $@ $(B)/node/busybox/applets.txt "$(image_directories)" "$(image_plain)" "$(node_root_files:$(B)/node/root/%=%)"

node: $(B)/node/base.tar
