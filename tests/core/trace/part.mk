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

-include $(wildcard $(B)/host/trace-san/core/*/*.d $(B)/host/trace-san/tests/core/trace/*.d)
