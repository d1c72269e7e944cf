# SPDX-License-Identifier: GPL-2.0-or-later
# core/: the engines.  Each directory becomes one archive for this machine,
# build/host/core/NAME.a.  The node and the programs compile the same sources
# with their own compilers: the lists CORE_<NAME>_SRC are for them.

CORE_CFLAGS := -std=gnu11 -O2 -g -fno-strict-aliasing -I$(top) $(WARN)

CORE_BASE_SRC := $(sort $(wildcard core/base/*.c))
CORE_WIRE_SRC := $(sort $(wildcard core/wire/*.c))
CORE_RIGHTS_SRC := $(sort $(wildcard core/rights/*.c))

core_obj = $(patsubst %.c,$(B)/host/%.o,$(1))

$(B)/host/core/%.o: core/%.c core/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(CORE_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/host/core/base.a: $(call core_obj,$(CORE_BASE_SRC))
$(B)/host/core/wire.a: $(call core_obj,$(CORE_WIRE_SRC))
$(B)/host/core/rights.a: $(call core_obj,$(CORE_RIGHTS_SRC))
$(B)/host/core/base.a $(B)/host/core/wire.a $(B)/host/core/rights.a:
	@rm -f $@
	ar rcs $@ $^

-include $(wildcard $(B)/host/core/*/*.d)
