# SPDX-License-Identifier: GPL-2.0-or-later
# The memory file server.

tmpfs_dir := $(B)/node/tmpfs
tmpfs_pure := pages directory store access locks tar unpack
tmpfs_sources := $(wildcard node/tmpfs/*.c)
tmpfs_stubs := fs_S io_S fsys_S ifsock_S interrupt_S
tmpfs_objects := $(tmpfs_sources:node/tmpfs/%.c=$(tmpfs_dir)/%.o) $(tmpfs_stubs:%=$(tmpfs_dir)/%.o)
tmpfs_cflags := -std=gnu11 -O2 -mgeneral-regs-only $(WARN) -Inode/tmpfs -Inode/posix/include -I$(tmpfs_dir)

$(tmpfs_dir)/%_S.c $(tmpfs_dir)/%_S.h &: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs node/tmpfs/translation.h tools/mig
	@mkdir -p $(@D)
	MIGFLAGS="-include node/tmpfs/translation.h" tools/mig server hurd/$*.defs $(tmpfs_dir)/$*_S.c $(tmpfs_dir)/$*_S.h

.SECONDEXPANSION:
# What is not implemented answers EOPNOTSUPP (the number on the wire).
$(tmpfs_dir)/%_S.o: $(tmpfs_dir)/%_S.c $(wildcard node/tmpfs/*.h) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(tmpfs_cflags) -DMIG_EOPNOTSUPP=0x4000002d -w -c -o $@ $<

$(tmpfs_dir)/%.o: node/tmpfs/%.c $(wildcard node/tmpfs/*.h) node/posix/include/hurd_abi.h $(tmpfs_stubs:%=$(tmpfs_dir)/%.h) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) $(tmpfs_cflags) -c -o $@ $<

$(B)/node/root/hurd/tmpfs: $(tmpfs_objects) $$(NODE_PAGER) $$(NODE_PORTS) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(tmpfs_objects) $(NODE_PAGER) $(NODE_PORTS)

$(tmpfs_dir)/filemap.o: $$(NODE_PAGER_HEADERS) $$(NODE_PORTS_HEADER)

node_root_files += $(B)/node/root/hurd/tmpfs
tmpfs_test_dir := $(B)/node/tests/tmpfs
tmpfs_test_sources := $(wildcard tests/node/tmpfs/*.c)

.SECONDEXPANSION:
$(tmpfs_test_dir)/%.o: tests/node/tmpfs/%.c tests/node/tmpfs/check.h node/bin/start_translator.h node/posix/include/hurd_abi.h $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 $(WARN) -Itests/node/tmpfs -Inode/bin -Inode/posix/include -c -o $@ $<

$(B)/node/root/tests/tmpfs-conformance: $(tmpfs_test_sources:tests/node/tmpfs/%.c=$(tmpfs_test_dir)/%.o) $$(NODE_START_TRANSLATOR) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^)

node_root_files += $(B)/node/root/tests/tmpfs-conformance

# The pure half, on this machine.
tmpfs_host_objects := $(tmpfs_pure:%=$(B)/host/tmpfs/%.o)
tmpfs_host_tests := $(patsubst node/tmpfs/tests/test_%.c,$(B)/host/tests/tmpfs-%,$(wildcard node/tmpfs/tests/test_*.c))

$(B)/host/tmpfs/%.o: node/tmpfs/%.c $(wildcard node/tmpfs/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -fsanitize=address,undefined $(WARN) -c -o $@ $<

$(tmpfs_host_tests): $(B)/host/tests/tmpfs-%: node/tmpfs/tests/test_%.c node/tmpfs/tests/memory.h $(wildcard node/tmpfs/*.h) $(tmpfs_host_objects)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -fsanitize=address,undefined $(WARN) -Wno-unused-function -Inode/tmpfs -o $@ $< $(tmpfs_host_objects) -lcmocka

host-tests: $(tmpfs_host_tests)
