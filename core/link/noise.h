/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Noise_IK_25519_ChaChaPoly_BLAKE2b: the two messages of the handshake and the
   two keys that come out.  States are plain values: copy one to try a message
   without spoiling it, and wipe it with noise_wipe.  */
#ifndef DR_LINK_NOISE_H
#define DR_LINK_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NOISE_KEY_BYTES 32u
#define NOISE_HASH_BYTES 64u
#define NOISE_TAG_BYTES 16u
/* What the messages add to their payloads.  */
#define NOISE_FIRST_BYTES (32u + 32u + 16u + 16u)
#define NOISE_SECOND_BYTES (32u + 16u)

struct noise
{
  uint8_t chain[NOISE_HASH_BYTES];
  uint8_t hash[NOISE_HASH_BYTES];
  uint8_t key[NOISE_KEY_BYTES];
  uint8_t ephemeral[NOISE_KEY_BYTES];		/* our secret */
  uint8_t remote_ephemeral[NOISE_KEY_BYTES];	/* their public key */
};

/* The public key of SECRET.  */
void noise_public (const uint8_t secret[NOISE_KEY_BYTES], uint8_t public[NOISE_KEY_BYTES]);

/* The shared secret of two keys; false for a low-order PUBLIC.  */
bool noise_shared (uint8_t out[NOISE_KEY_BYTES], const uint8_t secret[NOISE_KEY_BYTES],
		   const uint8_t public[NOISE_KEY_BYTES]);

void noise_begin (struct noise *n, const void *prologue, size_t prologue_bytes,
		  const uint8_t responder[NOISE_KEY_BYTES]);

/* Initiator, first message: e, es, s, ss and the payload, to OUT
   (NOISE_FIRST_BYTES + BYTES).  STATIC_SHARED is noise_shared of both static
   keys; EPHEMERAL a fresh secret.  False: RESPONDER is a low-order key.  */
bool noise_write_first (struct noise *n, const uint8_t own_public[NOISE_KEY_BYTES],
			const uint8_t responder[NOISE_KEY_BYTES],
			const uint8_t static_shared[NOISE_KEY_BYTES],
			const uint8_t ephemeral[NOISE_KEY_BYTES],
			const uint8_t *payload, size_t bytes, uint8_t *out);

/* Responder, first message, in two steps, so that the costs end where nobody is
   known: first who it is, then (with the shared secret of the static keys)
   the payload.  IN has NOISE_FIRST_BYTES + BYTES.  */
bool noise_read_first_static (struct noise *n, const uint8_t own_secret[NOISE_KEY_BYTES],
			      const uint8_t *in, uint8_t initiator[NOISE_KEY_BYTES]);
bool noise_read_first_payload (struct noise *n, const uint8_t static_shared[NOISE_KEY_BYTES],
			       const uint8_t *in, uint8_t *payload, size_t bytes);

/* Responder, second message: e, ee, se and the payload, to OUT
   (NOISE_SECOND_BYTES + BYTES).  */
bool noise_write_second (struct noise *n, const uint8_t initiator[NOISE_KEY_BYTES],
			 const uint8_t ephemeral[NOISE_KEY_BYTES],
			 const uint8_t *payload, size_t bytes, uint8_t *out);

/* Initiator, second message.  */
bool noise_read_second (struct noise *n, const uint8_t own_secret[NOISE_KEY_BYTES],
			const uint8_t *in, uint8_t *payload, size_t bytes);

/* The keys of both directions.  */
void noise_split (const struct noise *n, uint8_t from_initiator[NOISE_KEY_BYTES],
		  uint8_t from_responder[NOISE_KEY_BYTES]);

void noise_wipe (void *secret, size_t bytes);

#endif
