# SPDX-License-Identifier: GPL-2.0-or-later
# The console server.

.SECONDEXPANSION:
console_build := $(B)/node/console
console_objects := $(patsubst node/console/%.c,$(console_build)/%.o,$(wildcard node/console/*.c))
console_stubs := io select tioctl tioctl_high term control interrupt
console_flags := -std=gnu11 -O2 -Inode/console -Inode/posix -Inode/posix/include -I$(console_build)
console_defs_control := node/proc/control.defs
console_defs_interrupt := node/defs/hurd/interrupt.defs

$(console_build)/%_server.c $(console_build)/%_server.h &: $(wildcard node/console/*.defs) node/proc/control.defs \
		node/defs/hurd/interrupt.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server $(or $(console_defs_$*),node/console/$*.defs) \
		$(console_build)/$*_server.c $(console_build)/$*_server.h

$(console_objects): $(console_build)/%.o: node/console/%.c $(wildcard node/console/*.h node/posix/*.h node/posix/include/*.h) \
		$(console_stubs:%=$(console_build)/%_server.h) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(console_flags) $(WARN) -c -o $@ $<

$(console_build)/%_server.o: $(console_build)/%_server.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(console_flags) -w -c -o $@ $<

$(B)/node/root/hurd/console: $(console_objects) $(console_stubs:%=$(console_build)/%_server.o) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^)

$(B)/node/root/tests/console-line: node/console/tests/console-line.c node/tests/check.h $(console_build)/line.o $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) $(console_flags) $(WARN) -o $@ $< $(console_build)/line.o
node_root_files += $(B)/node/root/tests/console-line
