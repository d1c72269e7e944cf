# SPDX-License-Identifier: GPL-2.0-or-later
# libpager on a node.

pager_test_dir := $(B)/node/tests/libpager
pager_tests := $(B)/node/root/tests/libpager

.SECONDEXPANSION:
$(pager_test_dir)/%.o: tests/node/libpager/%.c $(wildcard tests/node/libpager/*.h) $$(NODE_PAGER_HEADERS) $$(NODE_PORTS_HEADER) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN) -c -o $@ $<

$(B)/node/root/tests/libpager: $(patsubst %,$(pager_test_dir)/%.o,local calls errors ends world store)
$(pager_tests): $$(NODE_PAGER) $$(NODE_PORTS) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^) $(NODE_PAGER) $(NODE_PORTS)

node_root_files += $(pager_tests)
