# SPDX-License-Identifier: GPL-2.0-or-later
# The C library of the bare node: Debian's musl, Mach's stubs and run-time, and
# node/posix, in one libc.a; the sysroot; the compiler.
#
# For users:  NODE_CC       compile and link with this
#             NODE_HEADERS  stamp: all of libc's and Mach's headers are there
#             NODE_LIBC     stamp and file: the sysroot is complete

NODE_CC := $(B)/node/cc
NODE_LIBC := $(B)/node/sysroot/lib/libc.a
NODE_HEADERS := $(B)/node/sysroot/.headers

node_sysroot := $(B)/node/sysroot
node_musl := $(B)/node/musl
kernel_include := $(B)/deb/usr/include/x86_64-linux-gnu

# ---- musl itself
$(node_musl)/lib/libc.a: $(B)/src/.musl node/musl/prepare $(shell find node/musl/overlay -type f)
	node/musl/prepare $(B)/src/musl $(node_musl)
	$(MAKE) -s -C $(node_musl) lib/libc.a lib/crti.o lib/crtn.o obj/include/bits/alltypes.h
	touch $@

# ---- the kernel's interfaces: DEFS:HEADER
mach_interfaces := \
	mach/mach:mach/mach_interface mach/mach4:mach/mach4 mach/mach_port:mach/mach_port \
	mach/mach_host:mach/mach_host mach/gnumach:mach/gnumach mach/machine/mach_i386:mach/x86_64/mach_i386 \
	device/device:device/device device/device_request:device/device_request mach_debug/mach_debug:mach_debug/mach_debug
mach_stubs := $(B)/node/stubs/mach
mach_headers := $(foreach i,$(mach_interfaces),$(word 2,$(subst :, ,$(i))))
mach_plain_headers := $(shell cd node/musl/include && find . -name '*.h')

$(mach_stubs)/.made: tools/mig node/musl/part.mk $(B)/deb/.gnumach-dev $(B)/deb/.mig-x86-64-gnu
	rm -rf $(mach_stubs)
	for interface in $(mach_interfaces); do \
		defs=$${interface%:*} header=$${interface#*:}; name=$$(basename $$header); \
		mkdir -p $(mach_stubs)/include/$$(dirname $$header); \
		tools/mig user $$defs.defs $(mach_stubs)/$$name.c $(mach_stubs)/include/$$header.h || exit 1; \
		sed -i "s,#include \"$$name.h\",#include <$$header.h>," $(mach_stubs)/$$name.c; \
	done
	touch $@

$(NODE_HEADERS): $(node_musl)/lib/libc.a $(mach_stubs)/.made $(mach_plain_headers:%=node/musl/include/%) node/musl/cc node/musl/node.specs node/musl/part.mk
	@mkdir -p $(node_sysroot)/include $(node_sysroot)/lib
	$(MAKE) -s -C $(node_musl) install-headers prefix= DESTDIR=$(abspath $(node_sysroot))
	cp -r $(kernel_include)/mach $(kernel_include)/device $(kernel_include)/mach_debug $(node_sysroot)/include/
	cp -r $(mach_stubs)/include/. node/musl/include/. $(node_sysroot)/include/
	cp node/musl/cc $(NODE_CC)
	cp node/musl/node.specs $(node_sysroot)/lib/
	touch $@

# ---- the parts of libc.a that are ours
mach_runtime := $(patsubst node/musl/mach/%,$(B)/node/mach/%.o,$(wildcard node/musl/mach/*.[cS]))

$(B)/node/mach/%.o: node/musl/mach/% $(NODE_HEADERS) node/posix/posix_thread.h
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 -mgeneral-regs-only $(WARN) -ffunction-sections -Inode/posix -c -o $@ $<

# What port_traps.c does by trap.
mach_renamed := $(foreach call,allocate deallocate insert_right mod_refs,-Dmach_port_$(call)=message_mach_port_$(call))

$(mach_stubs)/libmach.a: $(mach_stubs)/.made $(NODE_HEADERS) node/musl/part.mk
	for source in $(mach_stubs)/*.c; do \
		$(NODE_CC) -std=gnu11 -O2 -mgeneral-regs-only -w -ffunction-sections $(mach_renamed) -c -o $${source%.c}.o $$source || exit 1; done
	rm -f $@
	ar rcs $@ $(mach_stubs)/*.o

$(node_sysroot)/lib/crt1.o: node/musl/crt1.S $(NODE_HEADERS)
	$(NODE_CC) -c -o $@ $<

.SECONDEXPANSION:
# One object for node/posix: the table of calls needs all of it anyway.
$(B)/node/posix.o: $$(posix_objects) node/posix/exports
	ld -r -o $@ $(filter %.o,$^)
	objcopy -w $$(grep -v '^#' node/posix/exports | sed 's/.*/--keep-global-symbol=&/') $@

$(NODE_LIBC): $(B)/node/posix.o $(mach_runtime) $(mach_stubs)/libmach.a $(node_sysroot)/lib/crt1.o $$(NODE_HURD_USER) $(node_musl)/lib/libc.a
	cp $(node_musl)/lib/crti.o $(node_musl)/lib/crtn.o $(@D)/
	for name in m rt pthread crypt util xnet resolv dl; do rm -f $(@D)/lib$$name.a; ar rc $(@D)/lib$$name.a; done
	rm -f $@ $@.new
	printf '%s\n' 'create $@.new' 'addlib $(node_musl)/lib/libc.a' 'addlib $(mach_stubs)/libmach.a' \
		'addlib $(NODE_HURD_USER)' 'addmod $(B)/node/posix.o' $(mach_runtime:%='addmod %') save end | ar -M
	ranlib $@.new
	mv $@.new $@

.PHONY: node-libc
node-libc: $(NODE_LIBC)
