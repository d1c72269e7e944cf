# SPDX-License-Identifier: GPL-2.0-or-later
# Tests that run on a node: every node/tests/NAME.c becomes /tests/NAME.

.SECONDEXPANSION:
node_tests := $(patsubst node/tests/%.c,$(B)/node/root/tests/%,$(wildcard node/tests/*.c))

$(node_tests): $(B)/node/root/tests/%: node/tests/%.c $(wildcard node/tests/*.h) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 $(WARN) -Inode/tests -o $@ $<

node_root_files += $(node_tests)

# Programs that several nodes run at a time: tests/cluster/*.sh do.
node_mmap_programs := $(patsubst tests/node/mmap/%.c,$(B)/node/root/tests/cluster/%,$(wildcard tests/node/mmap/*.c))

$(node_mmap_programs): $(B)/node/root/tests/cluster/%: tests/node/mmap/%.c tests/node/mmap/map.h $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 $(WARN) -o $@ $<

node_root_files += $(node_mmap_programs)
