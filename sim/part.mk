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

SIM_TEST_CFLAGS := $(SIM_CFLAGS) -fsanitize=address,undefined -fno-sanitize-recover=all

$(B)/host/tests/sim-kernel: tests/sim/kernel/test_kernel.c $(SIM_KERNEL_SRC) $(wildcard core/base/*.c) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(SIM_TEST_CFLAGS) -o $@ $(filter %.c,$^) -lcmocka

host-tests: $(B)/host/tests/sim-kernel

SIM_PROGRAM_SRC := sim/sim.c sim/shrink.c
SIM_WORLD_SRC := $(sort $(wildcard sim/world/*.c)) $(SIM_PROGRAM_SRC)

$(B)/host/bin/sim: $(call sim_obj,$(SIM_WORLD_SRC)) $(B)/host/sim/kernel.a $(B)/host/core/link.a $(B)/host/core/rights.a \
		$(B)/host/core/wire.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) -o $@ $^ -lsodium

# Conformance: the same scenarios on the model, here, and on a real kernel, on a node.
SIM_SCENARIOS := $(sort $(wildcard sim/scenarios/*.scn))

$(B)/host/bin/conform: sim/conform/main.c sim/conform/conform.c sim/conform/model.c $(SIM_KERNEL_SRC) \
		$(wildcard core/base/*.c) sim/conform/conform.h sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(SIM_TEST_CFLAGS) -o $@ $(filter %.c,$^)

# The same, counting which lines of the model the scenarios reach.
$(B)/host/conform-lines/conform: sim/conform/main.c sim/conform/conform.c sim/conform/model.c $(SIM_KERNEL_SRC) \
		$(wildcard core/base/*.c) $(wildcard sim/conform/*.h sim/kernel/*.h) sim/part.mk
	@rm -rf $(@D) && mkdir -p $(@D)
	$(CC) -std=gnu11 -O0 -I$(top) --coverage -o $@ $(filter %.c,$^)

$(B)/host/tests/sim-conformance: sim/test-conformance $(B)/host/bin/conform $(B)/host/conform-lines/conform $(SIM_SCENARIOS)
	@mkdir -p $(@D)
	cp $< $@

host-tests: $(B)/host/tests/sim-conformance $(B)/host/bin/sim

CONFORM_NODE_SRC := sim/conform/main.c sim/conform/conform.c sim/conform/mach.c sim/kernel/results.c

$(B)/node/root/tests/conformance: $(CONFORM_NODE_SRC) sim/conform/conform.h sim/kernel/kernel.h \
		$(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 -DCONFORM_MACH -I$(top) $(WARN) -o $@ $(CONFORM_NODE_SRC)

$(B)/node/root/tests/scenarios/%.scn: sim/scenarios/%.scn
	@mkdir -p $(@D)
	cp $< $@

node_root_files += $(B)/node/root/tests/conformance \
	$(patsubst sim/scenarios/%,$(B)/node/root/tests/scenarios/%,$(SIM_SCENARIOS))

-include $(wildcard $(B)/host/sim/*.d $(B)/host/sim/*/*.d)

