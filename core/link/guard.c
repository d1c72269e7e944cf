/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/guard.h"

#include <sodium.h>
#include <string.h>

#include "core/link/cipher.h"

#define TOKEN UINT64_C (1000000)

static const uint8_t no_mac[PACKET_MAC_BYTES];

bool
bucket_take (struct bucket *b, uint64_t now, uint32_t per_second, uint32_t burst)
{
  uint64_t most = burst * TOKEN, passed = now - b->time;
  b->time = now;
  /* A second fills any bucket that matters; no overflow in the product.  */
  if (passed > 1000 * TOKEN)
    passed = 1000 * TOKEN;
  b->tokens += passed * per_second;
  if (b->tokens > most)
    b->tokens = most;
  if (b->tokens < TOKEN)
    return false;
  b->tokens -= TOKEN;
  return true;
}

void
guard_mac (uint8_t out[PACKET_MAC_BYTES], const uint8_t key[GUARD_KEY_BYTES],
	   const void *data, size_t bytes)
{
  crypto_generichash_blake2b (out, PACKET_MAC_BYTES, data, bytes, key, GUARD_KEY_BYTES);
}

bool
guard_mac_good (const uint8_t mac[PACKET_MAC_BYTES], const uint8_t key[GUARD_KEY_BYTES],
		const void *data, size_t bytes)
{
  uint8_t right[PACKET_MAC_BYTES];
  guard_mac (right, key, data, bytes);
  return sodium_memcmp (mac, right, sizeof right) == 0;
}

static void
derive (uint8_t out[GUARD_KEY_BYTES], const char *label, const uint8_t public[LINK_KEY_BYTES])
{
  crypto_generichash_blake2b_state state;
  crypto_generichash_blake2b_init (&state, NULL, 0, GUARD_KEY_BYTES);
  crypto_generichash_blake2b_update (&state, (const uint8_t *) label, strlen (label));
  crypto_generichash_blake2b_update (&state, public, LINK_KEY_BYTES);
  crypto_generichash_blake2b_final (&state, out, GUARD_KEY_BYTES);
}

void
guard_keys (const uint8_t public[LINK_KEY_BYTES], uint8_t mac1_key[GUARD_KEY_BYTES],
	    uint8_t cookie_key[GUARD_KEY_BYTES])
{
  derive (mac1_key, LINK_PROLOGUE " mac1", public);
  derive (cookie_key, LINK_PROLOGUE " cookie", public);
}

void
guard_init (struct guard *g, const uint8_t public[LINK_KEY_BYTES],
	    const struct link_config *config, uint64_t now)
{
  memset (g, 0, sizeof *g);
  guard_keys (public, g->mac1_key, g->cookie_key);
  config->random (config->random_ctx, g->secret, sizeof g->secret);
  g->secret_time = now;
  g->all.tokens = g->most.tokens = g->replies.tokens = UINT32_MAX * TOKEN;
  for (unsigned i = 0; i < LINK_ADDRESS_BUCKETS; i++)
    g->address[i].tokens = UINT32_MAX * TOKEN;
}

/* --- Cookies ------------------------------------------------------------ */

/* A cookie lives one to two periods of the secret.  */
static void
renew_secret (struct guard *g, const struct link_config *config, uint64_t now)
{
  if (now - g->secret_time < LINK_COOKIE_SECRET_US)
    return;
  memcpy (g->secret[1], g->secret[0], GUARD_KEY_BYTES);
  config->random (config->random_ctx, g->secret[0], GUARD_KEY_BYTES);
  g->secret_time = now;
}

static void
cookie_for (uint8_t cookie[GUARD_COOKIE_BYTES], const uint8_t secret[GUARD_KEY_BYTES],
	    const struct link_address *from)
{
  guard_mac (cookie, secret, from->data, from->bytes);
}

