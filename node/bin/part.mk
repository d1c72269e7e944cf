# SPDX-License-Identifier: GPL-2.0-or-later
# Small commands of the node that speak the Hurd's protocols.

bin_dir := $(B)/node/bin
bin_cflags := -std=gnu11 -O2 $(WARN) -Inode/bin -Inode/posix/include -I$(bin_dir)
# A translator of one's own is started by settrans and by tests.
NODE_START_TRANSLATOR := $(bin_dir)/start_translator.o $(bin_dir)/fsys_S.o

$(bin_dir)/fsys_S.c $(bin_dir)/fsys_S.h &: node/defs/hurd/fsys.defs node/defs/hurd/hurd_types.defs tools/mig
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server hurd/fsys.defs $(bin_dir)/fsys_S.c $(bin_dir)/fsys_S.h

.SECONDEXPANSION:
$(bin_dir)/fsys_S.o: $(bin_dir)/fsys_S.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(bin_cflags) -DMIG_EOPNOTSUPP=0x4000002d -w -c -o $@ $<

$(bin_dir)/start_translator.o: $(bin_dir)/fsys_S.h
$(bin_dir)/%.o: node/bin/%.c node/bin/start_translator.h node/posix/include/hurd_abi.h $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) $(bin_cflags) -c -o $@ $<

$(B)/node/root/bin/settrans: $(bin_dir)/settrans.o $(NODE_START_TRANSLATOR) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^)

$(B)/node/root/bin/portinfo $(B)/node/root/bin/fsysopts $(B)/node/root/bin/ps: $(B)/node/root/bin/%: $(bin_dir)/%.o $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $<

node_root_files += $(B)/node/root/bin/settrans $(B)/node/root/bin/portinfo $(B)/node/root/bin/fsysopts $(B)/node/root/bin/ps
