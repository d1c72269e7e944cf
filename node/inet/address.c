/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "address.h"
#include <stdlib.h>

enum { bucket_count = 256 };

static struct {
	struct address *buckets[bucket_count];
	unsigned count;
	unsigned sweep_at;		/* number of addresses at which to look for unused ones */
} cache = { .sweep_at = addresses_kept };

static struct address **bucket_of(uint32_t ip, uint16_t port)
{
	uint32_t mixed = (ip ^ (uint32_t)port << 16 ^ port) * 2654435761u;
	return &cache.buckets[mixed >> 24];
}

static void drop_own_references(struct address *address)
{
	if (address->own_references)
		mach_port_mod_refs(mach_task_self(), address->object.port, MACH_PORT_RIGHT_SEND, -(int)address->own_references);
	address->own_references = 0;
}

/* Asked of the kernel: a no-senders notification for each address would cost a
   message per datagram with clients that keep nothing. */
static bool held_by_somebody(struct address *address)
{
	drop_own_references(address);
	mach_port_status_t status;
	if (mach_port_get_receive_status(mach_task_self(), address->object.port, &status))
		return true;
	return status.mps_srights || status.mps_msgcount;
}

unsigned addresses_sweep(void)
{
	for (unsigned i = 0; i < bucket_count; i++)
		for (struct address **link = &cache.buckets[i], *address; (address = *link); ) {
			if (held_by_somebody(address)) {
				link = &address->next_in_bucket;
				continue;
			}
			*link = address->next_in_bucket;
			object_close(&address->object);
			free(address);
			cache.count--;
		}
	cache.sweep_at = 2 * cache.count > addresses_kept ? 2 * cache.count : addresses_kept;
	return cache.count;
}

struct address *address_of(uint32_t ip, uint16_t port)
{
	struct address **bucket = bucket_of(ip, port);
	for (struct address *address = *bucket; address; address = address->next_in_bucket)
		if (address->ip == ip && address->port == port)
			return address;
	if (cache.count >= cache.sweep_at)
		addresses_sweep();
	struct address *address = cache.count < addresses_max ? calloc(1, sizeof *address) : NULL;
	if (!address)
		return NULL;
	if (object_open(&address->object, object_address)) {
		free(address);
		return NULL;
	}
	bucket = bucket_of(ip, port);
	address->ip = ip;
	address->port = port;
	address->next_in_bucket = *bucket;
	*bucket = address;
	cache.count++;
	return address;
}

void address_arrived(struct address *address)
{
	if (++address->own_references >= address_own_references_max)
		drop_own_references(address);
}
