# SPDX-License-Identifier: GPL-2.0-or-later
# The POSIX calls; they go into libc.a (node/musl/part.mk).

.SECONDEXPANSION:
posix_sources := $(wildcard node/posix/*.c)
posix_objects := $(posix_sources:node/posix/%.c=$(B)/node/posix/%.o)

# musl's inside (struct pthread) for those files that need it.
posix_musl := $(B)/node/musl
posix_internal := threads interrupt signal_post fork
$(posix_internal:%=$(B)/node/posix/%.o): posix_extra = -D_XOPEN_SOURCE=700 -I$(posix_musl)/arch/x86_64 \
	-I$(posix_musl)/arch/generic -I$(posix_musl)/src/include -I$(posix_musl)/src/internal -Wno-unused-value -Wno-shadow -Wno-parentheses -Wno-sign-compare -Wno-strict-prototypes

$(B)/node/posix/%.o: node/posix/%.c $(wildcard node/posix/*.h node/posix/include/*.h) $(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 -mgeneral-regs-only $(WARN) $(posix_extra) -Inode/posix -Inode/posix/include -c -o $@ $<

# What the signal thread answers.  Its names must not meet those of a program
# that serves the same interfaces.
posix_stubs := msg exc
posix_defs_msg := hurd/msg.defs
posix_defs_exc := mach/exc.defs
posix_stub_names = -D$(1)_server=posix_$(1)_server -D$(1)_server_routines=posix_$(1)_server_routines
posix_stub_flags := -I$(B)/node/posix $(foreach s,$(posix_stubs),$(call posix_stub_names,$(s))) \
	-Dcatch_exception_raise=posix_S_exception_raise
$(posix_stubs:%=$(B)/node/posix/%_server.c): $(B)/node/posix/%_server.c: node/defs/hurd/msg.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=posix_S_" tools/mig server $(posix_defs_$*) $@ $(@:.c=.h)
$(posix_stubs:%=$(B)/node/posix/%_server.h): $(B)/node/posix/%.h: $(B)/node/posix/%.c
$(B)/node/posix/signal_thread.o: $(posix_stubs:%=$(B)/node/posix/%_server.h)
$(B)/node/posix/signal_thread.o: posix_extra = $(posix_stub_flags)
$(posix_stubs:%=$(B)/node/posix/%_server.o): $(B)/node/posix/%_server.o: $(B)/node/posix/%_server.c node/posix/part.mk $(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(B)/node/cc -std=gnu11 -O2 -w $(posix_stub_flags) -c -o $@ $<
posix_objects += $(posix_stubs:%=$(B)/node/posix/%_server.o)

$(B)/host/tests/node-chacha: node/posix/tests/chacha-test.c node/posix/chacha.h node/posix/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 $(SAN) $(WARN) -Inode/posix -o $@ $< -lcmocka
host-tests: $(B)/host/tests/node-chacha
