/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/noise.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "core/link/cipher.h"

#define BLAKE2B_BLOCK_BYTES 128u

static_assert (crypto_scalarmult_BYTES == NOISE_KEY_BYTES, "Curve25519");
static_assert (crypto_scalarmult_SCALARBYTES == NOISE_KEY_BYTES, "Curve25519");
static_assert (crypto_generichash_blake2b_BYTES_MAX == NOISE_HASH_BYTES, "BLAKE2b-512");

static const char protocol[] = "Noise_IK_25519_ChaChaPoly_BLAKE2b";
static_assert (sizeof protocol - 1 <= NOISE_HASH_BYTES, "the name is padded, not hashed");

/* HMAC over BLAKE2b as RFC 2104 has it (not BLAKE2's own keyed mode): Noise
   demands it.  The key has NOISE_HASH_BYTES, the data comes in two parts.  */
static void
hmac (uint8_t out[NOISE_HASH_BYTES], const uint8_t key[NOISE_HASH_BYTES],
      const uint8_t *a, size_t a_bytes, const uint8_t *b, size_t b_bytes)
{
  crypto_generichash_blake2b_state state;
  uint8_t pad[BLAKE2B_BLOCK_BYTES], inner[NOISE_HASH_BYTES];

  memset (pad, 0x36, sizeof pad);
  for (unsigned i = 0; i < NOISE_HASH_BYTES; i++)
    pad[i] ^= key[i];
  crypto_generichash_blake2b_init (&state, NULL, 0, sizeof inner);
  crypto_generichash_blake2b_update (&state, pad, sizeof pad);
  crypto_generichash_blake2b_update (&state, a, a_bytes);
  crypto_generichash_blake2b_update (&state, b, b_bytes);
  crypto_generichash_blake2b_final (&state, inner, sizeof inner);

  for (unsigned i = 0; i < sizeof pad; i++)
    pad[i] ^= 0x36 ^ 0x5c;
  crypto_generichash_blake2b_init (&state, NULL, 0, NOISE_HASH_BYTES);
  crypto_generichash_blake2b_update (&state, pad, sizeof pad);
  crypto_generichash_blake2b_update (&state, inner, sizeof inner);
  crypto_generichash_blake2b_final (&state, out, NOISE_HASH_BYTES);
  sodium_memzero (&state, sizeof state);
  sodium_memzero (pad, sizeof pad);
  sodium_memzero (inner, sizeof inner);
}

static void
hkdf (const uint8_t chain[NOISE_HASH_BYTES], const uint8_t *input, size_t bytes,
      uint8_t first[NOISE_HASH_BYTES], uint8_t second[NOISE_HASH_BYTES])
{
  uint8_t temporary[NOISE_HASH_BYTES];
  const uint8_t one = 1, two = 2;

  hmac (temporary, chain, input, bytes, NULL, 0);
  hmac (first, temporary, &one, 1, NULL, 0);
  hmac (second, temporary, first, NOISE_HASH_BYTES, &two, 1);
  sodium_memzero (temporary, sizeof temporary);
}

static void
mix_hash (struct noise *n, const void *data, size_t bytes)
{
  crypto_generichash_blake2b_state state;
  crypto_generichash_blake2b_init (&state, NULL, 0, NOISE_HASH_BYTES);
  crypto_generichash_blake2b_update (&state, n->hash, NOISE_HASH_BYTES);
  crypto_generichash_blake2b_update (&state, data, bytes);
  crypto_generichash_blake2b_final (&state, n->hash, NOISE_HASH_BYTES);
}

static void
mix_key (struct noise *n, const uint8_t shared[NOISE_KEY_BYTES])
{
  uint8_t first[NOISE_HASH_BYTES], second[NOISE_HASH_BYTES];
  hkdf (n->chain, shared, NOISE_KEY_BYTES, first, second);
  memcpy (n->chain, first, NOISE_HASH_BYTES);
  memcpy (n->key, second, NOISE_KEY_BYTES);
  sodium_memzero (first, sizeof first);
  sodium_memzero (second, sizeof second);
}

static bool
mix_dh (struct noise *n, const uint8_t secret[NOISE_KEY_BYTES],
	const uint8_t public[NOISE_KEY_BYTES])
{
  uint8_t shared[NOISE_KEY_BYTES];
  bool good = noise_shared (shared, secret, public);
  if (good)
    mix_key (n, shared);
  sodium_memzero (shared, sizeof shared);
  return good;
}

/* Every key of this handshake seals exactly once, so the nonce is always 0.  */
static void
seal_and_hash (struct noise *n, const uint8_t *plain, size_t bytes, uint8_t *out)
{
  if (bytes)
    memmove (out, plain, bytes);
  link_seal (out, bytes, out + bytes, n->hash, NOISE_HASH_BYTES, 0, n->key);
  mix_hash (n, out, bytes + NOISE_TAG_BYTES);
}

