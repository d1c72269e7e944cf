/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounded cursors for fixed-width little-endian fields.  Running over the end
   sets BAD and it stays set: a decoder reads everything, then checks once.  A
   read over the end gives zeros and a write over the end writes nothing.  */
#ifndef DR_CODEC_H
#define DR_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dr_in
{
  const uint8_t *at, *end;
  bool bad;
};

struct dr_out
{
  uint8_t *at, *end;
  bool bad;
};

static inline struct dr_in
dr_in (const void *data, size_t bytes)
{
  const uint8_t *p = data;
  return (struct dr_in) { p, p ? p + bytes : p, false };
}

static inline struct dr_out
dr_out (void *data, size_t bytes)
{
  uint8_t *p = data;
  return (struct dr_out) { p, p ? p + bytes : p, false };
}

static inline size_t
dr_in_left (const struct dr_in *in)
{
  return (size_t) (in->end - in->at);
}

/* The next BYTES bytes, or NULL (and BAD) when there are fewer.  With BYTES 0
   the result may not be used.  */
static inline const uint8_t *
dr_in_bytes (struct dr_in *in, size_t bytes)
{
  const uint8_t *p = in->at;
  if (in->bad || dr_in_left (in) < bytes)
    {
      in->bad = true;
      return NULL;
    }
  if (bytes)
    in->at += bytes;
  return p;
}

static inline void
dr_in_copy (struct dr_in *in, void *to, size_t bytes)
{
  const uint8_t *p = dr_in_bytes (in, bytes);
  if (bytes && p)
    memcpy (to, p, bytes);
  else if (bytes)
    memset (to, 0, bytes);
}

static inline uint64_t
dr_in_fixed (struct dr_in *in, unsigned bytes)
{
  const uint8_t *p = dr_in_bytes (in, bytes);
  uint64_t v = 0;
  if (p)
    for (unsigned i = 0; i < bytes; i++)
      v |= (uint64_t) p[i] << (8 * i);
  return v;
}

static inline uint8_t dr_in_u8 (struct dr_in *in) { return (uint8_t) dr_in_fixed (in, 1); }
static inline uint16_t dr_in_u16 (struct dr_in *in) { return (uint16_t) dr_in_fixed (in, 2); }
static inline uint32_t dr_in_u32 (struct dr_in *in) { return (uint32_t) dr_in_fixed (in, 4); }
static inline uint64_t dr_in_u64 (struct dr_in *in) { return dr_in_fixed (in, 8); }

/* Everything was read, and nothing more than everything.  */
static inline bool
dr_in_done (const struct dr_in *in)
{
  return !in->bad && in->at == in->end;
}

static inline uint8_t *
dr_out_bytes (struct dr_out *out, size_t bytes)
{
  uint8_t *p = out->at;
  if (out->bad || (size_t) (out->end - out->at) < bytes)
    {
      out->bad = true;
      return NULL;
    }
  if (bytes)
    out->at += bytes;
  return p;
}

static inline void
dr_out_copy (struct dr_out *out, const void *from, size_t bytes)
{
  uint8_t *p = dr_out_bytes (out, bytes);
  if (bytes && p)
    memcpy (p, from, bytes);
}

static inline void
dr_out_fixed (struct dr_out *out, uint64_t v, unsigned bytes)
{
  uint8_t *p = dr_out_bytes (out, bytes);
  if (p)
    for (unsigned i = 0; i < bytes; i++)
      p[i] = (uint8_t) (v >> (8 * i));
}

static inline void dr_out_u8 (struct dr_out *out, uint8_t v) { dr_out_fixed (out, v, 1); }
static inline void dr_out_u16 (struct dr_out *out, uint16_t v) { dr_out_fixed (out, v, 2); }
static inline void dr_out_u32 (struct dr_out *out, uint32_t v) { dr_out_fixed (out, v, 4); }
static inline void dr_out_u64 (struct dr_out *out, uint64_t v) { dr_out_fixed (out, v, 8); }

#endif
