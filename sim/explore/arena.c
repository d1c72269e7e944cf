/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/explore/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "sim/guard.h"

enum { ARENA_BYTES = 16 << 20, CLASSES = 24, ALIGN = 16 };

/* At the arena's start, so that it is saved along.  */
struct arena
{
  size_t used;
  struct block *free[CLASSES];
};

struct block
{
  size_t class;
  struct block *next;			/* while it is free */
};

static _Alignas (ALIGN) unsigned char memory[ARENA_BYTES];
static struct arena *const arena = (struct arena *) memory;

void *__real_malloc (size_t);
void *__real_realloc (void *, size_t);
void __real_free (void *);
void *__wrap_malloc (size_t);
void *__wrap_calloc (size_t, size_t);
void *__wrap_realloc (void *, size_t);
void __wrap_free (void *);

void *
outside_alloc (size_t bytes)
{
  void *p = __real_malloc (bytes);
  dr_assert (p != NULL);
  return p;
}

void *
outside_realloc (void *old, size_t bytes)
{
  void *p = __real_realloc (old, bytes);
  dr_assert (p != NULL);
  return p;
}

void
outside_free (void *p)
{
  __real_free (p);
}

void
arena_reset (void)
{
  guard_taken (memory, sizeof memory, sizeof memory);
  memset (arena, 0, sizeof *arena);
  arena->used = (sizeof *arena + ALIGN - 1) & ~(size_t) (ALIGN - 1);
}

void
arena_open (void)
{
  arena_reset ();
}

size_t
arena_used (void)
{
  return guard_bytes (arena->used);
}

void
arena_save (void *copy)
{
  guard_save (copy, memory, arena->used);
}

void
arena_restore (const void *copy)
{
  guard_restore (memory, copy, ((const struct arena *) copy)->used);
}

/* Blocks are powers of two from 32 bytes on, header included.  */
static size_t
class_of (size_t bytes)
{
  size_t class = 0, room = 32;
  while (room < bytes + ALIGN)
    {
      room *= 2;
      class++;
    }
  dr_assert (class < CLASSES);
  return class;
}

GUARD_EXEMPT void *
__wrap_malloc (size_t bytes)
{
  size_t class = class_of (bytes);
  struct block *b = arena->free[class];
  if (b != NULL)
    arena->free[class] = b->next;
  else
    {
      size_t room = (size_t) 32 << class;
      dr_assert (arena->used + room <= ARENA_BYTES);
      b = (struct block *) (memory + arena->used);
      arena->used += room;
    }
  b->class = class;
  guard_taken ((char *) b + ALIGN, bytes, ((size_t) 32 << class) - ALIGN);
  guard_free (b, ALIGN);
  return (char *) b + ALIGN;
}

void *
__wrap_calloc (size_t n, size_t bytes)
{
  void *p = __wrap_malloc (n * bytes);
  memset (p, 0, n * bytes);
  return p;
}

GUARD_EXEMPT void
__wrap_free (void *p)
{
  if (p == NULL)
    return;
  struct block *b = (struct block *) ((char *) p - ALIGN);
  b->next = arena->free[b->class];
  arena->free[b->class] = b;
  guard_free (p, ((size_t) 32 << b->class) - ALIGN);
}

GUARD_EXEMPT void *
__wrap_realloc (void *old, size_t bytes)
{
  if (old == NULL)
    return __wrap_malloc (bytes);
  struct block *b = (struct block *) ((char *) old - ALIGN);
  size_t room = ((size_t) 32 << b->class) - ALIGN;
  if (bytes <= room)
    {
      guard_taken (old, bytes, room);
      return old;
    }
  void *p = __wrap_malloc (bytes);
  guard_taken (old, room, room);
  memcpy (p, old, room);
  __wrap_free (old);
  return p;
}
