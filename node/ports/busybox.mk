# SPDX-License-Identifier: GPL-2.0-or-later
# The small commands: Debian's busybox, unmodified, with our choice of applets
# (busybox.config) and without its shell.

busybox_tree := $(B)/node/busybox

# Compiled without linking: libc changes more often than busybox does.
$(busybox_tree)/.compiled: $(B)/src/.busybox node/ports/busybox.config node/ports/busybox-configure $(NODE_HEADERS)
	node/ports/busybox-configure $(B)/src/busybox $(busybox_tree) node/ports/busybox.config
	$(MAKE) -s -C $(busybox_tree) CC=$(abspath $(NODE_CC)) HOSTCC=gcc SKIP_STRIP=y EXTRA_CFLAGS=-w \
		applets/built-in.o >$(busybox_tree)/build.log 2>&1 || { tail -20 $(busybox_tree)/build.log >&2; exit 1; }
	touch $@

$(B)/node/root/bin/busybox: $(busybox_tree)/.compiled $(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(busybox_tree)/applets/built-in.o -Wl,--start-group \
		$$(find $(busybox_tree) -name lib.a) -Wl,--end-group -lm

# The names of its applets, one in each line: they become links in base.tar.
$(busybox_tree)/applets.txt: $(busybox_tree)/.compiled
	sed -n 's/^"\([^"]*\)" "\\0"$$/\1/p' $(busybox_tree)/include/applet_tables.h >$@

node_root_files += $(B)/node/root/bin/busybox
