# SPDX-License-Identifier: GPL-2.0-or-later
# On a GNU/Hurd (amd64) itself: the same sources against its own headers and libraries.
#
#   apt install gcc make mig libsodium-dev        (hurd-dev and gnumach-dev come with libc's)
#   make -f hurd.mk                 builds build/hurd/bin/netmsg, rpctrace and build/hurd/lib/libpager.*
#   make -f hurd.mk install         into $(DESTDIR)$(prefix); libdir=... is for the libraries
#   make -f hurd.mk netmsg          (or libpager, rpctrace) that alone
#
# Elsewhere the compiler and MIG can be named: CC, MIGCOM, SYSTEM_CPPFLAGS.

B := build/hurd
PREFIX ?= /usr/local
prefix ?= $(PREFIX)
libdir ?= $(prefix)/lib
CFLAGS ?= -O2 -g
MIG ?= mig
# MIG's compiler proper: definitions that are preprocessed already come in on its standard input.
MIGCOM ?= $(MIG) -cc cat - /dev/null
SYSTEM_CPPFLAGS ?=

netmsg_sources := $(wildcard core/base/*.c core/wire/*.c core/rights/*.c core/link/*.c mach/*.c netmsg/*.c)
netmsg_stubs := netmsg_user netmsg_server fsys_server mach_debug/mach_debug
netmsg_objects := $(netmsg_sources:%.c=$(B)/%.o) $(netmsg_stubs:%=$(B)/mig/%.o)
rpctrace_sources := $(wildcard core/base/*.c core/wire/*.c core/trace/*.c rpctrace/*.c) mach/map.c mach/receive.c \
	mach/workers.c netmsg/complaint.c
rpctrace_objects := $(rpctrace_sources:%.c=$(B)/%.o) $(B)/trace/builtin.o $(B)/mig/mach_debug/mach_debug.o

compile = $(CC) -std=gnu11 $(CFLAGS) -fno-strict-aliasing -D_GNU_SOURCE $(SYSTEM_CPPFLAGS) -I. -Inetmsg -I$(B)/mig -Wall

.PHONY: all netmsg libpager rpctrace install clean
.DELETE_ON_ERROR:
all: netmsg libpager rpctrace
netmsg: $(B)/bin/netmsg
rpctrace: $(B)/bin/rpctrace

$(B)/bin/netmsg: $(netmsg_objects)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lsodium -lhurduser -lmachuser -lpthread

$(B)/bin/rpctrace: $(rpctrace_objects)
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ -lhurduser -lmachuser -lpthread

# The names and layouts of all calls, from the system's own definitions.
trace_kernel_defs := mach/mach.defs mach/mach_port.defs mach/mach_host.defs mach/gnumach.defs mach/mach4.defs \
	mach/memory_object.defs mach/memory_object_default.defs mach/exc.defs mach/notify.defs mach/task_notify.defs \
	mach/experimental.defs mach/machine/mach_i386.defs mach_debug/mach_debug.defs device/device.defs
# The default pager there speaks <hurd/default_pager.defs>, which is not quite <mach/default_pager.defs>.
trace_hurd_defs := hurd/acpi.defs hurd/auth.defs hurd/crash.defs hurd/default_pager.defs hurd/exec.defs \
	hurd/exec_startup.defs hurd/fs.defs hurd/fs_notify.defs hurd/fsys.defs hurd/ifsock.defs hurd/iioctl.defs \
	hurd/interrupt.defs hurd/io.defs hurd/kdioctl.defs hurd/login.defs hurd/msg.defs hurd/newterm.defs \
	hurd/password.defs hurd/pci.defs hurd/pfinet.defs hurd/pioctl.defs hurd/process.defs hurd/rioctl.defs \
	hurd/shutdown.defs hurd/socket.defs hurd/startup.defs hurd/startup_notify.defs hurd/term.defs hurd/tioctl.defs

$(B)/trace/builtin.msgids: tools/rpclist tools/rpclist.awk
	@mkdir -p $(@D)
	RPCLIST_CPP='$(CC) -E -P -x c $(SYSTEM_CPPFLAGS) -' RPCLIST_MIGCOM='$(MIGCOM)' tools/rpclist $(trace_kernel_defs) $(trace_hurd_defs) >$@.new
	mv $@.new $@

$(B)/trace/builtin.c: $(B)/trace/builtin.msgids
	{ echo '#include "core/trace/builtin.h"'; echo 'const char trace_builtin_list[] ='; \
	  sed 's/["\\]/\\&/g; s/.*/  "&\\n"/' $<; \
	  echo '  "";'; echo 'const size_t trace_builtin_list_bytes = sizeof trace_builtin_list - 1;'; } >$@

$(B)/trace/builtin.o: $(B)/trace/builtin.c
	$(compile) -c -o $@ $<

$(rpctrace_objects): $(B)/mig/mach_debug/mach_debug.h
$(netmsg_objects): $(netmsg_stubs:%=$(B)/mig/%.h)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -MMD -MP -c -o $@ $<

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

# libpager: a server linked with this one, or started with its folder in LD_LIBRARY_PATH (by env: settrans
# gives no environment), has its objects mapped by many kernels.
soname := libpager.so.0.3
pager_sources := $(wildcard libpager/*.c core/pages/*.c core/base/*.c)
pager_objects := $(pager_sources:%.c=$(B)/pic/%.o) $(B)/pic/memory_object.o
libpager: $(B)/lib/libpager.a $(B)/lib/$(soname)

$(B)/pic/memory_object.c $(B)/pic/memory_object_S.h &: libpager/mig-mutate.h
	@mkdir -p $(@D)
	$(call preprocess,mach/memory_object.defs,-include libpager/mig-mutate.h) | $(MIGCOM) -prefix libpager_ \
		-list /dev/null -user /dev/null -header /dev/null -server $(B)/pic/memory_object.c -sheader $(B)/pic/memory_object_S.h

# Its own <hurd/pager.h> comes before the system's.
$(B)/pic/include/hurd/%.h: libpager/%.h
	@mkdir -p $(@D)
	cp $< $@

$(pager_objects): $(B)/pic/memory_object_S.h $(B)/pic/include/hurd/pager.h $(B)/pic/include/hurd/pager_extra.h

$(B)/pic/memory_object.o: $(B)/pic/memory_object.c
	$(compile) -fPIC -w -c -o $@ $<

$(B)/pic/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -I$(B)/pic/include -I$(B)/pic -fPIC -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -MMD -MP -c -o $@ $<

# Only the interface shows.
$(B)/lib/libpager.a: $(pager_objects)
	@mkdir -p $(@D)
	$(LD) -r -o $(B)/pic/libpager.o $^
	objcopy -w --keep-global-symbol='pager_*' $(B)/pic/libpager.o
	rm -f $@
	$(AR) rcs $@ $(B)/pic/libpager.o

$(B)/lib/$(soname): $(pager_objects)
	@mkdir -p $(@D)
	printf '{ global: pager_*; local: *; };\n' >$(B)/pic/exports
	$(CC) -shared $(LDFLAGS) -Wl,-soname,$(soname) -Wl,--version-script,$(B)/pic/exports -o $@ $^ -lports -lmachuser -lpthread
	ln -sf $(soname) $(B)/lib/libpager.so

install: all
	install -D -m 644 -t $(DESTDIR)$(libdir) $(B)/lib/libpager.a $(B)/lib/$(soname)
	ln -sf $(soname) $(DESTDIR)$(libdir)/libpager.so
	install -D -m 644 -t $(DESTDIR)$(prefix)/include/hurd libpager/pager.h libpager/pager_extra.h
	install -D $(B)/bin/netmsg $(DESTDIR)$(prefix)/sbin/netmsg
	install -D $(B)/bin/rpctrace $(DESTDIR)$(prefix)/bin/rpctrace
	install -D -m 644 doc/netmsg.8 $(DESTDIR)$(prefix)/share/man/man8/netmsg.8
	install -D -m 644 doc/rpctrace.1 $(DESTDIR)$(prefix)/share/man/man1/rpctrace.1

clean:
	rm -rf $(B)

-include $(netmsg_objects:.o=.d) $(pager_objects:.o=.d) $(rpctrace_objects:.o=.d)
