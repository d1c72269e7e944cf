# SPDX-License-Identifier: GPL-2.0-or-later
# netmsg: for the host it makes and checks keys; for the node it is the whole program.

NETMSG_CONFIG_SOURCES := netmsg/complaint.c netmsg/keys.c netmsg/peers.c netmsg/options.c
NETMSG_CONFIG_HEADERS := $(wildcard netmsg/*.h)

$(B)/host/netmsg: netmsg/main.c $(NETMSG_CONFIG_SOURCES) $(NETMSG_CONFIG_HEADERS) netmsg/part.mk
	mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g $(WARN) -DNETMSG_KEYS_ONLY -o $@ $(filter %.c,$^) -lsodium

.PHONY: host-tests
host-tests: $(B)/host/tests/netmsg_config

$(B)/host/tests/netmsg_config: tests/netmsg/config.c $(NETMSG_CONFIG_SOURCES) $(NETMSG_CONFIG_HEADERS) netmsg/part.mk
	mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -fsanitize=address,undefined $(WARN) -Inetmsg -o $@ $(filter %.c,$^) -lcmocka -lsodium

# ---- the node's netmsg: the engines, the layer over mach_msg, the program
netmsg_sources := $(wildcard core/base/*.c core/wire/*.c core/rights/*.c core/link/*.c mach/*.c netmsg/*.c)
netmsg_objects := $(netmsg_sources:%.c=$(B)/node/netmsg/%.o)
# An engine shows its own prefix only; inside, its names are its own.
netmsg_engines := $(B)/node/netmsg/rights.o $(B)/node/netmsg/link.o
netmsg_plain_objects := $(filter-out $(B)/node/netmsg/core/rights/% $(B)/node/netmsg/core/link/%,$(netmsg_objects))
netmsg_generated := $(B)/node/netmsg/mig
netmsg_stubs := netmsg_user netmsg_server fsys_server
netmsg_stub_objects := $(netmsg_stubs:%=$(netmsg_generated)/%.o)
netmsg_headers := $(netmsg_stubs:%=$(netmsg_generated)/%.h)
netmsg_cflags = -std=gnu11 -O2 -g -flto -mgeneral-regs-only -fno-strict-aliasing -D_GNU_SOURCE -I. -Inetmsg -I$(netmsg_generated) \
	-I$(B)/node/libsodium/include $(WARN)

$(netmsg_generated)/netmsg_user.c $(netmsg_generated)/netmsg_user.h &: netmsg/netmsg.defs tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	tools/mig user netmsg/netmsg.defs $(netmsg_generated)/netmsg_user.c $(netmsg_generated)/netmsg_user.h

$(netmsg_generated)/netmsg_server.c $(netmsg_generated)/netmsg_server.h &: netmsg/netmsg.defs tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS=-DNETMSG_SERVER tools/mig server netmsg/netmsg.defs $(netmsg_generated)/netmsg_server.c $(netmsg_generated)/netmsg_server.h

$(netmsg_generated)/fsys_server.c $(netmsg_generated)/fsys_server.h &: node/defs/hurd/fsys.defs node/defs/hurd/hurd_types.defs tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS=-DSERVERPREFIX=S_ tools/mig server hurd/fsys.defs $(netmsg_generated)/fsys_server.c $(netmsg_generated)/fsys_server.h

$(netmsg_stub_objects): %.o: %.c $(B)/node/sysroot/lib/libc.a
	$(B)/node/cc $(filter-out -W%,$(netmsg_cflags)) -w -c -o $@ $<

$(netmsg_objects): $(B)/node/netmsg/%.o: %.c $(netmsg_headers) $(B)/node/sysroot/lib/libc.a $(B)/node/libsodium/include/sodium.h
	@mkdir -p $(@D)
	@$(B)/node/cc $(netmsg_cflags) -MMD -MP -c -o $@ $<

-include $(netmsg_objects:.o=.d)

$(B)/node/netmsg/rights.o: $(filter $(B)/node/netmsg/core/rights/%,$(netmsg_objects))
$(B)/node/netmsg/link.o: $(filter $(B)/node/netmsg/core/link/%,$(netmsg_objects))
$(netmsg_engines): $(B)/node/netmsg/%.o:
	$(B)/node/cc -r -nostdlib -O2 -flto -flinker-output=nolto-rel -mgeneral-regs-only -fno-strict-aliasing -o $@ $^
	objcopy -w --keep-global-symbol='$*_*' $@

$(B)/node/root/bin/netmsg: $(netmsg_plain_objects) $(netmsg_engines) $(netmsg_stub_objects) $(B)/node/libsodium/libsodium.a
	@mkdir -p $(@D)
	$(B)/node/cc -o $@ $^

node_root_files += $(B)/node/root/bin/netmsg

# ---- tests that need several nodes: tests/cluster/rights.sh runs them
$(B)/node/root/tests/cluster/box: tests/node/rights/box.c tests/node/rights/letter.c
$(B)/node/root/tests/cluster/rights-test: $(patsubst %,tests/node/rights/%.c,rights memory sends moves steps letter paged)
$(B)/node/root/tests/cluster/raw-lookup: tests/node/rights/raw-lookup.c
$(B)/node/root/tests/cluster/box $(B)/node/root/tests/cluster/rights-test $(B)/node/root/tests/cluster/raw-lookup: tests/node/rights/box.h tests/node/rights/letter.h tests/node/rights/paged.h tests/node/rights/steps.h $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 -g -D_GNU_SOURCE $(WARN) -o $@ $(filter %.c,$^)

node_root_files += $(B)/node/root/tests/cluster/box $(B)/node/root/tests/cluster/rights-test \
	$(B)/node/root/tests/cluster/raw-lookup
