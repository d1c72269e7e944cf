# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of core/pages: each test_NAME.c becomes build/host/tests/pages_NAME.
# They link core alone and run under the sanitizers.

PAGES_TEST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I$(top) $(WARN)

PAGES_TEST_SRC := $(sort $(wildcard tests/core/pages/test_*.c))
PAGES_TESTS := $(patsubst tests/core/pages/test_%.c,$(B)/host/tests/pages_%,$(PAGES_TEST_SRC))
PAGES_TEST_LIB := $(patsubst %.c,$(B)/host/pages-san/%.o,$(sort $(wildcard core/pages/*.c)) \
	$(sort $(wildcard core/base/*.c)) tests/core/pages/harness.c)

host-tests: $(PAGES_TESTS)

$(B)/host/pages-san/%.o: %.c tests/core/pages/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/tests/pages_%: $(B)/host/pages-san/tests/core/pages/test_%.o $(PAGES_TEST_LIB) $(B)/host/core/pages.a
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -o $@ $(filter %.o,$^) -lcmocka

-include $(wildcard $(B)/host/pages-san/core/*/*.d $(B)/host/pages-san/tests/core/pages/*.d)
