# SPDX-License-Identifier: GPL-2.0-or-later
# On a GNU/Hurd (amd64) itself: the same sources against its own headers and libraries.
#
#   apt install gcc make mig libsodium-dev        (hurd-dev and gnumach-dev come with libc's)
#   make -f hurd.mk                 builds build/hurd/bin/netmsg
#   make -f hurd.mk install         into $(DESTDIR)$(prefix)
#
# Elsewhere the compiler and MIG can be named: CC, MIGCOM, SYSTEM_CPPFLAGS.

B := build/hurd
prefix ?= /usr/local
CFLAGS ?= -O2 -g
MIG ?= mig
# MIG's compiler proper: definitions that are preprocessed already come in on its standard input.
MIGCOM ?= $(MIG) -cc cat - /dev/null
SYSTEM_CPPFLAGS ?=

netmsg_sources := $(wildcard core/base/*.c core/wire/*.c core/rights/*.c core/link/*.c mach/*.c netmsg/*.c)
netmsg_stubs := netmsg_user netmsg_server fsys_server mach_debug/mach_debug
netmsg_objects := $(netmsg_sources:%.c=$(B)/%.o) $(netmsg_stubs:%=$(B)/mig/%.o)

compile = $(CC) -std=gnu11 $(CFLAGS) -fno-strict-aliasing -D_GNU_SOURCE $(SYSTEM_CPPFLAGS) -I. -Inetmsg -I$(B)/mig -Wall

.PHONY: all install clean
.DELETE_ON_ERROR:
all: $(B)/bin/netmsg

$(B)/bin/netmsg: $(netmsg_objects)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsodium -lhurduser -lmachuser -lpthread

$(netmsg_objects): $(netmsg_stubs:%=$(B)/mig/%.h)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -Wextra -Wno-unused-parameter -MMD -MP -c -o $@ $<

$(B)/mig/%.o: $(B)/mig/%.c
	$(compile) -w -c -o $@ $<

preprocess = printf '\#include <%s>\n' $(1) | $(CC) -E -x c $(SYSTEM_CPPFLAGS) -I. $(2) -

$(B)/mig/netmsg_user.c $(B)/mig/netmsg_user.h &: netmsg/netmsg.defs
	@mkdir -p $(@D)
	$(call preprocess,netmsg/netmsg.defs) | $(MIGCOM) -list /dev/null -server /dev/null \
		-user $(B)/mig/netmsg_user.c -header $(B)/mig/netmsg_user.h

$(B)/mig/netmsg_server.c $(B)/mig/netmsg_server.h &: netmsg/netmsg.defs
	@mkdir -p $(@D)
	$(call preprocess,netmsg/netmsg.defs,-DNETMSG_SERVER) | $(MIGCOM) -list /dev/null -user /dev/null \
		-header /dev/null -server $(B)/mig/netmsg_server.c -sheader $(B)/mig/netmsg_server.h

$(B)/mig/fsys_server.c $(B)/mig/fsys_server.h &:
	@mkdir -p $(@D)
	$(call preprocess,hurd/fsys.defs,-DSERVERPREFIX=S_) | $(MIGCOM) -list /dev/null -user /dev/null \
		-header /dev/null -server $(B)/mig/fsys_server.c -sheader $(B)/mig/fsys_server.h

# The C library has no stubs of these.
$(B)/mig/mach_debug/mach_debug.c $(B)/mig/mach_debug/mach_debug.h &:
	@mkdir -p $(@D)
	$(call preprocess,mach_debug/mach_debug.defs) | $(MIGCOM) -list /dev/null -server /dev/null \
		-user $(B)/mig/mach_debug/mach_debug.c -header $(B)/mig/mach_debug/mach_debug.h

install: all
	install -D $(B)/bin/netmsg $(DESTDIR)$(prefix)/sbin/netmsg
	install -D -m 644 doc/netmsg.8 $(DESTDIR)$(prefix)/share/man/man8/netmsg.8

clean:
	rm -rf $(B)

-include $(netmsg_objects:.o=.d)
