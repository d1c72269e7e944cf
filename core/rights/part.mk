# SPDX-License-Identifier: GPL-2.0-or-later
# Tests of core/wire and core/rights.  They link core alone (and cmocka), which
# shows that it is complete and pure, and run under the sanitizers; the objects
# come from the rule for build/host/san in core/link/part.mk.

RIGHTS_CORE_SAN := $(patsubst %.c,$(B)/host/san/%.o,$(sort $(wildcard core/base/*.c core/wire/*.c core/rights/*.c)))
RIGHTS_MODEL_SAN := $(patsubst %,$(B)/host/san/tests/core/rights/%.o,kernel driver driver_receive driver_deliver world tasks run)

RIGHTS_TESTS := $(patsubst tests/core/rights/test_%.c,$(B)/host/tests/rights_%,$(sort $(wildcard tests/core/rights/test_*.c)))
WIRE_TESTS := $(patsubst tests/core/wire/test_%.c,$(B)/host/tests/wire_%,$(sort $(wildcard tests/core/wire/test_*.c)))

.PHONY: host-tests
host-tests: $(RIGHTS_TESTS) $(WIRE_TESTS)

$(B)/host/tests/rights_%: $(B)/host/san/tests/core/rights/test_%.o $(RIGHTS_MODEL_SAN) $(RIGHTS_CORE_SAN)
	@mkdir -p $(@D)
	$(CC) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(filter %.o,$^) -lcmocka
$(B)/host/tests/wire_%: $(B)/host/san/tests/core/wire/test_%.o $(RIGHTS_CORE_SAN)
	@mkdir -p $(@D)
	$(CC) -g -fsanitize=address,undefined -fno-sanitize-recover=all -o $@ $(filter %.o,$^) -lcmocka

# What the engines may call: memory moves and their own base.
RIGHTS_ALLOWED := ^(mem(cpy|set|move|cmp)|dr_[a-z_]*)$$
host-tests: $(B)/host/core/rights.pure
$(B)/host/core/rights.pure: $(B)/host/core/base.a $(B)/host/core/wire.a $(B)/host/core/rights.a
	@ld -r -o $@.whole --whole-archive $^
	@bad=$$(nm -u $@.whole | awk '{print $$2}' | grep -vE '$(RIGHTS_ALLOWED)'); rm -f $@.whole; \
	 if [ -n "$$bad" ]; then echo "core/rights is not pure: it calls" $$bad >&2; exit 1; fi
	@touch $@

-include $(wildcard $(B)/host/san/tests/core/rights/*.d $(B)/host/san/tests/core/wire/*.d)
