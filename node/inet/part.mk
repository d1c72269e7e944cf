# SPDX-License-Identifier: GPL-2.0-or-later
# inet: network driver, lwIP, socket server -> /hurd/inet and /tests/inet-loopback on the node

inet_lwip := $(B)/src/lwip/src
inet_lwip_names := core/def core/inet_chksum core/init core/ip core/mem core/memp core/netif core/pbuf core/raw \
	core/stats core/sys core/tcp core/tcp_in core/tcp_out core/timeouts core/udp \
	core/ipv4/etharp core/ipv4/icmp core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag netif/ethernet
inet_lwip_objects := $(inet_lwip_names:%=$(B)/node/inet/lwip/%.o)
inet_objects := $(patsubst node/inet/%.c,$(B)/node/inet/%.o,$(wildcard node/inet/*.c node/inet/lwip/*.c))
inet_headers := $(wildcard node/inet/*.h node/inet/lwip/*.h node/inet/lwip/arch/*.h node/posix/include/hurd_abi.h)
inet_flags := -std=gnu11 -O2 -mgeneral-regs-only -fno-strict-aliasing -ffunction-sections -fdata-sections \
	-Inode/inet -Inode/inet/lwip -I$(inet_lwip)/include -Inode/posix/include

# Its sources come together.
$(inet_lwip_names:%=$(inet_lwip)/%.c): $(B)/src/.lwip ;

# lwIP is built as it comes; only our own options differ.
.SECONDEXPANSION:
$(inet_lwip_objects): $(B)/node/inet/lwip/%.o: $(B)/src/.lwip $(inet_headers) $$(NODE_HEADERS) node/inet/part.mk
	@mkdir -p $(@D)
	$(B)/node/cc $(inet_flags) -w -c -o $@ $(inet_lwip)/$*.c

$(inet_objects): $(B)/node/inet/%.o: node/inet/%.c $(B)/src/.lwip $(inet_headers) $$(NODE_HEADERS) $$(NODE_HURD_HEADERS) node/inet/part.mk
	@mkdir -p $(@D)
	$(B)/node/cc $(inet_flags) $(WARN) -c -o $@ $<

$(B)/node/root/hurd/inet: $(inet_objects) $(inet_lwip_objects) $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -o $@ $(inet_objects) $(inet_lwip_objects)

$(B)/node/root/tests/inet-loopback: node/inet/tests/inet-loopback.c $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 $(WARN) -o $@ $<

node_root_files += $(B)/node/root/hurd/inet $(B)/node/root/tests/inet-loopback

# ---- on the build machine: what needs no Mach, with the same lwIP
inet_host_flags := -std=gnu11 -O2 $(SAN) -fno-strict-aliasing -Inode/inet -Inode/inet/lwip -I$(inet_lwip)/include
inet_host_lwip := $(inet_lwip_names:%=$(B)/host/inet/lwip/%.o)

$(inet_host_lwip): $(B)/host/inet/lwip/%.o: $(B)/src/.lwip $(inet_headers) node/inet/part.mk
	@mkdir -p $(@D)
	$(CC) $(inet_host_flags) -w -c -o $@ $(inet_lwip)/$*.c

inet_host_sources := $(addprefix node/inet/,tests/test-inet.c configure.c packet_queue.c lwip/port.c)
$(B)/host/tests/test-inet: $(inet_host_sources) $(inet_host_lwip) $(inet_headers) node/inet/part.mk
	@mkdir -p $(@D)
	$(CC) $(inet_host_flags) $(WARN) -o $@ $(inet_host_sources) $(inet_host_lwip) -lcmocka

# The same expectations, of this machine's own sockets.
$(B)/host/tests/inet-loopback: node/inet/tests/inet-loopback.c node/inet/part.mk
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 $(TSAN) $(WARN) -o $@ $< -lpthread

host-tests: $(B)/host/tests/test-inet $(B)/host/tests/inet-loopback
