/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which message id is which routine, and what its arguments are.

   A list is text, one routine per line, in the form that MIG's -list option
   writes, with the argument lists added by tools/rpclist:

     io 21000 io_read 1 21001 21101 (offset: i64, amount: u64) (data: char[])

   subsystem, its first id, routine, its number, id of the request, id of the
   reply (0: a simpleroutine, which has none); then the arguments in the request,
   then those in the reply behind the return code.  Both may be missing (a list
   straight from MIG): such a routine has a name, and its arguments are shown by
   the types in the message.  The numbers are checked against each other.

     NAME: KIND        one element
     NAME: KIND[N]     exactly N
     NAME: KIND[]      as many as the message says
     NAME: {STRUCT}    a structure; also with [N] or []

   KIND is i8 i16 i32 i64 (signed), u8... (unsigned), x8... (hexadecimal), o32
   (octal), bool, error (a return code), prot (memory protection), real, char,
   string (ends at its first zero byte), data (bytes), port (a right), name (of a
   right), any.  A structure is defined before its use, its members aligned as C
   aligns them, BYTES its size:

     struct timespec_t 16 (tv_sec: i64, tv_nsec: i64)

   `#' starts a comment line.  */
#ifndef TRACE_DEFS_H
#define TRACE_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/alloc.h"
#include "core/base/status.h"

#define TRACE_LIST_BYTES_MAX (4u << 20)		/* one list */
#define TRACE_LIST_LINE_BYTES_MAX 8192u
#define TRACE_NAME_BYTES_MAX 64u		/* of any name in a list */
#define TRACE_FIELDS_MAX 64u			/* arguments, or members */
#define TRACE_ROUTINES_MAX 16384u		/* all lists together */
#define TRACE_STRUCTS_MAX 1024u
#define TRACE_STRUCT_BYTES_MAX 65536u
#define TRACE_STRUCT_DEPTH_MAX 8u		/* structures in structures */
#define TRACE_ELEMENTS_MAX 65536u		/* N in KIND[N] */

enum trace_kind
{
  TRACE_ANY = 0,	/* whatever the message says */
  TRACE_SIGNED,
  TRACE_UNSIGNED,
  TRACE_HEX,
  TRACE_OCTAL,
  TRACE_BOOL,
  TRACE_ERROR,
  TRACE_PROT,
  TRACE_REAL,
  TRACE_CHAR,		/* an array of it is text */
  TRACE_STRING,		/* text up to the first zero byte */
  TRACE_DATA,
  TRACE_PORT,
  TRACE_PORT_NAME,
  TRACE_STRUCT,
};

struct trace_struct;

struct trace_field
{
  const char *name;
  uint8_t name_bytes;
  uint8_t kind;			/* enum trace_kind */
  uint8_t element_bytes;	/* of a number: 1, 2, 4 or 8; else 0 */
  bool variable;		/* KIND[] */
  bool array;			/* written with [], also [N] */
  uint32_t count;		/* elements; 0 when variable */
  uint32_t offset;		/* of a member in its structure, bytes */
  const struct trace_struct *shape;	/* of TRACE_STRUCT; else NULL */
};

struct trace_struct
{
  const char *name;
  uint32_t bytes, align;
  uint32_t depth;		/* 1: no structure in it */
  uint32_t fields_count;
  const struct trace_field *fields;
};

struct trace_routine
{
  const char *subsystem, *name;
  int32_t id;			/* of the request */
  int32_t reply_id;		/* 0: one-way */
  bool layout;			/* in and out are known */
  uint32_t in_count, out_count;
  const struct trace_field *in, *out;	/* OUT without the return code */
  uint32_t index;		/* 0, 1, 2... over all lists; for tables beside */
};

struct trace_defs;

/* What is wrong with a list.  WHAT is a phrase without a full stop.  */
struct trace_list_error
{
  uint32_t line;		/* from 1; 0: the list as a whole */
  char what[160];
};

/* An empty table; NULL when out of memory.  ALLOC is copied.  */
struct trace_defs *trace_defs_new (const struct dr_alloc *alloc);
/* Every routine that was found in it ends here too.  DEFS may be NULL.  */
void trace_defs_free (struct trace_defs *defs);

/* Reads one list; TEXT may be forgotten afterwards.  A routine whose id an earlier
   list has takes its place; the pointer found earlier stays valid.  On DR_INVALID
   ERROR says which line and why; on DR_LIMIT there are too many routines (ERROR is
   set too); DR_NO_MEMORY.  Whatever fails, the table is what it was before.  */
enum dr_status trace_defs_parse (struct trace_defs *defs, const char *text,
				 size_t bytes, struct trace_list_error *error);

/* The routine with this id of a request, or of a reply; NULL when none has it.  */
const struct trace_routine *trace_defs_request (const struct trace_defs *defs, int32_t id);
const struct trace_routine *trace_defs_reply (const struct trace_defs *defs, int32_t id);

/* How many there are, replaced ones included, and one of them (INDEX below it).  */
uint32_t trace_defs_count (const struct trace_defs *defs);
const struct trace_routine *trace_defs_at (const struct trace_defs *defs, uint32_t index);

#endif
