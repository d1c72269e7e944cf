# SPDX-License-Identifier: GPL-2.0-or-later
# What of mach/ needs no Mach, tested here; the rest is tested on nodes.

MACH_TEST_CFLAGS := -std=gnu11 -O1 -I$(top) $(WARN)

$(B)/host/tests/mach_%: tests/mach/test_%.c mach/%.c mach/%.h mach/map.c core/base/alloc.c mach/part.mk
	@mkdir -p $(@D)
	$(CC) $(MACH_TEST_CFLAGS) $(SAN) -o $@ $(filter %.c,$^) -lcmocka -lpthread

$(B)/host/tests/mach_pool-threads: tests/mach/test_pool.c mach/pool.c mach/pool.h core/base/alloc.c mach/part.mk
	@mkdir -p $(@D)
	$(CC) $(MACH_TEST_CFLAGS) $(TSAN) -o $@ $(filter %.c,$^) -lcmocka -lpthread

host-tests: $(addprefix $(B)/host/tests/mach_,pool watches pool-threads)
