# SPDX-License-Identifier: GPL-2.0-or-later
# rpctrace, for the node.

rpctrace_sources := $(wildcard rpctrace/*.c core/base/*.c core/wire/*.c core/trace/*.c) mach/map.c mach/receive.c mach/workers.c \
	netmsg/complaint.c $(B)/trace/builtin.c
rpctrace_objects := $(rpctrace_sources:%.c=$(B)/node/rpctrace/%.o)
rpctrace_cflags := -std=gnu11 -O2 -g -mgeneral-regs-only -fno-strict-aliasing -D_GNU_SOURCE -I. $(WARN)

$(rpctrace_objects): $(B)/node/rpctrace/%.o: %.c rpctrace/part.mk $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	@$(B)/node/cc $(rpctrace_cflags) -MMD -MP -c -o $@ $<

-include $(rpctrace_objects:.o=.d)

$(B)/node/root/bin/rpctrace: $(rpctrace_objects)
	@mkdir -p $(@D)
	$(B)/node/cc -o $@ $^

node_root_files += $(B)/node/root/bin/rpctrace

# Programs that tests/cluster/rpctrace*.sh and the benchmark trace.
rpctrace_test_programs := $(patsubst tests/node/rpctrace/%.c,$(B)/node/root/tests/cluster/rpctrace-%,$(wildcard tests/node/rpctrace/*.c))

$(rpctrace_test_programs): $(B)/node/root/tests/cluster/rpctrace-%: tests/node/rpctrace/%.c tests/node/rights/letter.c \
		tests/node/rights/letter.h tests/node/rights/paged.c tests/node/rights/paged.h $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 -g -mgeneral-regs-only $(WARN) -D_GNU_SOURCE -I. -o $@ $< tests/node/rights/letter.c tests/node/rights/paged.c

node_root_files += $(rpctrace_test_programs)
