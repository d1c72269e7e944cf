# SPDX-License-Identifier: GPL-2.0-or-later
# The Hurd's interfaces: headers in the sysroot, user stubs in libhurduser.a.
# A new NAME.defs in node/defs/hurd becomes <hurd/NAME.h> and stubs by itself.
# *_types.defs hold types only, *_reply.defs are for servers that answer later.

hurd_interfaces := $(filter-out %_types %_reply,$(basename $(notdir $(wildcard node/defs/hurd/*.defs))))
hurd_plain_headers := $(wildcard node/defs/include/hurd/*.h)
hurd_include := $(B)/node/sysroot/include/hurd
hurd_stubs := $(B)/node/stubs/hurd
mig_ready := tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev

# Everything that a source file which includes <hurd/...> needs.
NODE_HURD_HEADERS := $(hurd_interfaces:%=$(hurd_include)/%.h) $(hurd_plain_headers:node/defs/include/hurd/%=$(hurd_include)/%)
NODE_HURD_USER := $(B)/node/sysroot/lib/libhurduser.a

$(hurd_stubs)/%.c $(hurd_stubs)/%.h &: node/defs/hurd/%.defs $(wildcard node/defs/hurd/*_types.defs) $(mig_ready)
	@mkdir -p $(@D)
	tools/mig user hurd/$*.defs $(hurd_stubs)/$*.c $(hurd_stubs)/$*.h

$(hurd_include)/%.h: $(hurd_stubs)/%.h
	@mkdir -p $(@D)
	cp $< $@

$(hurd_plain_headers:node/defs/include/hurd/%=$(hurd_include)/%): $(hurd_include)/%: node/defs/include/hurd/%
	@mkdir -p $(@D)
	cp $< $@

.SECONDEXPANSION:
# NODE_HEADERS (node/musl/part.mk): the C library's and Mach's headers are in the sysroot.
$(hurd_stubs)/%.o: $(hurd_stubs)/%.c $(NODE_HURD_HEADERS) $$(NODE_HEADERS)
	$(NODE_CC) -std=gnu11 -O2 -w -ffunction-sections -c -o $@ $<

$(NODE_HURD_USER): $(hurd_interfaces:%=$(hurd_stubs)/%.o)
	@mkdir -p $(@D)
	rm -f $@
	ar rcs $@ $^