# The explorer: malloc and its kin come from an arena that can be put back.
EXPLORE_OBJ := $(call sim_obj,$(sort $(wildcard sim/explore/*.c sim/world/*.c)))
SIM_WRAP := $(foreach f,malloc calloc realloc free,-Wl,--wrap=$(f))

$(B)/host/bin/explore: $(EXPLORE_OBJ) $(B)/host/sim/kernel.a $(B)/host/core/link.a $(B)/host/core/rights.a \
		$(B)/host/core/wire.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) $(SIM_CFLAGS) $(SIM_WRAP) -o $@ $^ -lsodium

host-tests: $(B)/host/bin/explore

$(B)/host/tests/sim-arena: tests/sim/explore/test_arena.c sim/explore/arena.c sim/explore/arena.h sim/guard.h core/base/status.c \
		sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(SIM_TEST_CFLAGS) $(SIM_WRAP) -o $@ $(filter %.c,$^)

host-tests: $(B)/host/tests/sim-arena

# Canaries: the engine with one deliberate fault each.  A canary that neither the explorer
# nor the simulator catches fails the test.
CANARIES := 1 2 3 4 5 6 7 8 9
EXPLORED_CANARIES := 1 2 3 4 5 6
CANARY_SRC := $(sort $(wildcard core/wire/*.c core/rights/*.c sim/kernel/*.c sim/world/*.c))
CANARY_LIB := $(B)/host/core/link.a $(B)/host/core/base.a
CANARY_CFLAGS = -std=gnu11 -O1 -fno-strict-aliasing -I$(top) -DRIGHTS_CANARY=$*

$(B)/host/canary/sim-%: $(CANARY_SRC) $(SIM_PROGRAM_SRC) $(CANARY_LIB) $(wildcard core/*/*.h sim/*/*.h sim/*.h) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(CANARY_CFLAGS) -o $@ $(SIM_PROGRAM_SRC) $(CANARY_SRC) $(CANARY_LIB) -lsodium

$(B)/host/canary/explore-%: $(CANARY_SRC) $(CANARY_LIB) $(wildcard sim/explore/*.c core/*/*.h sim/*/*.h) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(CANARY_CFLAGS) $(SIM_WRAP) -o $@ $(sort $(wildcard sim/explore/*.c)) $(CANARY_SRC) \
		$(CANARY_LIB) -lsodium

# Counters that begin just before they wrap.
$(B)/host/canary/sim-late: $(CANARY_SRC) $(SIM_PROGRAM_SRC) $(CANARY_LIB) $(wildcard core/*/*.h sim/*/*.h sim/*.h) sim/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -fno-strict-aliasing -I$(top) -DRIGHTS_LATE -o $@ $(SIM_PROGRAM_SRC) $(CANARY_SRC) $(CANARY_LIB) -lsodium

# The same under the sanitizers.
SIM_SAN_SRC := $(CANARY_SRC) $(sort $(wildcard core/base/*.c core/link/*.c))

$(B)/host/canary/sim-san: $(SIM_SAN_SRC) $(SIM_PROGRAM_SRC) $(wildcard core/*/*.h sim/*/*.h sim/*.h) sim/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=all -I$(top) -o $@ $(SIM_PROGRAM_SRC) $(SIM_SAN_SRC) -lsodium

$(B)/host/canary/explore-san: $(SIM_SAN_SRC) $(wildcard sim/explore/*.c core/*/*.h sim/*/*.h sim/*.h) sim/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
		-fno-sanitize-recover=all $(SIM_WRAP) -I$(top) -o $@ $(sort $(wildcard sim/explore/*.c)) $(SIM_SAN_SRC) -lsodium

$(B)/host/tests/sim-rights: sim/test-rights $(B)/host/canary/explore-san $(B)/host/canary/sim-late $(B)/host/canary/sim-san $(foreach n,$(CANARIES),$(B)/host/canary/sim-$(n)) \
		$(foreach n,$(EXPLORED_CANARIES),$(B)/host/canary/explore-$(n)) \
		$(B)/host/bin/sim $(B)/host/bin/explore
	@mkdir -p $(@D)
	cp $< $@

host-tests: $(B)/host/tests/sim-rights

# Benchmarks on the host, as lines for `./drove bench`.
BENCH_SIM_SRC := $(sort $(wildcard core/base/*.c core/wire/*.c core/rights/*.c core/link/*.c sim/kernel/*.c sim/world/*.c))
BENCH_CFLAGS := -std=gnu11 -O3 -flto=auto -fno-strict-aliasing -I$(top) $(WARN)
bench_headers := $(wildcard core/*/*.h sim/*/*.h sim/*.h)

$(B)/host/bench/sim-steps: $(BENCH_SIM_SRC) $(SIM_PROGRAM_SRC) $(bench_headers) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -DSIM_BENCH -o $@ $(SIM_PROGRAM_SRC) $(BENCH_SIM_SRC) -lsodium

$(B)/host/bench/core-sealed: sim/bench_core.c $(BENCH_SIM_SRC) $(bench_headers) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -DBENCH_FIGURE='"core_msgs"' -o $@ $< $(BENCH_SIM_SRC) -lsodium

# The identity for a cipher: in this program only, to show what encryption costs.
$(B)/host/bench/core-plain: sim/bench_core.c $(BENCH_SIM_SRC) tests/core/link/no_cipher.c $(bench_headers) sim/part.mk
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -DBENCH_FIGURE='"core_msgs_plain"' -o $@ $< \
		$(filter-out core/link/cipher.c,$(BENCH_SIM_SRC)) tests/core/link/no_cipher.c -lsodium

host-bench: $(B)/host/bench/sim-steps $(B)/host/bench/core-sealed $(B)/host/bench/core-plain
