/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists of routines, and -e expressions on them.  The input is two lists and an expression, with
   zero bytes between; what one of them is refused for may not change the table.  */
#include <stdlib.h>
#include <string.h>

#include "core/trace/filter.h"
#include "core/trace/summary.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* The part up to the next zero byte, in memory of its own.  */
static char *
part (const uint8_t **data, size_t *size, size_t *bytes)
{
  const uint8_t *zero = *size ? memchr (*data, 0, *size) : NULL;
  *bytes = zero ? (size_t) (zero - *data) : *size;
  char *copy = malloc (*bytes + 1);
  if (*bytes)
    memcpy (copy, *data, *bytes);
  copy[*bytes] = 0;
  size_t used = zero ? *bytes + 1 : *bytes;
  *data += used;
  *size -= used;
  return copy;
}

static void
check_fields (const struct trace_field *fields, uint32_t count, uint32_t bytes)
{
  dr_assert (count <= TRACE_FIELDS_MAX);
  for (uint32_t i = 0; i < count; i++)
    {
      const struct trace_field *f = &fields[i];
      uint64_t one = f->shape ? f->shape->bytes : f->element_bytes;
      dr_assert (strlen (f->name) > 0 && strlen (f->name) <= TRACE_NAME_BYTES_MAX);
      dr_assert ((f->kind == TRACE_STRUCT) == (f->shape != NULL));
      dr_assert (f->variable ? f->array && !f->count : f->count > 0);
      dr_assert (!bytes || f->offset + one * f->count <= bytes);
      if (f->shape)
	check_fields (f->shape->fields, f->shape->fields_count, f->shape->bytes);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct trace_defs *defs = trace_defs_new (&heap);
  for (int i = 0; i < 2; i++)
    {
      struct trace_list_error error;
      size_t bytes;
      uint32_t count = trace_defs_count (defs);
      char *text = part (&data, &size, &bytes);
      enum dr_status status = trace_defs_parse (defs, text, bytes, &error);
      free (text);
      dr_assert (status == DR_OK || trace_defs_count (defs) == count);
      dr_assert ((status == DR_OK) == !error.what[0]);
    }
  for (uint32_t i = 0; i < trace_defs_count (defs); i++)
    {
      const struct trace_routine *r = trace_defs_at (defs, i);
      dr_assert (r->index == i && trace_defs_request (defs, r->id));
      check_fields (r->in, r->in_count, 0);
      check_fields (r->out, r->out_count, 0);
    }
  struct trace_filter *filter = trace_filter_new (&heap, defs);
  while (size)
    {
      char message[64];
      size_t bytes;
      char *expression = part (&data, &size, &bytes);
      enum dr_status status = trace_filter_add (filter, expression, message, sizeof message);
      dr_assert (status == DR_OK || (status == DR_INVALID && strlen (message) < sizeof message));
      free (expression);
    }
  trace_filter_shows (filter, NULL, 1);
  trace_filter_free (filter);
  trace_defs_free (defs);
  return 0;
}
