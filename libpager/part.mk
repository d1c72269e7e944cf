# SPDX-License-Identifier: GPL-2.0-or-later
# libpager for the node: <hurd/pager.h>, <hurd/pager_extra.h> and libpager.a in the sysroot.
# A program that needs it links with $(NODE_PAGER) $(NODE_PORTS) and depends on
# $(NODE_PAGER_HEADERS).

NODE_PAGER := $(B)/node/sysroot/lib/libpager.a
NODE_PAGER_HEADERS := $(B)/node/sysroot/include/hurd/pager.h $(B)/node/sysroot/include/hurd/pager_extra.h

pager_dir := $(B)/node/libpager
pager_sources := $(wildcard libpager/*.c) $(CORE_PAGES_SRC) $(CORE_BASE_SRC)
pager_objects := $(pager_sources:%.c=$(pager_dir)/%.o) $(pager_dir)/memory_object_S.o
pager_cflags = -std=gnu11 -O2 -g -mgeneral-regs-only -fno-strict-aliasing -D_GNU_SOURCE -I. -I$(pager_dir) $(WARN)

$(NODE_PAGER_HEADERS): $(B)/node/sysroot/include/hurd/%.h: libpager/%.h
	@mkdir -p $(@D)
	cp $< $@

$(pager_dir)/memory_object_S.c $(pager_dir)/memory_object_S.h &: libpager/mig-mutate.h tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-include libpager/mig-mutate.h -prefix libpager_" tools/mig server mach/memory_object.defs \
		$(pager_dir)/memory_object_S.c $(pager_dir)/memory_object_S.h

.SECONDEXPANSION:
$(pager_objects): $$(NODE_PORTS_HEADER) $(NODE_PAGER_HEADERS) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)

$(pager_dir)/memory_object_S.o: $(pager_dir)/memory_object_S.c libpager/mig.h
	$(NODE_CC) $(pager_cflags) -w -c -o $@ $<

$(pager_dir)/%.o: %.c $(pager_dir)/memory_object_S.h
	@mkdir -p $(@D)
	@$(NODE_CC) $(pager_cflags) -MMD -MP -c -o $@ $<

-include $(wildcard $(pager_dir)/*/*.d $(pager_dir)/*/*/*.d)

# Only the interface shows.
$(pager_dir)/libpager.o: $(pager_objects)
	ld -r -o $@ $^
	objcopy -w --keep-global-symbol='pager_*' $@

$(NODE_PAGER): $(pager_dir)/libpager.o
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $^

.PHONY: node-libpager
node-libpager: $(NODE_PAGER) $$(NODE_PORTS)
include tests/node/libpager/part.mk
