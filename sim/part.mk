# SPDX-License-Identifier: GPL-2.0-or-later
# sim/: the model of Mach's ports and the simulated world.

SIM_KERNEL_SRC := $(sort $(wildcard sim/kernel/*.c))
SIM_CFLAGS := -std=gnu11 -O2 -g -I$(top) $(WARN)
sim_obj = $(patsubst %.c,$(B)/host/%.o,$(1))

$(B)/host/sim/%.o: sim/%.c sim/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/sim/kernel.a: $(call sim_obj,$(SIM_KERNEL_SRC))
	@rm -f $@
	ar rcs $@ $^

$(B)/host/tests/sim-kernel: tests/sim/kernel/test_kernel.c $(B)/host/sim/kernel.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -Wno-unused-parameter -o $@ $^ -lcmocka

host-tests: $(B)/host/tests/sim-kernel

SIM_WORLD_SRC := $(sort $(wildcard sim/world/*.c)) sim/sim.c

$(B)/host/sim/sim: $(call sim_obj,$(SIM_WORLD_SRC)) $(B)/host/sim/kernel.a $(B)/host/core/rights.a \
		$(B)/host/core/wire.a $(B)/host/core/base.a
	$(CC) $(SIM_CFLAGS) -o $@ $^

-include $(wildcard $(B)/host/sim/*.d $(B)/host/sim/*/*.d)
