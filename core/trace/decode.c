/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From bytes to arguments.  core/wire walks the items; here each is taken together with
   the field of the layout that it should be.  Everything that an argument points at was
   checked to be there.  */
#include "core/trace/decode.h"

#include <string.h>

#include "core/wire/wire.h"

/* msgt_name, as the kernel and MIG use it for what is not a right.  */
enum
{
  ITEM_BIT = 0,
  ITEM_INTEGER_16 = 1,
  ITEM_INTEGER_32 = 2,
  ITEM_CHAR = 8,
  ITEM_INTEGER_8 = 9,	/* also called BYTE */
  ITEM_REAL = 10,
  ITEM_INTEGER_64 = 11,
  ITEM_STRING = 12,	/* also called STRING_C */
  ITEM_PORT_NAME = 15,
};

struct source
{
  const struct trace_view *view;
  uint32_t rights, regions;	/* taken so far */
};

/* What is at hand of one item.  */
static void
contents (struct source *from, const struct wire_item *item, struct trace_arg *arg)
{
  const struct trace_view *view = from->view;
  memset (arg, 0, sizeof *arg);
  arg->out_of_line = !item->is_inline;
  arg->deallocate = item->deallocate;
  arg->number = item->number;
  arg->bytes = item->bytes;
  if (item->ports)
    {
      uint32_t left = view->rights && from->rights < view->rights_count
		      ? view->rights_count - from->rights : 0;
      arg->rights_count = item->number < left ? item->number : left;
      if (arg->rights_count)
	arg->rights = view->rights + from->rights;
      from->rights += arg->rights_count;
      if (arg->rights_count < item->number)
	from->rights = view->rights_count;
      arg->disposition = item->name;
    }
  else if (item->is_inline)
    {
      arg->data = view->body + item->data_offset;
      arg->data_bytes = (size_t) item->bytes;
    }
  else if (from->regions < view->regions_count)
    {
      const struct trace_region *region = &view->regions[from->regions++];
      if (region->data)
	{
	  arg->data = region->data;
	  arg->data_bytes = item->bytes < region->bytes ? (size_t) item->bytes : region->bytes;
	}
    }
}

/* What an item is, going by itself.  */
static void
by_type (const struct wire_item *item, struct trace_arg *arg)
{
  arg->array = item->number != 1;
  arg->element_bytes = (uint8_t) (item->element_bits / 8);
  if (item->ports)
    {
      arg->kind = TRACE_PORT;
      arg->element_bytes = 0;
      return;
    }
  switch (item->name)
    {
    case ITEM_INTEGER_16: case ITEM_INTEGER_32: case ITEM_INTEGER_64:
      arg->kind = TRACE_SIGNED;
      if (item->element_bits == 16 || item->element_bits == 32 || item->element_bits == 64)
	return;
      break;
    case ITEM_CHAR:
      arg->kind = TRACE_CHAR;
      if (item->element_bits == 8)
	return;
      break;
    case ITEM_STRING:
      arg->kind = TRACE_STRING;
      arg->element_bytes = 1;
      if (item->element_bits % 8 == 0)
	return;
      break;
    case ITEM_REAL:
      arg->kind = TRACE_REAL;
      if (item->element_bits == 32 || item->element_bits == 64)
	return;
      break;
    case ITEM_PORT_NAME:
      arg->kind = TRACE_PORT_NAME;
      if (item->element_bits == 32)
	return;
      break;
    default:
      break;
    }
  arg->kind = TRACE_DATA;
  arg->element_bytes = 1;
}

/* ITEM can be FIELD.  MIG checks the same: the type, its size and, where it is fixed, the
   number.  */
static bool
is_number (const struct wire_item *item, uint32_t bytes)
{
  switch (item->name)
    {
    case ITEM_BIT: case ITEM_INTEGER_16: case ITEM_INTEGER_32: case ITEM_CHAR:
    case ITEM_INTEGER_8: case ITEM_REAL: case ITEM_INTEGER_64: case ITEM_PORT_NAME:
      return item->element_bits == 8 * bytes;
    default:
      return false;
    }
}

static bool
matches (const struct trace_field *field, const struct wire_item *item)
{
  if (field->kind == TRACE_ANY)
    return true;
  if ((field->kind == TRACE_PORT) != item->ports)
    return false;
  switch (field->kind)
    {
    case TRACE_PORT:
      return field->variable || item->number == field->count;
    case TRACE_STRING:
      return item->name == ITEM_STRING && item->element_bits % 8 == 0;
    case TRACE_STRUCT:
      {
	uint64_t one = field->shape->bytes;
	return field->variable ? item->bytes % one == 0 : item->bytes == one * field->count;
      }
    case TRACE_DATA:
    case TRACE_CHAR:
      return item->element_bits == 8 && (field->variable || item->number == field->count);
    default:
      return is_number (item, field->element_bytes)
	     && (field->variable || item->number == field->count);
    }
}

