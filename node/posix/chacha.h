/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ChaCha20's block function, RFC 8439.  Pure, so that it is tested on the host. */
#ifndef POSIX_CHACHA_H
#define POSIX_CHACHA_H

#include <stdint.h>
#include <string.h>

enum { CHACHA_WORDS = 16, CHACHA_KEY_WORDS = 8 };

static inline uint32_t chacha_rotate(uint32_t x, int n)
{
	return x << n | x >> (32 - n);
}

static inline void chacha_quarter(uint32_t *x, int a, int b, int c, int d)
{
	x[a] += x[b]; x[d] = chacha_rotate(x[d] ^ x[a], 16);
	x[c] += x[d]; x[b] = chacha_rotate(x[b] ^ x[c], 12);
	x[a] += x[b]; x[d] = chacha_rotate(x[d] ^ x[a], 8);
	x[c] += x[d]; x[b] = chacha_rotate(x[b] ^ x[c], 7);
}

/* One block of key stream.  COUNTER and NONCE fill the last four words of the
   state; a caller never uses the same pair twice with a key. */
static inline void chacha_block(const uint32_t key[CHACHA_KEY_WORDS], uint64_t counter, uint64_t nonce, uint32_t out[CHACHA_WORDS])
{
	uint32_t start[CHACHA_WORDS] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 };
	memcpy(start + 4, key, CHACHA_KEY_WORDS * sizeof *key);
	memcpy(start + 12, &counter, sizeof counter);
	memcpy(start + 14, &nonce, sizeof nonce);
	memcpy(out, start, sizeof start);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 4; i++)
			chacha_quarter(out, i, 4 + i, 8 + i, 12 + i);
		for (int i = 0; i < 4; i++)
			chacha_quarter(out, i, 4 + (i + 1) % 4, 8 + (i + 2) % 4, 12 + (i + 3) % 4);
	}
	for (int i = 0; i < CHACHA_WORDS; i++)
		out[i] += start[i];
}

#endif
