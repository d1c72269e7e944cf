/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/link/cipher.h"

#include <assert.h>
#include <sodium.h>

static_assert (crypto_aead_chacha20poly1305_ietf_KEYBYTES == LINK_CIPHER_KEY_BYTES, "key");
static_assert (crypto_aead_chacha20poly1305_ietf_ABYTES == LINK_TAG_BYTES, "tag");
static_assert (crypto_aead_chacha20poly1305_ietf_NPUBBYTES == 12, "nonce");

static void
nonce_of (uint64_t number, uint8_t nonce[12])
{
  for (unsigned i = 0; i < 4; i++)
    nonce[i] = 0;
  for (unsigned i = 0; i < 8; i++)
    nonce[4 + i] = (uint8_t) (number >> (8 * i));
}

void
link_seal (uint8_t *data, size_t bytes, uint8_t tag[LINK_TAG_BYTES],
	   const uint8_t *ad, size_t ad_bytes, uint64_t number,
	   const uint8_t key[LINK_CIPHER_KEY_BYTES])
{
  uint8_t nonce[12];
  nonce_of (number, nonce);
  crypto_aead_chacha20poly1305_ietf_encrypt_detached (data, tag, NULL, data, bytes,
						      ad, ad_bytes, NULL, nonce, key);
}

bool
link_open (uint8_t *data, size_t bytes, const uint8_t tag[LINK_TAG_BYTES],
	   const uint8_t *ad, size_t ad_bytes, uint64_t number,
	   const uint8_t key[LINK_CIPHER_KEY_BYTES])
{
  uint8_t nonce[12];
  nonce_of (number, nonce);
  return crypto_aead_chacha20poly1305_ietf_decrypt_detached (data, NULL, data, bytes, tag,
							     ad, ad_bytes, nonce, key) == 0;
}
