# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz/: libFuzzer targets, each with a corpus in fuzz/corpus/TARGET.

FUZZ_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -I$(top) -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_CORE := $(sort $(wildcard core/base/*.c core/wire/*.c))
FUZZ_TARGETS := $(patsubst fuzz/fuzz_%.c,%,$(sort $(wildcard fuzz/fuzz_*.c)))

fuzz_sources_wire := $(FUZZ_CORE)
fuzz_sources_rights := $(FUZZ_CORE) $(sort $(wildcard core/rights/*.c sim/kernel/*.c)) \
	sim/world/node.c sim/world/node_receive.c sim/world/node_deliver.c sim/world/translate.c
fuzz_sources_link := core/base/alloc.c core/base/buf.c core/base/status.c $(sort $(wildcard core/link/*.c))
fuzz_sources_handshake := $(fuzz_sources_link)
fuzz_sources_trace = $(FUZZ_CORE) $(CORE_TRACE_SRC) $(B)/trace/builtin.c
fuzz_sources_trace_list := $(FUZZ_CORE) $(sort $(wildcard core/trace/*.c))
fuzz_sources_peers := netmsg/peers.c netmsg/complaint.c netmsg/keys.c core/base/status.c
fuzz_sources_session := $(fuzz_sources_link)
fuzz_sources_config := netmsg/keys.c netmsg/options.c netmsg/complaint.c core/base/status.c
fuzz_sources_configure := node/inet/configure.c core/base/status.c
fuzz_flags_configure := -Inode/inet -Dfopen=fuzz_fopen
fuzz_sources_tar := $(patsubst %,node/tmpfs/%.c,pages directory store access tar unpack) core/base/status.c
fuzz_sources_testbed := $(patsubst %,testbed/%.c,impair delayline fabric port pcap switch switch-command marks) \
	core/base/status.c
fuzz_mach_flags := -w -fno-strict-aliasing -D_GNU_SOURCE -Ifuzz/include -Inode/defs/include -Itests/core/trace/include \
	-isystem $(B)/deb/usr/include/x86_64-linux-gnu
# What is built of the node's own headers, whose numbers are the Hurd's.
fuzz_server_flags := $(filter-out -D_GNU_SOURCE,$(fuzz_mach_flags)) -Inode/posix/include -DMIG_EOPNOTSUPP=0x4000002d
fuzz_sources_archive := node/init/archive.c core/base/status.c
fuzz_sources_elf := fuzz/machine/memory.c node/proc/elf_load.c core/base/status.c
fuzz_mig := $(B)/host/fuzz-mig
fuzz_machine := fuzz/machine/memory.c fuzz/machine/ports.c $(sort $(wildcard sim/kernel/*.c))
fuzz_sources_take := $(fuzz_machine) $(FUZZ_CORE) $(patsubst %,mach/%.c,take memory proxies map)
fuzz_flags_take := $(fuzz_mach_flags) -Dmalloc=fuzz_malloc
fuzz_sources_pager := $(fuzz_machine) fuzz/machine/messages.c $(FUZZ_CORE) $(sort $(wildcard core/pages/*.c)) \
	$(filter-out %/memcpy.c %/timer.c %/workers.c %/assert.c,$(sort $(wildcard libpager/*.c))) \
	$(patsubst %,node/libports/%.c,create table notify references) $(patsubst %,node/musl/mach/%.c,request msg_destroy) \
	$(fuzz_mig)/memory_object_server.c $(fuzz_mig)/memory_object_user.c
fuzz_flags_pager := $(fuzz_mach_flags) -I$(fuzz_mig) -include fuzz/machine/waits.h -Dpthread_cond_wait=machine_wait
fuzz_tmpfs_stubs := $(patsubst %,$(fuzz_mig)/%_S.c,fs io fsys ifsock interrupt)
fuzz_client := $(fuzz_machine) $(patsubst %,fuzz/machine/%.c,messages client) $(FUZZ_CORE) $(patsubst %,node/musl/mach/%.c,request msg_destroy)
fuzz_sources_inet = $(fuzz_client) fuzz/machine/clock.c $(patsubst %,node/inet/%.c,address call calls_fsys calls_io calls_socket configure \
	datagram message object operation options packet_queue socket status stream) $(inet_lwip_names:%=$(inet_lwip)/%.c)
fuzz_flags_inet = $(fuzz_mach_flags) -fno-sanitize=alignment -Inode/inet -Inode/inet/lwip -I$(inet_lwip)/include \
	-Inode/posix/include -DMEMP_MEM_MALLOC=1 -Dclock_gettime=fuzz_clock
# A server's own stubs: -I lets both find their headers.
fuzz_pflocal_stubs := $(patsubst %,$(fuzz_mig)/pflocal/%.c,io_S socket_S interrupt_S fsys_S io_reply socket_reply)
fuzz_sources_pflocal := $(fuzz_client) $(patsubst %,fuzz/machine/%.c,mig clock) node/posix/abi_errno.c $(fuzz_pflocal_stubs) \
	$(filter-out %/main.c,$(sort $(wildcard node/pflocal/*.c)))
fuzz_flags_pflocal := $(fuzz_server_flags) -Inode/pflocal -I$(fuzz_mig)/pflocal -Dclock_gettime=fuzz_clock
fuzz_sources_proc := $(fuzz_client) fuzz/machine/mig.c node/musl/mach/msg_server.c \
	$(patsubst %,node/proc/%.c,process wait post identity life groups) \
	$(patsubst %,$(fuzz_mig)/proc/%.c,process_server interrupt_server process_reply_user)
fuzz_flags_proc := $(fuzz_server_flags) -D_GNU_SOURCE -Inode/proc -I$(fuzz_mig)/proc
fuzz_sources_exec := $(fuzz_client) $(patsubst %,fuzz/machine/%.c,mig file) node/musl/mach/msg_server.c \
	$(patsubst %,node/proc/%.c,new_task startup_table startup_serve image elf_load elf_source) \
	$(patsubst %,$(fuzz_mig)/proc/%_server.c,exec exec_startup control node_io)
fuzz_flags_exec := $(fuzz_flags_proc) -Wl,--wrap=vm_allocate,--wrap=vm_protect,--wrap=vm_write
fuzz_console_stubs := $(patsubst %,$(fuzz_mig)/console/%_server.c,io select tioctl tioctl_high term control interrupt)
fuzz_sources_console := $(fuzz_client) $(patsubst %,fuzz/machine/%.c,mig clock) $(patsubst %,node/console/%.c,calls line opens parked) \
	$(fuzz_console_stubs)
fuzz_flags_console := $(fuzz_server_flags) -Inode/console -I$(fuzz_mig)/console -Dclock_gettime=fuzz_clock
fuzz_sources_readonly := fuzz/machine/mig.c fuzz/machine/memory.c $(FUZZ_CORE) netmsg/readonly.c $(fuzz_mig)/readonly/fs_server.c
fuzz_flags_readonly := $(fuzz_server_flags) -I$(fuzz_mig)/readonly
fuzz_sources_signals := $(fuzz_client) fuzz/machine/mig.c node/posix/abi_errno.c node/posix/abi_files.c \
	$(patsubst %,$(fuzz_mig)/posix/%_server.c,msg exc)
fuzz_flags_signals := $(fuzz_server_flags) -D_GNU_SOURCE -Inode/posix -I$(fuzz_mig)/posix \
	-Dcatch_exception_raise=posix_S_exception_raise
fuzz_sources_poll := $(fuzz_client)
fuzz_flags_poll := $(fuzz_server_flags) -D_GNU_SOURCE -Inode/posix
fuzz_sources_directory := $(fuzz_client) $(patsubst %,node/posix/%.c,directory lookup error abi_errno)
fuzz_flags_directory := $(fuzz_server_flags) -fno-sanitize=alignment -Inode/posix
fuzz_sources_tmpfs := $(fuzz_client) fuzz/machine/mig.c node/posix/abi_errno.c \
	$(filter-out %/server.c %/main.c %/ramdisk.c %/filemap.c,$(sort $(wildcard node/tmpfs/*.c))) $(fuzz_tmpfs_stubs)
fuzz_flags_tmpfs := $(filter-out -D_GNU_SOURCE,$(fuzz_mach_flags)) -Inode/tmpfs -Inode/posix/include -I$(fuzz_mig) \
	-DMIG_EOPNOTSUPP=0x4000002d -Dexit=end_server -include fuzz/machine/waits.h -Dpthread_cond_wait=machine_wait
fuzz_flags_elf := $(fuzz_mach_flags) -Inode/posix/include
fuzz_libraries_link := -lsodium
fuzz_libraries_session := -lsodium
fuzz_libraries_config := -lsodium
fuzz_libraries_handshake := -lsodium
fuzz_libraries_peers := -lsodium


# MIG's servers, for this machine.
$(fuzz_mig)/netmsg_server.c: netmsg/netmsg.defs tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS=-DNETMSG_SERVER tools/mig server netmsg/netmsg.defs $@ $(@:.c=.h)
$(fuzz_mig)/fsys_server.c: node/defs/hurd/fsys.defs node/defs/hurd/hurd_types.defs tools/mig $(B)/deb/.mig-x86-64-gnu \
		$(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS=-DSERVERPREFIX=S_ tools/mig server hurd/fsys.defs $@ $(@:.c=.h)
$(fuzz_tmpfs_stubs): $(fuzz_mig)/%_S.c: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs node/tmpfs/translation.h \
		tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-include node/tmpfs/translation.h" tools/mig server hurd/$*.defs $@ $(@:.c=.h)
$(fuzz_mig)/pflocal/%_S.c: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs node/pflocal/translation.h tools/mig \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-include node/pflocal/translation.h" tools/mig server hurd/$*.defs $@ $(@:.c=.h)
$(fuzz_mig)/pflocal/%_reply.c: node/defs/hurd/%_reply.defs node/defs/hurd/hurd_types.defs tools/mig \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	tools/mig user hurd/$*_reply.defs $@ $(@:.c=.h)
$(fuzz_mig)/posix/msg_server.c $(fuzz_mig)/posix/exc_server.c: $(fuzz_mig)/posix/%_server.c: node/defs/hurd/msg.defs \
		tools/mig node/defs/hurd/hurd_types.defs $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=posix_S_" tools/mig server $(posix_defs_$*) $@ $(@:.c=.h)
$(fuzz_mig)/readonly/fs_server.c: node/defs/hurd/fs.defs node/defs/hurd/hurd_types.defs tools/mig \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server hurd/fs.defs $@ $(@:.c=.h)
$(fuzz_console_stubs): $(fuzz_mig)/console/%_server.c: node/console/io.defs tools/mig $(wildcard node/console/*.defs) \
		node/proc/control.defs node/defs/hurd/interrupt.defs node/defs/hurd/hurd_types.defs \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server $(or $(console_defs_$*),node/console/$*.defs) $@ $(@:.c=.h)
$(fuzz_mig)/proc/control_server.c $(fuzz_mig)/proc/node_io_server.c: $(fuzz_mig)/proc/%_server.c: node/proc/%.defs tools/mig \
		node/defs/hurd/hurd_types.defs $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server $< $@ $(@:.c=.h)
$(fuzz_mig)/proc/%_server.c: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs tools/mig \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_ $(if $(filter exec,$*),-DSERVERCOPY)" tools/mig server hurd/$*.defs $@ $(@:.c=.h)
$(fuzz_mig)/proc/process_reply_user.c: node/defs/hurd/process_reply.defs node/defs/hurd/hurd_types.defs tools/mig \
		$(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	tools/mig user hurd/process_reply.defs $@ $(@:.c=.h)
$(fuzz_mig)/memory_object_server.c: libpager/mig-mutate.h tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	MIGFLAGS="-include libpager/mig-mutate.h -prefix libpager_" tools/mig server mach/memory_object.defs $@ \
		$(@D)/memory_object_S.h
$(fuzz_mig)/memory_object_user.c: tools/mig $(B)/deb/.mig-x86-64-gnu $(B)/deb/.gnumach-dev
	@mkdir -p $(@D)
	tools/mig user mach/memory_object.defs $@ $(@:.c=.h)
fuzz_sources_control := $(FUZZ_CORE) netmsg/filesystem.c netmsg/complaint.c $(fuzz_mig)/netmsg_server.c $(fuzz_mig)/fsys_server.c
fuzz_flags_control := $(fuzz_mach_flags) -Inetmsg -I$(fuzz_mig)

fuzz_headers := $(sort $(wildcard fuzz/*.h fuzz/machine/*.h core/*/*.h sim/*/*.h netmsg/*.h node/tmpfs/*.h testbed/*.h fuzz/include/*.h fuzz/include/*/*.h node/init/*.h node/proc/*.h mach/*.h libpager/*.h node/inet/*.h node/inet/*/*.h node/pflocal/*.h node/console/*.h node/posix/*.h))

# What targets include whole.
fuzz_headers += $(patsubst %,node/%.c,tmpfs/server inet/main pflocal/main console/main proc/proc proc/exec proc/image_cache posix/signal_thread posix/poll)

.SECONDEXPANSION:
$(B)/host/fuzz/%: fuzz/fuzz_%.c $$(fuzz_sources_$$*) $(fuzz_headers) fuzz/part.mk
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) $(fuzz_flags_$*) -o $@ $< $(fuzz_sources_$*) $(fuzz_libraries_$*)

.PHONY: fuzzers
fuzzers: $(FUZZ_TARGETS:%=$(B)/host/fuzz/%)

$(B)/host/bin/fuzz: fuzz/run $(FUZZ_TARGETS:%=$(B)/host/fuzz/%)
	@mkdir -p $(@D)
	cp fuzz/run $@

# In the tests: every corpus once, and a few seconds of new input each; all together they have to stay
# below the limit of one host test (testbed/test.sh) on a slow machine too.
$(B)/host/tests/fuzz: fuzz/run $(B)/host/bin/fuzz
	@mkdir -p $(@D)
	printf '#!/bin/sh\ncd "$$(dirname "$$0")/../../.." && exec $(B)/host/bin/fuzz --tap --seconds 8\n' >$@
	chmod +x $@

host-tests: $(B)/host/tests/fuzz
