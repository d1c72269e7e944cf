/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fabric: which port an Ethernet address was last seen on.  Pure and of fixed
 * size: an address that was pushed out is flooded again until it is next seen.
 */
#ifndef DROVE_TESTBED_FABRIC_H
#define DROVE_TESTBED_FABRIC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	FABRIC_ADDRESSES = 256,
	ETHERNET_ADDRESS_BYTES = 6,
	ETHERNET_HEADER_BYTES = 14,
	FABRIC_FLOOD = -1,
};

struct fabric {
	struct {
		unsigned char address[ETHERNET_ADDRESS_BYTES];
		bool used;
		unsigned char port;
	} slot[FABRIC_ADDRESSES];
};

/* Remember the sender of FRAME (at least a header long), which came in by PORT. */
void fabric_learn(struct fabric *f, const unsigned char *frame, unsigned port);

/* The port where FRAME's receiver is, or FABRIC_FLOOD. */
int fabric_find(const struct fabric *f, const unsigned char *frame);

/* Forget what was seen on PORT (its node went away). */
void fabric_forget(struct fabric *f, unsigned port);

#endif
