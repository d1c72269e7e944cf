# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel as QEMU takes it.

$(B)/host/elf32: node/boot/elf32.c
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(WARN) -o $@ $<

$(B)/node/kernel: $(B)/host/elf32 $(B)/deb/.gnumach-image-1.8-amd64-up
	@mkdir -p $(@D)
	gzip -dc $(B)/deb/boot/gnumach-1.8-amd64-up.gz >$@.64
	$(B)/host/elf32 $@.64 $@
	rm -f $@.64

node: $(B)/node/kernel
