# SPDX-License-Identifier: GPL-2.0-or-later
# core/trace: the tracer's brain, and the list of routines that it is born with.
# The link step shows that it calls nothing but memory moves, core/base and core/wire.

CORE_TRACE_SRC := $(sort $(wildcard core/trace/*.c))

TRACE_ALLOWED := ^(mem(cpy|set|move|cmp|chr)|str(len|cmp|chr)|dr_[a-z_]*|wire_[a-z_]*)$$

$(B)/host/core/trace.a: $(patsubst %.c,$(B)/host/%.o,$(CORE_TRACE_SRC)) core/trace/part.mk
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)
	@ld -r -o $@.whole $(filter %.o,$^)
	@bad=$$(nm -u $@.whole | awk '{print $$2}' | grep -vE '$(TRACE_ALLOWED)'); rm -f $@.whole; \
	 if [ -n "$$bad" ]; then echo "core/trace is not pure: it calls" $$bad >&2; rm -f $@; exit 1; fi

# The kernel's interfaces, then the Hurd's.  A request that the kernel also answers by
# messages of a `*_reply' interface has its layout from the routine itself, and `*_request'
# are the same routines again.
TRACE_KERNEL_DEFS := mach/mach.defs mach/mach_port.defs mach/mach_host.defs mach/gnumach.defs \
	mach/mach4.defs mach/memory_object.defs mach/memory_object_default.defs \
	mach/default_pager.defs mach/exc.defs mach/notify.defs mach/task_notify.defs \
	mach/experimental.defs mach_debug/mach_debug.defs device/device.defs
TRACE_HURD_DEFS := $(patsubst node/defs/%,%,$(filter-out %_types.defs %_reply.defs %_request.defs, \
	$(sort $(wildcard node/defs/hurd/*.defs))))

$(B)/trace/builtin.msgids: tools/rpclist tools/rpclist.awk core/trace/part.mk \
		$(wildcard node/defs/hurd/*.defs) $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	tools/rpclist $(TRACE_KERNEL_DEFS) $(TRACE_HURD_DEFS) >$@.new
	mv $@.new $@

# As C, for any compiler.
$(B)/trace/builtin.c: $(B)/trace/builtin.msgids
	{ echo '#include "core/trace/builtin.h"'; echo 'const char trace_builtin_list[] ='; \
	  sed 's/["\\]/\\&/g; s/.*/  "&\\n"/' $<; \
	  echo '  "";'; echo 'const size_t trace_builtin_list_bytes = sizeof trace_builtin_list - 1;'; } >$@

$(B)/host/trace/builtin.o: $(B)/trace/builtin.c core/trace/builtin.h
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -c -o $@ $<

-include $(wildcard tests/core/trace/part.mk)
