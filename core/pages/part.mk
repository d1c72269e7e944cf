# SPDX-License-Identifier: GPL-2.0-or-later
# core/pages: the coherence engine.  The link step shows that it calls nothing
# but memory moves and core/base.

CORE_PAGES_SRC := $(sort $(wildcard core/pages/*.c))

PAGES_ALLOWED := ^(mem(cpy|set|move|cmp)|dr_[a-z_]*)$$

$(B)/host/core/pages.a: $(patsubst %.c,$(B)/host/%.o,$(CORE_PAGES_SRC)) core/pages/part.mk
	@rm -f $@
	ar rcs $@ $(filter %.o,$^)
	@ld -r -o $@.whole $(filter %.o,$^)
	@bad=$$(nm -u $@.whole | awk '{print $$2}' | grep -vE '$(PAGES_ALLOWED)'); rm -f $@.whole; \
	 if [ -n "$$bad" ]; then echo "core/pages is not pure: it calls" $$bad >&2; rm -f $@; exit 1; fi

include tests/core/pages/part.mk
