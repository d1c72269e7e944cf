# SPDX-License-Identifier: GPL-2.0-or-later
# libports: objects known by ports.  <hurd/ports.h> and libports.a in the sysroot; a program
# that needs it links with $(NODE_PORTS).

NODE_PORTS := $(B)/node/sysroot/lib/libports.a
NODE_PORTS_HEADER := $(B)/node/sysroot/include/hurd/ports.h
ports_objects := $(patsubst node/libports/%.c,$(B)/node/libports/%.o,$(wildcard node/libports/*.c))

$(NODE_PORTS_HEADER): node/libports/ports.h
	@mkdir -p $(@D)
	cp $< $@

$(B)/node/libports/%.o: node/libports/%.c node/libports/internal.h $(NODE_PORTS_HEADER) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	@mkdir -p $(@D)
	$(NODE_CC) -std=gnu11 -O2 -mgeneral-regs-only $(WARN) -c -o $@ $<

$(NODE_PORTS): $(ports_objects)
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $^
