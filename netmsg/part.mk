# SPDX-License-Identifier: GPL-2.0-or-later
# netmsg for the host: makes and checks keys.  The node's netmsg is in netmsg/node.mk.

NETMSG_CONFIG_SOURCES := netmsg/complaint.c netmsg/keys.c netmsg/peers.c netmsg/options.c
NETMSG_CONFIG_HEADERS := $(wildcard netmsg/*.h)

$(B)/host/netmsg: netmsg/main.c $(NETMSG_CONFIG_SOURCES) $(NETMSG_CONFIG_HEADERS) netmsg/part.mk
	mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g $(WARN) -DNETMSG_KEYS_ONLY -o $@ $(filter %.c,$^) -lsodium

.PHONY: host-tests
host-tests: $(B)/host/tests/netmsg_config

$(B)/host/tests/netmsg_config: tests/netmsg/config.c $(NETMSG_CONFIG_SOURCES) $(NETMSG_CONFIG_HEADERS) netmsg/part.mk
	mkdir -p $(@D)
	$(CC) -std=gnu11 -O1 -g -fsanitize=address,undefined $(WARN) -Inetmsg -o $@ $(filter %.c,$^) -lcmocka -lsodium
