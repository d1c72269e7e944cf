# SPDX-License-Identifier: GPL-2.0-or-later
# /bin/sh: Debian's dash, unmodified.  Its configure is replaced by dash-config.h.

dash_tree := $(B)/node/dash

$(dash_tree)/.compiled: $(B)/src/.dash node/ports/dash-config.h node/ports/dash.mk $(NODE_HEADERS)
	rm -rf $(dash_tree)
	cp -r $(B)/src/dash/src $(dash_tree)
	cp node/ports/dash-config.h $(dash_tree)/config.h
	cd $(dash_tree) && { \
	sh ./mktokens && \
	for tool in mkinit mksyntax mknodes mksignames; do gcc -O1 -w -DBSD=1 -DSHELL -o $$tool $$tool.c || exit 1; done && \
	gcc -E -x c -include config.h -DBSD=1 -DSHELL -o builtins.def builtins.def.in && sh ./mkbuiltins builtins.def && \
	sources=$$(ls *.c bltin/*.c | grep -v '^mk\|^builtins.c') && \
	./mkinit $$(echo "$$sources" | grep -v 'init.c\|nodes.c\|syntax.c\|signames.c') && \
	./mknodes nodetypes nodes.c.pat && ./mksyntax && ./mksignames && \
	for source in $$sources init.c nodes.c syntax.c signames.c builtins.c; do \
		$(abspath $(NODE_CC)) -O2 -w -include config.h -DBSD=1 -DSHELL -I. -c -o $$(basename $$source .c).$$(echo $$source | tr -dc /bl | cut -c1).o $$source || exit 1; done; }
	touch $@

$(B)/node/root/bin/sh: $(dash_tree)/.compiled $(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(dash_tree)/*.o

node_root_files += $(B)/node/root/bin/sh
