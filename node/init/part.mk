# SPDX-License-Identifier: GPL-2.0-or-later
# init: the first task, a module of the boot line; not a file of the image.

.SECONDEXPANSION:
init_build := $(B)/node/init
init_objects := $(patsubst node/init/%.c,$(init_build)/%.o,$(wildcard node/init/*.c))
init_stubs := boot log startup exc control
init_flags := -std=gnu11 -O2 -Inode/init -Inode/posix -Inode/posix/include -Inode/proc -I$(init_build)
init_defs_startup := node/defs/hurd/startup.defs
init_defs_exc := mach/exc.defs
init_defs_control := node/proc/control.defs

$(init_build)/%_server.c $(init_build)/%_server.h &: $(wildcard node/init/*.defs) node/proc/control.defs node/defs/hurd/startup.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server $(or $(init_defs_$*),node/init/$*.defs) \
		$(init_build)/$*_server.c $(init_build)/$*_server.h

$(init_objects): $(init_build)/%.o: node/init/%.c $(wildcard node/init/*.h node/proc/*.h node/posix/*.h node/posix/include/*.h) \
		$(init_stubs:%=$(init_build)/%_server.h) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(init_flags) $(WARN) -c -o $@ $<

$(init_build)/%_server.o: $(init_build)/%_server.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(NODE_CC) $(init_flags) -w -c -o $@ $<

$(B)/node/init.elf: $(init_objects) $(init_stubs:%=$(init_build)/%_server.o) $$(NODE_START_LIB) $$(NODE_LIBC)
	$(NODE_CC) -o $@ $(filter %.o %.a,$(filter-out $(NODE_LIBC),$^))

node: $(B)/node/init.elf

# The commands that end the machine.
init_enders := $(B)/node/root/sbin/halt $(B)/node/root/sbin/reboot $(B)/node/root/sbin/poweroff
$(init_enders): node/init/tools/halt.c $$(NODE_LIBC) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 $(WARN) -Inode/posix/include -o $@ $<
node_root_files += $(init_enders)
