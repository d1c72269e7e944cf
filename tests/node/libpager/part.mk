# SPDX-License-Identifier: GPL-2.0-or-later
# libpager on a node.

pager_test_dir := $(B)/node/tests/libpager
pager_test_root := $(B)/node/root/tests
pager_tests := $(pager_test_root)/libpager $(pager_test_root)/cluster/fault-bench $(pager_test_root)/cluster/pager-server $(pager_test_root)/cluster/pager-use
pager_test_stubs := io_S fsys_S

$(pager_test_stubs:%=$(pager_test_dir)/%.c): $(pager_test_dir)/%_S.c: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS=-DSERVERPREFIX=S_ tools/mig server hurd/$*.defs $@ $(@:.c=.h)

.SECONDEXPANSION:
$(pager_test_dir)/%_S.o: $(pager_test_dir)/%_S.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) -std=gnu11 -O2 -DMIG_EOPNOTSUPP=0x4000002d -w -c -o $@ $<

$(pager_test_dir)/%.o: tests/node/libpager/%.c $(wildcard tests/node/libpager/*.h) $$(NODE_PAGER_HEADERS) $$(NODE_PORTS_HEADER) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN) -I. -I$(pager_test_dir) -c -o $@ $<

$(pager_test_dir)/server.o: $(pager_test_stubs:%=$(pager_test_dir)/%.c)

$(pager_test_root)/libpager: $(patsubst %,$(pager_test_dir)/%.o,local calls errors ends world store)
$(pager_test_root)/cluster/pager-server: $(patsubst %,$(pager_test_dir)/%.o,server store $(pager_test_stubs))
$(pager_test_root)/cluster/fault-bench: $(patsubst %,$(pager_test_dir)/%.o,fault-bench world store)
$(pager_test_root)/cluster/pager-use: $(patsubst %,$(pager_test_dir)/%.o,use world store)
$(pager_tests): $$(NODE_PAGER) $$(NODE_PORTS) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^) $(NODE_PAGER) $(NODE_PORTS)

node_root_files += $(pager_tests)
