# SPDX-License-Identifier: GPL-2.0-or-later
# sim/pages: seeded and exhaustive worlds around core/pages, and the engines
# deliberately broken (canaries) that they must catch.

SIM_PAGES_SRC := $(filter-out sim/pages/main.c,$(sort $(wildcard sim/pages/*.c)))
sim_pages_obj = $(patsubst %.c,$(B)/host/%.o,$(1))

$(B)/host/sim/pages/%.o: sim/pages/%.c sim/pages/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -I$(top) $(WARN) -MMD -MP -c -o $@ $<

$(B)/host/bin/sim-pages: $(call sim_pages_obj,$(SIM_PAGES_SRC) sim/pages/main.c) \
		$(B)/host/core/pages.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) -g -o $@ $^

host-tests: $(B)/host/bin/sim-pages

-include $(wildcard $(B)/host/sim/pages/*.d)
