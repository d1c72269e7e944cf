# SPDX-License-Identifier: GPL-2.0-or-later
# /bin/lua: Debian's Lua 5.4, unmodified.  For tests.  Debian's rules make the header below.

$(B)/node/lua/lua.o: $(B)/src/.lua5.4 node/ports/lua.mk $(NODE_HEADERS)
	@mkdir -p $(@D)
	echo '#define DEB_HOST_MULTIARCH "lib"' >$(@D)/lua5.4-deb-multiarch.h
	for source in $(B)/src/lua5.4/src/*.c; do \
		case $$source in */luac.c) continue;; esac; \
		$(NODE_CC) -O2 -w -I$(@D) -DLUA_USE_POSIX -ffunction-sections -c -o $(@D)/$$(basename $$source .c).part.o $$source || exit 1; \
	done
	ld -r -o $@ $(@D)/*.part.o
	rm -f $(@D)/*.part.o

$(B)/node/root/bin/lua: $(B)/node/lua/lua.o $(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $< -lm

node_root_files += $(B)/node/root/bin/lua
