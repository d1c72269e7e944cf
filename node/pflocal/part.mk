# SPDX-License-Identifier: GPL-2.0-or-later
# The local socket server.

pflocal_dir := $(B)/node/pflocal
pflocal_sources := $(wildcard node/pflocal/*.c)
pflocal_stubs := io_S socket_S interrupt_S fsys_S io_reply socket_reply
pflocal_objects := $(pflocal_sources:node/pflocal/%.c=$(pflocal_dir)/%.o) $(pflocal_stubs:%=$(pflocal_dir)/%.o)
pflocal_cflags := -std=gnu11 -O2 $(WARN) -Inode/pflocal -Inode/posix/include -I$(pflocal_dir)

$(pflocal_dir)/%_S.c $(pflocal_dir)/%_S.h &: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs node/pflocal/translation.h tools/mig
	@mkdir -p $(@D)
	MIGFLAGS="-include node/pflocal/translation.h" tools/mig server hurd/$*.defs $(pflocal_dir)/$*_S.c $(pflocal_dir)/$*_S.h

$(pflocal_dir)/%_reply.c $(pflocal_dir)/%_reply.h &: node/defs/hurd/%_reply.defs node/defs/hurd/hurd_types.defs tools/mig
	@mkdir -p $(@D)
	tools/mig user hurd/$*_reply.defs $(pflocal_dir)/$*_reply.c $(pflocal_dir)/$*_reply.h

.SECONDEXPANSION:
# What is not implemented answers EOPNOTSUPP (the number on the wire).
$(pflocal_stubs:%=$(pflocal_dir)/%.o): %.o: %.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(pflocal_cflags) -DMIG_EOPNOTSUPP=0x4000002d -w -c -o $@ $<

$(pflocal_sources:node/pflocal/%.c=$(pflocal_dir)/%.o): $(pflocal_dir)/%.o: node/pflocal/%.c $(wildcard node/pflocal/*.h) node/posix/include/hurd_abi.h $(pflocal_stubs:%=$(pflocal_dir)/%.h) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) $(pflocal_cflags) -c -o $@ $<

$(B)/node/root/hurd/pflocal: $(pflocal_objects) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(pflocal_objects)

node_root_files += $(B)/node/root/hurd/pflocal

$(B)/node/root/tests/pflocal-test: tests/node/pflocal/pflocal.c $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 $(WARN) -o $@ $<

node_root_files += $(B)/node/root/tests/pflocal-test

# The pure part, on this machine.
$(B)/host/tests/pflocal-channel: node/pflocal/tests/test_channel.c node/pflocal/channel.c node/pflocal/channel.h node/pflocal/limits.h
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -fsanitize=address,undefined $(WARN) -Inode/pflocal -o $@ $(filter %.c,$^) -lcmocka

host-tests: $(B)/host/tests/pflocal-channel
