/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Address ports.  One address has one port for as long as anybody holds it,
   so that a client may remember which address a port stands for (and the other
   way round) and spend one RPC per datagram. */
#ifndef INET_ADDRESS_H
#define INET_ADDRESS_H

#include <stdint.h>
#include <stdbool.h>
#include "object.h"

enum {
	addresses_kept = 1024,		/* beyond this, those that nobody holds are dropped */
	addresses_max = 16384,
	address_own_references_max = 512,	/* send rights of our own, given back in one call */
};

struct address {
	struct object object;
	uint32_t ip;			/* network byte order */
	uint16_t port;			/* network byte order */
	uint32_t own_references;
	struct address *next_in_bucket;
};

/* Network byte order.  NULL when too many addresses are in use. */
struct address *address_of(uint32_t ip, uint16_t port);
/* A request brought us a send right to an address port of ours: account for
   it instead of giving it back at once. */
void address_arrived(struct address *address);
/* Drops the addresses that nobody holds; returns how many are left. */
unsigned addresses_sweep(void);

#endif
