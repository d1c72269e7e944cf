/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands before the costly part of a handshake: a keyed hash that only
   somebody who knows our public key can make (mac1), rates, and, when those are
   used up, cookies that prove that the sender receives what we send to its
   address (mac2).  */
#ifndef DR_LINK_GUARD_H
#define DR_LINK_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/link/link.h"
#include "core/link/packet.h"

#define GUARD_KEY_BYTES 32u
#define GUARD_COOKIE_BYTES 16u
static_assert (GUARD_COOKIE_BYTES == PACKET_MAC_BYTES, "a cookie is a mac's size");

/* A rate with a burst: tokens in millionths.  */
struct bucket
{
  uint64_t time, tokens;
};
bool bucket_take (struct bucket *b, uint64_t now, uint32_t per_second, uint32_t burst);

struct guard
{
  uint8_t mac1_key[GUARD_KEY_BYTES];	/* of our own public key */
  uint8_t cookie_key[GUARD_KEY_BYTES];
  uint8_t secret[2][GUARD_KEY_BYTES];	/* newer first: cookies are made of these */
  uint64_t secret_time;
  struct bucket all;			/* without cookies */
  struct bucket most;			/* with them */
  struct bucket replies;
  struct bucket address[LINK_ADDRESS_BUCKETS];
};

void guard_mac (uint8_t out[PACKET_MAC_BYTES], const uint8_t key[GUARD_KEY_BYTES],
		const void *data, size_t bytes);
bool guard_mac_good (const uint8_t mac[PACKET_MAC_BYTES], const uint8_t key[GUARD_KEY_BYTES],
		     const void *data, size_t bytes);

/* The keys for talking to the owner of PUBLIC.  */
void guard_keys (const uint8_t public[LINK_KEY_BYTES], uint8_t mac1_key[GUARD_KEY_BYTES],
		 uint8_t cookie_key[GUARD_KEY_BYTES]);

void guard_init (struct guard *g, const uint8_t public[LINK_KEY_BYTES],
		 const struct link_config *config, uint64_t now);

enum guard_verdict { GUARD_WORK, GUARD_COOKIE, GUARD_DROP };

/* An initiation with a good mac1 came from FROM: may it cost us a key
   exchange, should it be answered with a cookie, or be forgotten?  */
enum guard_verdict guard_admit (struct guard *g, const struct link_config *config,
				uint64_t now, const struct link_address *from,
				const uint8_t initiation[INITIATION_BYTES]);

/* The cookie reply to that initiation.  */
void guard_reply (struct guard *g, const struct link_config *config,
		  const struct link_address *from,
		  const uint8_t initiation[INITIATION_BYTES], uint8_t out[COOKIE_BYTES]);

/* The other end: the cookie in a reply to our initiation, which had MAC1.  */
bool guard_open_reply (const uint8_t cookie_key[GUARD_KEY_BYTES],
		       const uint8_t mac1[PACKET_MAC_BYTES],
		       const uint8_t reply[COOKIE_BYTES], uint8_t cookie[GUARD_COOKIE_BYTES]);

#endif