static bool
cookie_proves (const struct guard *g, const struct link_address *from,
	       const uint8_t *initiation)
{
  const uint8_t *mac2 = initiation + INITIATION_MAC2;
  uint8_t key[GUARD_KEY_BYTES] = { 0 };
  if (memcmp (mac2, no_mac, sizeof no_mac) == 0)
    return false;
  for (unsigned i = 0; i < 2; i++)
    {
      cookie_for (key, g->secret[i], from);
      if (guard_mac_good (mac2, key, initiation, INITIATION_MAC2))
	return true;
    }
  return false;
}

static struct bucket *
address_bucket (struct guard *g, const struct link_address *from)
{
  uint8_t hash[PACKET_MAC_BYTES];
  guard_mac (hash, g->secret[0], from->data, from->bytes);
  return &g->address[hash[0] % LINK_ADDRESS_BUCKETS];
}

enum guard_verdict
guard_admit (struct guard *g, const struct link_config *config, uint64_t now,
	     const struct link_address *from, const uint8_t initiation[INITIATION_BYTES])
{
  uint32_t rate = config->handshakes_per_second;
  renew_secret (g, config, now);
  if (bucket_take (&g->all, now, rate, rate))
    return GUARD_WORK;
  if (!cookie_proves (g, from, initiation))
    return bucket_take (&g->replies, now, LINK_COOKIES_PER_SECOND, LINK_COOKIES_PER_SECOND)
      ? GUARD_COOKIE : GUARD_DROP;
  if (!bucket_take (address_bucket (g, from), now, LINK_ADDRESS_PER_SECOND,
		    LINK_ADDRESS_PER_SECOND))
    return GUARD_DROP;
  return bucket_take (&g->most, now, rate * LINK_LOAD_FACTOR, rate * LINK_LOAD_FACTOR)
    ? GUARD_WORK : GUARD_DROP;
}

/* The key that seals one cookie reply.  */
static void
reply_key (uint8_t out[GUARD_KEY_BYTES], const uint8_t cookie_key[GUARD_KEY_BYTES],
	   const uint8_t *nonce)
{
  crypto_generichash_blake2b (out, GUARD_KEY_BYTES, nonce, COOKIE_SEALED - COOKIE_NONCE,
			      cookie_key, GUARD_KEY_BYTES);
}

void
guard_reply (struct guard *g, const struct link_config *config,
	     const struct link_address *from, const uint8_t initiation[INITIATION_BYTES],
	     uint8_t out[COOKIE_BYTES])
{
  uint8_t key[GUARD_KEY_BYTES];
  packet_head (out, PACKET_COOKIE);
  memcpy (out + COOKIE_RECEIVER, initiation + INITIATION_SENDER, 4);
  config->random (config->random_ctx, out + COOKIE_NONCE, COOKIE_SEALED - COOKIE_NONCE);
  reply_key (key, g->cookie_key, out + COOKIE_NONCE);
  cookie_for (out + COOKIE_SEALED, g->secret[0], from);
  link_seal (out + COOKIE_SEALED, GUARD_COOKIE_BYTES, out + COOKIE_SEALED + GUARD_COOKIE_BYTES,
	     initiation + INITIATION_MAC1, PACKET_MAC_BYTES, 0, key);
}

bool
guard_open_reply (const uint8_t cookie_key[GUARD_KEY_BYTES],
		  const uint8_t mac1[PACKET_MAC_BYTES],
		  const uint8_t reply[COOKIE_BYTES], uint8_t cookie[GUARD_COOKIE_BYTES])
{
  uint8_t key[GUARD_KEY_BYTES];
  reply_key (key, cookie_key, reply + COOKIE_NONCE);
  memcpy (cookie, reply + COOKIE_SEALED, GUARD_COOKIE_BYTES);
  return link_open (cookie, GUARD_COOKIE_BYTES, reply + COOKIE_SEALED + GUARD_COOKIE_BYTES,
		    mac1, PACKET_MAC_BYTES, 0, key);
}
