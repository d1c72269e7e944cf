/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch's address table; see fabric.h. */
#include "fabric.h"

#include <string.h>

static bool is_group(const unsigned char *address)
{
	return address[0] & 1;
}

/* Every address has one slot that it can be in; a clash only costs flooding. */
static unsigned slot_of(const unsigned char *address)
{
	unsigned h = 0;
	for (unsigned i = 0; i < ETHERNET_ADDRESS_BYTES; i++)
		h = h * 31 + address[i];
	return h % FABRIC_ADDRESSES;
}

void fabric_learn(struct fabric *f, const unsigned char *frame, unsigned port)
{
	const unsigned char *sender = frame + ETHERNET_ADDRESS_BYTES;
	if (is_group(sender))
		return;
	unsigned i = slot_of(sender);
	memcpy(f->slot[i].address, sender, ETHERNET_ADDRESS_BYTES);
	f->slot[i].used = true;
	f->slot[i].port = port;
}

int fabric_find(const struct fabric *f, const unsigned char *frame)
{
	if (is_group(frame))
		return FABRIC_FLOOD;
	unsigned i = slot_of(frame);
	if (!f->slot[i].used || memcmp(f->slot[i].address, frame, ETHERNET_ADDRESS_BYTES) != 0)
		return FABRIC_FLOOD;
	return f->slot[i].port;
}

void fabric_forget(struct fabric *f, unsigned port)
{
	for (unsigned i = 0; i < FABRIC_ADDRESSES; i++)
		if (f->slot[i].port == port)
			f->slot[i].used = false;
}
