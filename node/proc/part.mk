# SPDX-License-Identifier: GPL-2.0-or-later
# The process and exec servers, and libstart.a: loading and starting a program
# without them, for the first task.

proc_build := $(B)/node/proc
proc_server_objects := proc process wait post identity life groups
exec_server_objects := exec image image_cache
start_objects := elf_load elf_source new_task startup_table startup_serve

proc_stub_flags_process := -DSERVERPREFIX=S_
proc_stub_flags_exec := -DSERVERPREFIX=S_ -DSERVERCOPY
proc_stub_flags_exec_startup := -DSERVERPREFIX=S_
proc_stub_flags_interrupt := -DSERVERPREFIX=S_
proc_servers := process exec exec_startup interrupt
proc_own_servers := control node_io
proc_stub_headers := $(proc_own_servers:%=$(proc_build)/%_server.h) $(proc_servers:%=$(proc_build)/%_server.h) $(proc_build)/process_reply_user.h

$(proc_servers:%=$(proc_build)/%_server.c): $(proc_build)/%_server.c: node/defs/hurd/%.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	MIGFLAGS="$(proc_stub_flags_$*)" tools/mig server hurd/$*.defs $@ $(@:.c=.h)
$(proc_own_servers:%=$(proc_build)/%_server.c): $(proc_build)/%_server.c: node/proc/%.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	MIGFLAGS="-DSERVERPREFIX=S_" tools/mig server node/proc/$*.defs $@ $(@:.c=.h)
$(proc_servers:%=$(proc_build)/%_server.h) $(proc_own_servers:%=$(proc_build)/%_server.h): $(proc_build)/%.h: $(proc_build)/%.c

$(proc_build)/process_reply_user.c: node/defs/hurd/process_reply.defs node/defs/hurd/hurd_types.defs $(mig_ready)
	@mkdir -p $(@D)
	tools/mig user hurd/process_reply.defs $@ $(@:.c=.h)
$(proc_build)/process_reply_user.h: $(proc_build)/process_reply_user.c

proc_cc = $(NODE_CC) -std=gnu11 -O2 -ffunction-sections -Inode/proc -Inode/posix/include -I$(proc_build)

$(proc_build)/%.o: node/proc/%.c $(wildcard node/proc/*.h node/posix/include/*.h) $(proc_stub_headers) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(proc_cc) $(WARN) -c -o $@ $<

$(proc_build)/%_server.o: $(proc_build)/%_server.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(proc_cc) -w -c -o $@ $<
$(proc_build)/%_user.o: $(proc_build)/%_user.c $$(NODE_HEADERS) $$(NODE_HURD_HEADERS)
	$(proc_cc) -w -c -o $@ $<

# Linked by init as well: node/proc/new_task.h.
NODE_START_LIB := $(proc_build)/libstart.a
$(NODE_START_LIB): $(start_objects:%=$(proc_build)/%.o) $(proc_build)/exec_startup_server.o
	rm -f $@
	ar rcs $@ $^

$(B)/node/root/hurd/proc: $(proc_server_objects:%=$(proc_build)/%.o) $(proc_build)/process_server.o $(proc_build)/interrupt_server.o $(proc_build)/process_reply_user.o $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o,$^)

$(B)/node/root/hurd/exec: $(exec_server_objects:%=$(proc_build)/%.o) $(proc_build)/exec_server.o $(proc_own_servers:%=$(proc_build)/%_server.o) $(NODE_START_LIB) $$(NODE_LIBC)
	@mkdir -p $(@D)
	$(NODE_CC) -o $@ $(filter %.o %.a,$^)

node: $(B)/node/root/hurd/proc $(B)/node/root/hurd/exec
