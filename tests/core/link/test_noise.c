/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Noise_IK_25519_ChaChaPoly_BLAKE2b against published vectors: those of that name in
   noise-c's tests/vector/noise-c-basic.txt and in cacophony's vectors/cacophony.txt.  */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "core/link/cipher.h"
#include "core/link/noise.h"

#define TRANSPORTS 4
#define BYTES_MAX 256

struct vector
{
  const char *prologue, *hash;
  const char *cipher[2 + TRANSPORTS];
};

/* Both sets use the same keys and payloads.  */
static const char init_static[] = "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
static const char init_ephemeral[] = "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
static const char resp_static[] = "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
static const char resp_ephemeral[] = "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
static const char resp_public[] = "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62";
static const char *const payload[2 + TRANSPORTS] = {
  "4c756477696720766f6e204d69736573",
  "4d757272617920526f746862617264",
  "462e20412e20486179656b",
  "4361726c204d656e676572",
  "4a65616e2d426170746973746520536179",
  "457567656e2042f6686d20766f6e2042617765726b",
};

static const struct vector noise_c = {
  "50726f6c6f677565313233",
  "00e51d2aac81a9b8ebe441d6af3e1c8efc0f030cc608332edcb42588ff6a0ce26415ddc106e95277a5e6d54132f1e5245976b89caf96d262f1fe5a7f0c55c078",
  {
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
    "ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd232fe541af156ec6d0657602902a8c3e"
    "e64e470f4b6fcd9298ce0b56fe20f86e60d9d933ec6e103ffb09e6001d6abb64",
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
    "9f069b267a06b3de3ecb1043bcb09807c6cd101f3826192a65f11ef3fe4317",
    "cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07",
    "a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2",
    "49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7",
    "8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3",
  },
};

static const struct vector cacophony = {
  "4a6f686e2047616c74",
  "1c8fa891cb414fedba6daa7c6f4ae0a6d98e5f9768cc9cecd27e805614943ee9c8a1b27fbfb76dc197255c8aa69f6b4285c423840b8bedf45e652ca64f797d81",
  {
    "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944"
    "ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd2f88f1db7e1fb0e99c64419097af91ce"
    "e64e470f4b6fcd9298ce0b56fe20f86e13bf70439c538e3602a7127af71a29cc",
    "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843"
    "9f069b267a06b3de3ecb1043bcb098e9af91d9c64748d998c7b47890871571",
    "cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07",
    "a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2",
    "49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7",
    "8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3",
  },
};

static size_t
unhex (const char *hex, uint8_t *out)
{
  size_t n = strlen (hex) / 2;
  assert_true (n <= BYTES_MAX);
  for (size_t i = 0; i < n; i++)
    {
      char two[3] = { hex[2 * i], hex[2 * i + 1], 0 };
      out[i] = (uint8_t) strtoul (two, NULL, 16);
    }
  return n;
}

static void
is_hex (const uint8_t *bytes, const char *hex)
{
  uint8_t right[BYTES_MAX];
  size_t n = unhex (hex, right);
  assert_memory_equal (bytes, right, n);
}

struct ends
{
  struct noise initiator, responder;
  uint8_t is[32], ie[32], rs[32], re[32], ip[32], rp[32], shared[32];
};

static void
begin (struct ends *e, const struct vector *v)
{
  uint8_t prologue[BYTES_MAX];
  size_t bytes = unhex (v->prologue, prologue);
  unhex (init_static, e->is);
  unhex (init_ephemeral, e->ie);
  unhex (resp_static, e->rs);
  unhex (resp_ephemeral, e->re);
  noise_public (e->is, e->ip);
  noise_public (e->rs, e->rp);
  is_hex (e->rp, resp_public);
  assert_true (noise_shared (e->shared, e->is, e->rp));
  noise_begin (&e->initiator, prologue, bytes, e->rp);
  noise_begin (&e->responder, prologue, bytes, e->rp);
}

static void
first_message (struct ends *e, const struct vector *v, uint8_t *message)
{
  uint8_t plain[BYTES_MAX], out[BYTES_MAX], who[32];
  size_t bytes = unhex (payload[0], plain);
  assert_true (noise_write_first (&e->initiator, e->ip, e->rp, e->shared, e->ie, plain, bytes,
				  message));
  is_hex (message, v->cipher[0]);
  assert_int_equal (strlen (v->cipher[0]) / 2, NOISE_FIRST_BYTES + bytes);
  assert_true (noise_read_first_static (&e->responder, e->rs, message, who));
  assert_memory_equal (who, e->ip, 32);
  assert_true (noise_read_first_payload (&e->responder, e->shared, message, out, bytes));
  is_hex (out, payload[0]);
}

static void
second_message (struct ends *e, const struct vector *v)
{
  uint8_t plain[BYTES_MAX], message[BYTES_MAX], out[BYTES_MAX];
  size_t bytes = unhex (payload[1], plain);
  assert_true (noise_write_second (&e->responder, e->ip, e->re, plain, bytes, message));
  is_hex (message, v->cipher[1]);
  assert_true (noise_read_second (&e->initiator, e->is, message, out, bytes));
  is_hex (out, payload[1]);
  is_hex (e->initiator.hash, v->hash);
  is_hex (e->responder.hash, v->hash);
}

