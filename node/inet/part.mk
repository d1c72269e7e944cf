# SPDX-License-Identifier: GPL-2.0-or-later
# inet: network driver, lwIP, socket server -> build/node/inet/inet

inet_lwip := $(B)/src/lwip/src
inet_lwip_names := core/def core/inet_chksum core/init core/ip core/mem core/memp core/netif core/pbuf core/raw \
	core/stats core/sys core/tcp core/tcp_in core/tcp_out core/timeouts core/udp \
	core/ipv4/etharp core/ipv4/icmp core/ipv4/ip4 core/ipv4/ip4_addr core/ipv4/ip4_frag netif/ethernet
inet_lwip_objects := $(inet_lwip_names:%=$(B)/node/inet/lwip/%.o)
inet_objects := $(patsubst node/inet/%.c,$(B)/node/inet/%.o,$(wildcard node/inet/*.c node/inet/lwip/*.c))
inet_headers := $(wildcard node/inet/*.h node/inet/lwip/*.h node/inet/lwip/arch/*.h node/posix/include/hurd_abi.h)
inet_flags := -std=gnu11 -O2 -fno-strict-aliasing -ffunction-sections -fdata-sections \
	-Inode/inet -Inode/inet/lwip -I$(inet_lwip)/include -Inode/posix/include

# lwIP is built as it comes; only our own options differ.
$(inet_lwip_objects): $(B)/node/inet/lwip/%.o: $(B)/src/.lwip $(inet_headers) $(B)/node/sysroot/lib/libc.a node/inet/part.mk
	@mkdir -p $(@D)
	$(B)/node/cc $(inet_flags) -w -c -o $@ $(inet_lwip)/$*.c

$(inet_objects): $(B)/node/inet/%.o: node/inet/%.c $(B)/src/.lwip $(inet_headers) $(B)/node/sysroot/lib/libc.a node/inet/part.mk
	@mkdir -p $(@D)
	$(B)/node/cc $(inet_flags) $(WARN) -Inode/inet/lwip -c -o $@ $<

$(B)/node/inet/inet: $(inet_objects) $(inet_lwip_objects) $(B)/node/sysroot/lib/libc.a
	$(B)/node/cc -o $@ $(inet_objects) $(inet_lwip_objects)

node: $(B)/node/inet/inet
