/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The address sanitizer and an arena that is put back to an earlier state: what it knows of
   the arena's memory is saved along.  Without the sanitizer all this is nothing.  */
#ifndef DR_SIM_GUARD_H
#define DR_SIM_GUARD_H

#include <stddef.h>
#include <string.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>

#define GUARD_EXEMPT __attribute__ ((no_sanitize ("address")))
enum { GUARD_SHADOW = 8 };		/* bytes of memory for a byte of what is known of it */

static inline void
guard_taken (void *p, size_t bytes, size_t room)
{
  __asan_poison_memory_region (p, room);
  __asan_unpoison_memory_region (p, bytes);
}

static inline void
guard_free (void *p, size_t room)
{
  __asan_poison_memory_region (p, room);
}

/* Not memcpy, which the sanitizer watches too.  */
static inline void
guard_move (void *to, const void *from, size_t bytes)
{
  __asm__ volatile ("rep movsb" : "+D" (to), "+S" (from), "+c" (bytes) : : "memory");
}

static inline unsigned char *
guard_shadow (const void *p)
{
  size_t scale, offset;
  __asan_get_shadow_mapping (&scale, &offset);
  return (unsigned char *) (((size_t) p >> scale) + offset);
}

static inline size_t
guard_bytes (size_t bytes)
{
  return bytes + bytes / GUARD_SHADOW;
}

/* COPY has guard_bytes (BYTES); MEMORY and BYTES are multiples of 8.  */
static inline void
guard_save (void *copy, const void *memory, size_t bytes)
{
  guard_move (copy, memory, bytes);
  guard_move ((char *) copy + bytes, guard_shadow (memory), bytes / GUARD_SHADOW);
}

static inline void
guard_restore (void *memory, const void *copy, size_t bytes)
{
  guard_move (memory, copy, bytes);
  guard_move (guard_shadow (memory), (const char *) copy + bytes, bytes / GUARD_SHADOW);
}

#else

#define GUARD_EXEMPT
static inline void guard_taken (void *p, size_t bytes, size_t room) { }
static inline void guard_free (void *p, size_t room) { }
static inline size_t guard_bytes (size_t bytes) { return bytes; }
static inline void guard_save (void *copy, const void *memory, size_t bytes) { memcpy (copy, memory, bytes); }
static inline void guard_restore (void *memory, const void *copy, size_t bytes) { memcpy (memory, copy, bytes); }

#endif
#endif
