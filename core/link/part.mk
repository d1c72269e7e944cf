# SPDX-License-Identifier: GPL-2.0-or-later
# core/link: the transport (needs libsodium, nothing else), its tests and its
# benchmark.  The tests link core alone, which shows that it is complete and
# pure, and run under the sanitizers.

CORE_LINK_SRC := $(sort $(wildcard core/link/*.c))

# What the engine may call: memory moves, libsodium, its own base.
LINK_ALLOWED := ^(mem(cpy|set|move|cmp)|strlen|crypto_[a-z0-9_]*|sodium_mem(zero|cmp)|dr_[a-z_]*)$$

$(B)/host/core/link.a: $(patsubst %.c,$(B)/host/%.o,$(CORE_LINK_SRC)) core/link/part.mk
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)
	@ld -r -o $@.whole $(filter %.o,$^)
	@bad=$$(nm -u $@.whole | awk '{print $$2}' | grep -vE '$(LINK_ALLOWED)'); rm -f $@.whole; \
	 if [ -n "$$bad" ]; then echo "core/link is not pure: it calls" $$bad >&2; rm -f $@; exit 1; fi

LINK_TEST_CFLAGS := -std=gnu11 -O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -I$(top) $(WARN)

LINK_TEST_SRC := $(sort $(wildcard tests/core/link/test_*.c))
LINK_TESTS := $(patsubst tests/core/link/test_%.c,$(B)/host/tests/link_%,$(LINK_TEST_SRC))
LINK_TEST_LIB := $(patsubst %.c,$(B)/host/san/%.o,$(CORE_LINK_SRC) $(sort $(wildcard core/base/*.c)) \
	tests/core/link/world.c)

.PHONY: host-tests
host-tests: $(LINK_TESTS) $(B)/host/bench-link

$(B)/host/san/%.o: %.c core/link/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(LINK_TEST_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/tests/link_%: $(B)/host/san/tests/core/link/test_%.o $(LINK_TEST_LIB) $(B)/host/core/link.a
	@mkdir -p $(@D)
	$(CC) $(LINK_TEST_CFLAGS) -o $@ $(filter %.o,$^) -lcmocka -lsodium

# The second benchmark program has another cipher.o: the identity.  It exists
# in no library and in no product; it shows what encryption costs.
$(B)/host/bench-link: $(B)/host/bench/link-sealed $(B)/host/bench/link-plain tests/core/link/bench.sh
	install -m 755 tests/core/link/bench.sh $@
$(B)/host/bench/link-sealed: $(B)/host/bench/bench.o $(B)/host/core/link.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lsodium
$(B)/host/bench/link-plain: $(B)/host/bench/bench.o $(B)/host/bench/no_cipher.o \
		$(patsubst %.c,$(B)/host/%.o,$(filter-out core/link/cipher.c,$(CORE_LINK_SRC))) $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) -o $@ $^ -lsodium
$(B)/host/bench/%.o: tests/core/link/%.c core/link/part.mk $(wildcard core/link/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -I$(top) $(WARN) -c -o $@ $<

-include $(wildcard $(B)/host/san/core/*/*.d $(B)/host/san/tests/core/link/*.d)
