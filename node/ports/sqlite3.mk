# SPDX-License-Identifier: GPL-2.0-or-later
# /bin/sqlite3: the shell of Debian's SQLite, unmodified.  For tests.  Its own Makefile
# joins the sources to two files, by Tcl on this machine.

sqlite3_tree := $(B)/node/sqlite3
sqlite3_options := -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_ENABLE_MATH_FUNCTIONS

$(sqlite3_tree)/.generated: $(B)/src/.sqlite3 node/ports/sqlite3.mk
	rm -rf $(sqlite3_tree)
	mkdir -p $(sqlite3_tree)
	cd $(sqlite3_tree) && sh $(top)/$(B)/src/sqlite3/configure --disable-tcl --disable-readline >configure.log 2>&1 \
		&& MAKEFLAGS= $(MAKE) sqlite3.c shell.c >make.log 2>&1 || { tail -n 20 make.log configure.log; exit 1; }
	touch $@

$(B)/node/root/bin/sqlite3: $(sqlite3_tree)/.generated $(NODE_LIBC)
	@mkdir -p $(@D)
	for source in sqlite3 shell; do \
		$(NODE_CC) -O1 -w $(sqlite3_options) -ffunction-sections -I$(sqlite3_tree) \
			-c -o $(sqlite3_tree)/$$source.o $(sqlite3_tree)/$$source.c || exit 1; \
	done
	$(NODE_CC) -o $@ $(sqlite3_tree)/sqlite3.o $(sqlite3_tree)/shell.o -lm

node_root_files += $(B)/node/root/bin/sqlite3

# The same programs on this machine: what they print is what the nodes have to print.
$(B)/host/reference/sqlite3: $(sqlite3_tree)/.generated
	@mkdir -p $(@D)
	$(CC) -O0 -w $(sqlite3_options) -I$(sqlite3_tree) -o $@ $(sqlite3_tree)/sqlite3.c $(sqlite3_tree)/shell.c -lm -lpthread

$(B)/host/reference/lua: $(B)/src/.lua5.4
	@mkdir -p $(B)/host/reference/lua-objects
	echo '#define DEB_HOST_MULTIARCH "lib"' >$(@D)/lua-objects/lua5.4-deb-multiarch.h
	$(CC) -O1 -w -I$(@D)/lua-objects -DLUA_USE_POSIX -o $@ $$(ls $(B)/src/lua5.4/src/*.c | grep -v luac.c) -lm

.PHONY: reference-programs
reference-programs: $(B)/host/reference/sqlite3 $(B)/host/reference/lua
host-tests: reference-programs