static void
by_field (const struct trace_field *field, const struct wire_item *item, struct trace_arg *arg)
{
  arg->name = field->name;
  arg->name_bytes = field->name_bytes;
  if (field->kind == TRACE_ANY)
    {
      by_type (item, arg);
      return;
    }
  arg->kind = field->kind;
  arg->element_bytes = field->element_bytes;
  arg->array = field->array;
  arg->shape = field->shape;
  if (field->shape)
    arg->number = arg->bytes / field->shape->bytes;
}

static bool
is_result (const struct wire_item *item)
{
  return item->name == ITEM_INTEGER_32 && item->element_bits == 32 && item->number == 1
	 && item->is_inline;
}

static int32_t
number32 (const uint8_t *p)
{
  return (int32_t) (p[0] | (uint32_t) p[1] << 8 | (uint32_t) p[2] << 16 | (uint32_t) p[3] << 24);
}

/* Decodes with FIELDS (NULL: by type).  False when an item is not its field.  */
static bool
decode (const struct trace_view *view, const struct trace_field *fields, uint32_t fields_count,
	bool reply, struct trace_args *out)
{
  struct source from = { .view = view };
  struct wire_walk walk;
  struct wire_item item;

  out->has_result = out->truncated = false;
  out->result = 0;
  out->count = 0;
  wire_walk (&walk, view->body, view->body_bytes);
  for (bool first = true; wire_next (&walk, &item); first = false)
    {
      if (first && reply && is_result (&item))
	{
	  out->has_result = true;
	  out->result = number32 (view->body + item.data_offset);
	  continue;
	}
      if (out->count == TRACE_ARGS_MAX)
	{
	  out->truncated = true;
	  return !fields;
	}
      struct trace_arg *arg = &out->args[out->count];
      contents (&from, &item, arg);
      if (!fields)
	by_type (&item, arg);
      else if (out->count < fields_count && matches (&fields[out->count], &item))
	by_field (&fields[out->count], &item, arg);
      else
	return false;
      out->count++;
    }
  if (walk.bad)
    out->truncated = true;
  if (!fields)
    return true;
  /* An error is answered by the code alone.  */
  return !walk.bad && (!reply || out->has_result)
	 && (out->count == fields_count || (out->has_result && out->result && !out->count));
}

void
trace_decode (const struct trace_view *view, const struct trace_routine *routine, bool reply,
	      struct trace_args *out)
{
  static const struct trace_field none;
  out->by_type = false;
  if (routine && routine->layout)
    {
      const struct trace_field *fields = reply ? routine->out : routine->in;
      if (decode (view, fields ? fields : &none, reply ? routine->out_count : routine->in_count,
		  reply, out))
	return;
    }
  out->by_type = true;
  decode (view, NULL, 0, reply, out);
}

const struct trace_arg *
trace_arg_find (const struct trace_args *args, const char *name)
{
  for (uint32_t i = 0; i < args->count; i++)
    if (args->args[i].name && !strcmp (args->args[i].name, name))
      return &args->args[i];
  return NULL;
}

bool
trace_arg_number (const struct trace_arg *arg, int64_t *value)
{
  if (!arg || arg->number != 1 || !arg->data || !arg->element_bytes
      || arg->data_bytes < arg->element_bytes || arg->element_bytes > 8)
    return false;
  uint64_t v = 0;
  for (unsigned i = arg->element_bytes; i--;)
    v = v << 8 | arg->data[i];
  unsigned bits = 8u * arg->element_bytes;
  bool with_sign = arg->kind == TRACE_SIGNED || arg->kind == TRACE_ERROR;
  if (with_sign && bits < 64 && v >> (bits - 1))
    v |= UINT64_MAX << bits;
  *value = (int64_t) v;
  return true;
}

trace_key
trace_arg_right (const struct trace_arg *arg)
{
  if (!arg || arg->kind != TRACE_PORT || arg->number != 1 || arg->rights_count != 1)
    return TRACE_KEY_NULL;
  return arg->rights[0];
}

const char *
trace_arg_text (const struct trace_arg *arg, size_t *bytes)
{
  if (!arg || (arg->kind != TRACE_CHAR && arg->kind != TRACE_STRING) || !arg->data)
    return NULL;
  const uint8_t *zero = arg->data_bytes ? memchr (arg->data, 0, arg->data_bytes) : NULL;
  *bytes = zero ? (size_t) (zero - arg->data) : arg->data_bytes;
  return (const char *) arg->data;
}
