/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ChaCha20-Poly1305 with Noise's counter nonce (4 zero bytes, then the number,
   little-endian), in place.  */
#ifndef DR_LINK_CIPHER_H
#define DR_LINK_CIPHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/link/limits.h"

#define LINK_CIPHER_KEY_BYTES 32u

/* Encrypts DATA in place and writes the tag.  */
void link_seal (uint8_t *data, size_t bytes, uint8_t tag[LINK_TAG_BYTES],
		const uint8_t *ad, size_t ad_bytes, uint64_t number,
		const uint8_t key[LINK_CIPHER_KEY_BYTES]);

/* The reverse.  False: not what the key's owner sealed; DATA is undefined.  */
bool link_open (uint8_t *data, size_t bytes, const uint8_t tag[LINK_TAG_BYTES],
		const uint8_t *ad, size_t ad_bytes, uint64_t number,
		const uint8_t key[LINK_CIPHER_KEY_BYTES]);

#endif