static void
transports (struct ends *e, const struct vector *v)
{
  uint8_t key[2][32], other[2][32];
  noise_split (&e->initiator, key[0], key[1]);
  noise_split (&e->responder, other[0], other[1]);
  assert_memory_equal (key, other, sizeof key);
  for (unsigned i = 0; i < TRANSPORTS; i++)
    {
      uint8_t data[BYTES_MAX];
      size_t bytes = unhex (payload[2 + i], data);
      link_seal (data, bytes, data + bytes, NULL, 0, i / 2, key[i % 2]);
      is_hex (data, v->cipher[2 + i]);
      assert_true (link_open (data, bytes, data + bytes, NULL, 0, i / 2, key[i % 2]));
      is_hex (data, payload[2 + i]);
    }
}

static void
run (const struct vector *v)
{
  struct ends e;
  uint8_t first[BYTES_MAX];
  begin (&e, v);
  first_message (&e, v, first);
  second_message (&e, v);
  transports (&e, v);
}

static void vectors_of_noise_c (void **state) { run (&noise_c); }
static void vectors_of_cacophony (void **state) { run (&cacophony); }

/* Every spoilt bit of either message is noticed.  */
static void
spoilt_messages (void **state)
{
  struct ends e;
  uint8_t first[BYTES_MAX], second[BYTES_MAX], plain[BYTES_MAX], out[BYTES_MAX], who[32];
  begin (&e, &cacophony);
  first_message (&e, &cacophony, first);
  size_t bytes = unhex (payload[0], plain);
  for (size_t bit = 0; bit < 8 * (NOISE_FIRST_BYTES + bytes); bit++)
    {
      struct ends fresh;
      begin (&fresh, &cacophony);
      first[bit / 8] ^= (uint8_t) (1 << bit % 8);
      /* Curve25519 ignores a public key's top bit, but the hash does not.  */
      bool taken = noise_read_first_static (&fresh.responder, fresh.rs, first, who)
	&& noise_read_first_payload (&fresh.responder, fresh.shared, first, out, bytes);
      assert_false (taken);
      first[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
  bytes = unhex (payload[1], plain);
  assert_true (noise_write_second (&e.responder, e.ip, e.re, plain, bytes, second));
  for (size_t bit = 0; bit < 8 * (NOISE_SECOND_BYTES + bytes); bit++)
    {
      struct noise copy = e.initiator;
      second[bit / 8] ^= (uint8_t) (1 << bit % 8);
      assert_false (noise_read_second (&copy, e.is, second, out, bytes));
      second[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
  assert_true (noise_read_second (&e.initiator, e.is, second, out, bytes));
}

static void
low_order_keys_are_refused (void **state)
{
  static const uint8_t zero[32], one[32] = { 1 };
  uint8_t secret[32], out[32];
  unhex (init_static, secret);
  assert_false (noise_shared (out, secret, zero));
  assert_false (noise_shared (out, secret, one));
}

/* The nonce is the number, little-endian, after four zero bytes: different
   numbers give different streams, up to the last bit.  */
static void
nonces (void **state)
{
  static const uint64_t number[] = { 0, 1, 2, 255, 256, UINT32_MAX, (uint64_t) UINT32_MAX + 1,
    (uint64_t) 1 << 62, UINT64_MAX - 1, UINT64_MAX };
  enum { N = sizeof number / sizeof number[0] };
  uint8_t key[32] = { 7 }, text[N][32], tag[N][16];
  for (unsigned i = 0; i < N; i++)
    {
      memset (text[i], 0, 32);
      link_seal (text[i], 32, tag[i], key, 5, number[i], key);
      for (unsigned j = 0; j < i; j++)
	assert_memory_not_equal (text[i], text[j], 32);
    }
  for (unsigned i = 0; i < N; i++)
    for (unsigned j = 0; j < N; j++)
      {
	uint8_t copy[32];
	memcpy (copy, text[i], 32);
	assert_int_equal (link_open (copy, 32, tag[i], key, 5, number[j], key), i == j);
      }
  /* The associated data is covered.  */
  assert_false (link_open (text[0], 32, tag[0], key, 4, number[0], key));
}

/* What libsodium is given for a number, spelled out: it is checked against libsodium itself.  */
static void
nonce_layout (void **state)
{
  static const struct { uint64_t number; const char *nonce; } row[] = {
    { 0, "000000000000000000000000" }, { 1, "000000000100000000000000" },
    { 255, "00000000ff00000000000000" }, { 256, "000000000001000000000000" },
    { UINT32_MAX, "00000000ffffffff00000000" },
    { (uint64_t) UINT32_MAX + 1, "000000000000000001000000" },
    { 0x0123456789abcdef, "00000000efcdab8967452301" },
    { (uint64_t) 1 << 62, "000000000000000000000040" },
    { UINT64_MAX - 1, "00000000feffffffffffffff" }, { UINT64_MAX, "00000000ffffffffffffffff" },
  };
  for (unsigned i = 0; i < sizeof row / sizeof *row; i++)
    {
      uint8_t key[32] = { 7 }, ad[5] = { 1 }, nonce[BYTES_MAX], ours[20] = { 3 }, tag[16], theirs[36];
      unsigned long long bytes;
      assert_int_equal (unhex (row[i].nonce, nonce), 12);
      crypto_aead_chacha20poly1305_ietf_encrypt (theirs, &bytes, ours, sizeof ours, ad, sizeof ad, NULL,
						 nonce, key);
      link_seal (ours, sizeof ours, tag, ad, sizeof ad, row[i].number, key);
      assert_memory_equal (ours, theirs, sizeof ours);
      assert_memory_equal (tag, theirs + sizeof ours, sizeof tag);
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (vectors_of_noise_c),
    cmocka_unit_test (vectors_of_cacophony),
    cmocka_unit_test (spoilt_messages),
    cmocka_unit_test (low_order_keys_are_refused),
    cmocka_unit_test (nonces),
    cmocka_unit_test (nonce_layout),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
