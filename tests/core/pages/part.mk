# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of core/pages: each test_NAME.c becomes build/host/tests/pages_NAME.
# They link core alone and run under the sanitizers.

PAGES_TEST_CFLAGS := -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I$(top) $(WARN)

PAGES_TEST_SRC := $(sort $(wildcard tests/core/pages/test_*.c))
PAGES_TESTS := $(patsubst tests/core/pages/test_%.c,$(B)/host/tests/pages_%,$(PAGES_TEST_SRC))
PAGES_TEST_LIB := $(patsubst %.c,$(B)/host/pages-san/%.o,$(sort $(wildcard core/pages/*.c)) \
	$(sort $(wildcard core/base/*.c)) tests/core/pages/harness.c)

host-tests: $(PAGES_TESTS) $(B)/host/tests/pages_explore $(B)/host/tests/pages_canaries

$(B)/host/pages-san/%.o: %.c tests/core/pages/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/tests/pages_%: $(B)/host/pages-san/tests/core/pages/test_%.o $(PAGES_TEST_LIB) $(B)/host/core/pages.a
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -o $@ $(filter %.o,$^) -lcmocka

# Worlds, with the simulator under the sanitizers too.
$(B)/host/tests/pages_worlds: $(patsubst %.c,$(B)/host/pages-san/%.o,$(filter-out sim/pages/main.c, \
	$(sort $(wildcard sim/pages/*.c))))

# The explorer's memory is guarded too (sim/guard.h).
$(B)/host/tests/pages_explore: $(B)/host/pages-san/tests/core/pages/explore.o $(filter-out %/harness.o,$(PAGES_TEST_LIB)) \
		$(patsubst %.c,$(B)/host/pages-san/%.o,$(filter-out sim/pages/main.c,$(sort $(wildcard sim/pages/*.c))))
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -o $@ $^ -lcmocka

# Engines deliberately broken, each with the whole simulator.
PAGES_CANARIES := $(patsubst %,$(B)/host/pages-canary/%,1 2 3 4 5 6 7 8 9 10 late)
PAGES_CANARY_SRC := $(sort $(wildcard core/pages/*.c))
$(PAGES_CANARIES): $(B)/host/pages-canary/%: $(PAGES_CANARY_SRC) $(wildcard core/pages/*.h sim/pages/*.h) \
		$(patsubst %.c,$(B)/host/%.o,$(sort $(wildcard sim/pages/*.c))) $(B)/host/core/base.a \
		tests/core/pages/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -I$(top) $(if $(filter late,$*),-DPAGES_LATE,-DPAGES_CANARY=$*) -o $@ $(filter %.c %.o %.a,$^)

$(B)/host/tests/pages_canaries: tests/core/pages/canaries.c $(PAGES_CANARIES) $(B)/host/bin/sim-pages
	@mkdir -p $(@D)
	$(CC) $(PAGES_TEST_CFLAGS) -o $@ $< -lcmocka

-include $(wildcard $(B)/host/pages-san/core/*/*.d $(B)/host/pages-san/tests/core/pages/*.d \
	$(B)/host/pages-san/sim/pages/*.d)
