# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of core/trace: each test_NAME.c becomes build/host/tests/trace_NAME.  They link core
# and the list that the tracer is born with, and run under the sanitizers.

TRACE_TEST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I$(top) $(WARN)

TRACE_TESTS := $(patsubst tests/core/trace/test_%.c,$(B)/host/tests/trace_%, \
	$(sort $(wildcard tests/core/trace/test_*.c)))
TRACE_TEST_LIB := $(patsubst %.c,$(B)/host/trace-san/%.o,$(CORE_TRACE_SRC) \
	$(sort $(wildcard core/base/*.c core/wire/*.c)) tests/core/trace/harness.c)

host-tests: $(TRACE_TESTS)

$(B)/host/trace-san/%.o: %.c tests/core/trace/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(TRACE_TEST_CFLAGS) -MMD -MP -c -o $@ $<

# The archive is there for the proof that core/trace is pure.
$(B)/host/tests/trace_%: $(B)/host/trace-san/tests/core/trace/test_%.o $(TRACE_TEST_LIB) \
		$(B)/host/trace/builtin.o $(B)/host/core/trace.a
	@mkdir -p $(@D)
	$(CC) $(TRACE_TEST_CFLAGS) -o $@ $(filter %.o,$^) -lcmocka

# MIG's servers of all interfaces, to hold the list against.
$(B)/host/trace-mig/servers.o: tests/core/trace/mig-servers tests/core/trace/include/mach/mig_support.h \
		tools/mig $(wildcard node/defs/hurd/*.defs) core/trace/part.mk \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	tests/core/trace/mig-servers $(@D) $(TRACE_KERNEL_DEFS) $(TRACE_HURD_DEFS)
$(B)/host/tests/trace_mig: $(B)/host/trace-mig/servers.o

-include $(wildcard $(B)/host/trace-san/core/*/*.d $(B)/host/trace-san/tests/core/trace/*.d)
