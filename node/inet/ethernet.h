/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The network card as one of lwIP's interfaces. */
#ifndef INET_ETHERNET_H
#define INET_ETHERNET_H

#include <lwip/ip4_addr.h>
#include "virtio_net.h"

struct ethernet;

enum {
	/* Below this many spare card buffers a frame is copied, so that data
	   waiting in sockets cannot starve reception. */
	ethernet_copy_below_buffers = 256,
	ethernet_frames_per_poll = 64,
};

/* Takes over NIC for good.  NULL when memory is short. */
struct ethernet *ethernet_open(struct nic *nic, const ip4_addr_t *address, const ip4_addr_t *netmask, const ip4_addr_t *gateway);

/* Feeds what has arrived to lwIP, which may call back into the sockets;
   false when there was nothing. */
bool ethernet_poll(struct ethernet *ethernet);

#endif