static bool
open_and_hash (struct noise *n, const uint8_t *in, uint8_t *plain, size_t bytes)
{
  uint8_t before[NOISE_HASH_BYTES];
  memcpy (before, n->hash, sizeof before);
  mix_hash (n, in, bytes + NOISE_TAG_BYTES);
  memcpy (plain, in, bytes);
  return link_open (plain, bytes, in + bytes, before, sizeof before, 0, n->key);
}

void
noise_public (const uint8_t secret[NOISE_KEY_BYTES], uint8_t public[NOISE_KEY_BYTES])
{
  crypto_scalarmult_base (public, secret);
}

bool
noise_shared (uint8_t out[NOISE_KEY_BYTES], const uint8_t secret[NOISE_KEY_BYTES],
	      const uint8_t public[NOISE_KEY_BYTES])
{
  return crypto_scalarmult (out, secret, public) == 0;
}

void
noise_begin (struct noise *n, const void *prologue, size_t prologue_bytes,
	     const uint8_t responder[NOISE_KEY_BYTES])
{
  memset (n, 0, sizeof *n);
  memcpy (n->hash, protocol, sizeof protocol - 1);
  memcpy (n->chain, n->hash, NOISE_HASH_BYTES);
  mix_hash (n, prologue, prologue_bytes);
  mix_hash (n, responder, NOISE_KEY_BYTES);
}

bool
noise_write_first (struct noise *n, const uint8_t own_public[NOISE_KEY_BYTES],
		   const uint8_t responder[NOISE_KEY_BYTES],
		   const uint8_t static_shared[NOISE_KEY_BYTES],
		   const uint8_t ephemeral[NOISE_KEY_BYTES],
		   const uint8_t *payload, size_t bytes, uint8_t *out)
{
  memcpy (n->ephemeral, ephemeral, NOISE_KEY_BYTES);
  noise_public (ephemeral, out);
  mix_hash (n, out, NOISE_KEY_BYTES);
  if (!mix_dh (n, ephemeral, responder))
    return false;
  seal_and_hash (n, own_public, NOISE_KEY_BYTES, out + NOISE_KEY_BYTES);
  mix_key (n, static_shared);
  seal_and_hash (n, payload, bytes, out + 2 * NOISE_KEY_BYTES + NOISE_TAG_BYTES);
  return true;
}

bool
noise_read_first_static (struct noise *n, const uint8_t own_secret[NOISE_KEY_BYTES],
			 const uint8_t *in, uint8_t initiator[NOISE_KEY_BYTES])
{
  memcpy (n->remote_ephemeral, in, NOISE_KEY_BYTES);
  mix_hash (n, in, NOISE_KEY_BYTES);
  return mix_dh (n, own_secret, n->remote_ephemeral)
    && open_and_hash (n, in + NOISE_KEY_BYTES, initiator, NOISE_KEY_BYTES);
}

bool
noise_read_first_payload (struct noise *n, const uint8_t static_shared[NOISE_KEY_BYTES],
			  const uint8_t *in, uint8_t *payload, size_t bytes)
{
  mix_key (n, static_shared);
  return open_and_hash (n, in + 2 * NOISE_KEY_BYTES + NOISE_TAG_BYTES, payload, bytes);
}

bool
noise_write_second (struct noise *n, const uint8_t initiator[NOISE_KEY_BYTES],
		    const uint8_t ephemeral[NOISE_KEY_BYTES],
		    const uint8_t *payload, size_t bytes, uint8_t *out)
{
  memcpy (n->ephemeral, ephemeral, NOISE_KEY_BYTES);
  noise_public (ephemeral, out);
  mix_hash (n, out, NOISE_KEY_BYTES);
  if (!mix_dh (n, ephemeral, n->remote_ephemeral) || !mix_dh (n, ephemeral, initiator))
    return false;
  seal_and_hash (n, payload, bytes, out + NOISE_KEY_BYTES);
  return true;
}

bool
noise_read_second (struct noise *n, const uint8_t own_secret[NOISE_KEY_BYTES],
		   const uint8_t *in, uint8_t *payload, size_t bytes)
{
  memcpy (n->remote_ephemeral, in, NOISE_KEY_BYTES);
  mix_hash (n, in, NOISE_KEY_BYTES);
  return mix_dh (n, n->ephemeral, n->remote_ephemeral)
    && mix_dh (n, own_secret, n->remote_ephemeral)
    && open_and_hash (n, in + NOISE_KEY_BYTES, payload, bytes);
}

void
noise_split (const struct noise *n, uint8_t from_initiator[NOISE_KEY_BYTES],
	     uint8_t from_responder[NOISE_KEY_BYTES])
{
  uint8_t first[NOISE_HASH_BYTES], second[NOISE_HASH_BYTES];
  hkdf (n->chain, NULL, 0, first, second);
  memcpy (from_initiator, first, NOISE_KEY_BYTES);
  memcpy (from_responder, second, NOISE_KEY_BYTES);
  sodium_memzero (first, sizeof first);
  sodium_memzero (second, sizeof second);
}

void
noise_wipe (void *secret, size_t bytes)
{
  sodium_memzero (secret, bytes);
}
