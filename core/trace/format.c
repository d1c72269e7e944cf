/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and results as text.  The arguments come from decode.c, which has checked that
   everything they point at is there; what is at hand may still be less than what the
   message states.  */
#include "core/trace/format.h"

#include <string.h>

#include "core/trace/errors.h"

struct writer
{
  struct trace_text *t;
  struct trace_names *names;
  const struct trace_style *style;
};

/* --- rights --- */

static const struct
{
  const char *word;		/* also the member's name in JSON */
  bool quoted;			/* its text is */
} things[TRACE_THING_COUNT] = {
  [TRACE_THING_PORT] = { "port", false },
  [TRACE_THING_TASK] = { "task", false },
  [TRACE_THING_THREAD] = { "thread", false },
  [TRACE_THING_HOST] = { "host", false },
  [TRACE_THING_FILE] = { "file", true },
  [TRACE_THING_DEVICE] = { "device", true },
  [TRACE_THING_MEMORY] = { "memory object", true },
  [TRACE_THING_CONTROL] = { "memory control", true },
  [TRACE_THING_PROCESS] = { "process", false },
  [TRACE_THING_SOCKET] = { "socket", true },
  [TRACE_THING_FILESYSTEM] = { "filesystem", true },
  [TRACE_THING_OTHER] = { NULL, false },
};

static void
right_text (struct writer *w, trace_key key)
{
  const char *text;
  size_t bytes;
  uint32_t number = trace_names_number (w->names, key);
  enum trace_thing thing = trace_names_get (w->names, key, &text, &bytes);

  if (thing == TRACE_THING_OTHER && text)
    {
      trace_put_bytes (w->t, text, bytes);
      return;
    }
  trace_put (w->t, things[thing].word ? things[thing].word : "port");
  trace_put_char (w->t, ' ');
  if (text && things[thing].quoted)
    trace_put_quoted (w->t, (const uint8_t *) text, bytes);
  else if (text)
    trace_put_bytes (w->t, text, bytes);
  else if (number)
    trace_put_unsigned (w->t, number);
  else
    trace_put_char (w->t, '?');
}

static void
right_json (struct writer *w, trace_key key, const char *right)
{
  const char *text;
  size_t bytes;
  uint32_t number = trace_names_number (w->names, key);
  enum trace_thing thing = trace_names_get (w->names, key, &text, &bytes);
  const char *word = things[thing].word ? things[thing].word : "port";

  trace_put (w->t, "{\"port\":");
  trace_put_unsigned (w->t, number);
  if (thing != TRACE_THING_PORT)
    {
      trace_put (w->t, ",\"is\":");
      if (thing == TRACE_THING_OTHER && text)
	trace_put_json (w->t, (const uint8_t *) text, bytes);
      else
	trace_put_json (w->t, (const uint8_t *) word, strlen (word));
      if (text && thing != TRACE_THING_OTHER)
	{
	  trace_put (w->t, ",\"name\":");
	  trace_put_json (w->t, (const uint8_t *) text, bytes);
	}
    }
  if (right)
    {
      trace_put (w->t, ",\"right\":\"");
      trace_put (w->t, right);
      trace_put_char (w->t, '"');
    }
  trace_put_char (w->t, '}');
}

static void
right (struct writer *w, trace_key key, const char *kind)
{
  bool json = w->style->json;
  if (key == TRACE_KEY_NULL)
    trace_put (w->t, "null");
  else if (key == TRACE_KEY_DEAD)
    trace_put (w->t, json ? "\"dead\"" : "dead");
  else if (json)
    right_json (w, key, kind);
  else
    {
      if (kind)
	{
	  trace_put (w->t, kind);
	  trace_put_char (w->t, ' ');
	}
      right_text (w, key);
    }
}

void
trace_format_right (struct trace_text *t, struct trace_names *names, trace_key key,
		    const struct trace_style *style)
{
  struct writer w = { t, names, style };
  right (&w, key, NULL);
}

/* --- numbers --- */

static uint64_t
load (const uint8_t *p, unsigned bytes)
{
  uint64_t v = 0;
  for (unsigned i = bytes; i--;)
    v = v << 8 | p[i];
  return v;
}

static int64_t
with_sign (uint64_t v, unsigned bytes)
{
  unsigned unused = 64 - 8 * bytes;
  return (int64_t) (v << unused) >> unused;
}

static void
protection (struct trace_text *t, uint64_t v)
{
  if (v > 7)
    {
      trace_put_hex (t, v);
      return;
    }
  trace_put_char (t, v & 1 ? 'r' : '-');
  trace_put_char (t, v & 2 ? 'w' : '-');
  trace_put_char (t, v & 4 ? 'x' : '-');
}

static void
error_text (struct trace_text *t, int32_t code)
{
  const char *name = code ? trace_error_name (code) : NULL;
  if (name)
    {
      trace_put (t, name);
      trace_put (t, " (");
    }
  if (code >= 0x10000)
    trace_put_hex (t, (uint32_t) code);
  else
    trace_put_signed (t, code);
  if (name)
    trace_put_char (t, ')');
}

void
trace_format_result (struct trace_text *t, int32_t result, const struct trace_style *style)
{
  if (!style->json)
    {
      error_text (t, result);
      return;
    }
  const char *name = trace_error_name (result);
  trace_put (t, "{\"code\":");
  trace_put_signed (t, result);
  if (name)
    {
      trace_put (t, ",\"name\":\"");
      trace_put (t, name);
      trace_put_char (t, '"');
    }
  trace_put_char (t, '}');
}

/* One number of BYTES at P.  */
static void
number (struct writer *w, uint8_t kind, const uint8_t *p, unsigned bytes)
{
  uint64_t v = load (p, bytes);
  bool json = w->style->json;
  switch (kind)
    {
    case TRACE_SIGNED:
      trace_put_signed (w->t, with_sign (v, bytes));
      return;
    case TRACE_ERROR:
      trace_format_result (w->t, (int32_t) with_sign (v, bytes), w->style);
      return;
    case TRACE_PROT:
      if (json)
	trace_put_char (w->t, '"');
      protection (w->t, v);
      if (json)
	trace_put_char (w->t, '"');
      return;
    case TRACE_BOOL:
      if (v <= 1)
	trace_put (w->t, v ? "true" : "false");
      else
	trace_put_unsigned (w->t, v);
      return;
    case TRACE_HEX:
    case TRACE_REAL:		/* its bits; nothing that is traced has any */
      if (!json)
	{
	  trace_put_hex (w->t, v);
	  return;
	}
      break;
    case TRACE_OCTAL:
      if (!json)
	{
	  trace_put_octal (w->t, v);
	  return;
	}
      break;
    default:
      break;
    }
  trace_put_unsigned (w->t, v);
}

/* --- text and data --- */

/* AT HAND bytes at P of STATED; WHOLE: STATED is what there is to say.  */
static void
bytes_value (struct writer *w, const uint8_t *p, size_t at_hand, uint64_t stated,
	     bool out_of_line, bool size_matters)
{
  size_t shown = at_hand < w->style->string_bytes ? at_hand : w->style->string_bytes;
  bool all = shown == stated, sized = out_of_line || (!all && size_matters);

  if (w->style->json)
    {
      if (all && !out_of_line)
	{
	  trace_put_json (w->t, p, shown);
	  return;
	}
      trace_put_char (w->t, '{');
      if (p)
	{
	  trace_put (w->t, "\"text\":");
	  trace_put_json (w->t, p, shown);
	  trace_put_char (w->t, ',');
	}
      trace_put (w->t, "\"bytes\":");
      trace_put_unsigned (w->t, stated);
      if (out_of_line)
	trace_put (w->t, ",\"out_of_line\":true");
      trace_put_char (w->t, '}');
      return;
    }
  if (p)
    {
      trace_put_quoted (w->t, p, shown);
      if (!all)
	trace_put (w->t, "...");
      if (sized)
	trace_put (w->t, ", ");
    }
  if (sized || !p)
    {
      trace_put_unsigned (w->t, stated);
      trace_put (w->t, out_of_line ? " bytes out of line" : " bytes");
    }
}

static void
string_value (struct writer *w, const struct trace_arg *arg)
{
  size_t length;
  const char *text = trace_arg_text (arg, &length);
  /* A string that is not at hand up to its end is longer than what is.  */
  uint64_t stated = text && (length < arg->data_bytes || arg->data_bytes == arg->bytes)
		    ? length : arg->bytes;
  bytes_value (w, (const uint8_t *) text, length, stated, arg->out_of_line, false);
}

/* --- structures and arrays --- */

static void elements (struct writer *w, uint8_t kind, unsigned element_bytes,
		      const struct trace_struct *shape, const uint8_t *p, uint64_t at_hand,
		      uint64_t stated);

static void
member_name (struct writer *w, const char *name, size_t bytes)
{
  bool json = w->style->json;	/* names have nothing that needs an escape */
  if (json)
    trace_put_char (w->t, '"');
  trace_put_bytes (w->t, name, bytes);
  trace_put (w->t, json ? "\":" : ": ");
}

static void
separate (struct writer *w)
{
  trace_put (w->t, w->style->json ? "," : ", ");
}

static void
structure (struct writer *w, const struct trace_struct *s, const uint8_t *p)
{
  trace_put_char (w->t, '{');
  for (uint32_t i = 0; i < s->fields_count && !w->t->cut; i++)
    {
      const struct trace_field *f = &s->fields[i];
      const uint8_t *at = p + f->offset;
      if (i)
	separate (w);
      member_name (w, f->name, f->name_bytes);
      if (f->kind == TRACE_CHAR || f->kind == TRACE_DATA)
	{
	  /* Fixed room for text ends at its zero byte.  */
	  const uint8_t *zero = f->kind == TRACE_CHAR ? memchr (at, 0, f->count) : NULL;
	  size_t length = zero ? (size_t) (zero - at) : f->count;
	  bytes_value (w, at, length, length, false, true);
	}
      else if (f->array)
	elements (w, f->kind, f->element_bytes, f->shape, at, f->count, f->count);
      else if (f->shape)
	structure (w, f->shape, at);
      else
	number (w, f->kind, at, f->element_bytes);
    }
  trace_put_char (w->t, '}');
}

/* How an array ends of which SHOWN of STATED elements were written.  */
static void
rest (struct writer *w, uint64_t shown, uint64_t stated)
{
  if (shown < stated)
    {
      if (shown)
	separate (w);
      if (w->style->json)
	{
	  trace_put (w->t, "{\"more\":");
	  trace_put_unsigned (w->t, stated - shown);
	  trace_put_char (w->t, '}');
	}
      else
	{
	  trace_put (w->t, "... ");
	  trace_put_unsigned (w->t, stated - shown);
	  trace_put (w->t, shown ? " more" : " elements");
	}
    }
  trace_put_char (w->t, ']');
}

static void
elements (struct writer *w, uint8_t kind, unsigned element_bytes, const struct trace_struct *shape,
	  const uint8_t *p, uint64_t at_hand, uint64_t stated)
{
  uint64_t shown = at_hand < w->style->elements ? at_hand : w->style->elements;
  trace_put_char (w->t, '[');
  for (uint64_t i = 0; i < shown && !w->t->cut; i++)
    {
      if (i)
	separate (w);
      if (shape)
	structure (w, shape, p + i * shape->bytes);
      else
	number (w, kind, p + i * element_bytes, element_bytes);
    }
  rest (w, shown, stated);
}

static const char *
right_kind (const struct trace_arg *arg)
{
  switch (arg->disposition)
    {
    case 16: return "receive";
    case 18: case 21: return "send-once";
    default: return NULL;
    }
}

static void
rights (struct writer *w, const struct trace_arg *arg)
{
  const char *kind = right_kind (arg);
  if (!arg->array && arg->rights_count == 1 && arg->number == 1)
    {
      right (w, arg->rights[0], kind);
      return;
    }
  uint32_t shown = arg->rights_count < w->style->elements ? arg->rights_count
		   : w->style->elements;
  trace_put_char (w->t, '[');
  for (uint32_t i = 0; i < shown && !w->t->cut; i++)
    {
      if (i)
	separate (w);
      right (w, arg->rights[i], kind);
    }
  rest (w, shown, arg->number);
}

static void
value (struct writer *w, const struct trace_arg *arg)
{
  unsigned bytes = arg->shape ? arg->shape->bytes : arg->element_bytes;
  switch (arg->kind)
    {
    case TRACE_PORT:
      rights (w, arg);
      return;
    case TRACE_STRING:
      string_value (w, arg);
      return;
    case TRACE_CHAR:
    case TRACE_DATA:
      bytes_value (w, arg->data, arg->data_bytes, arg->bytes, arg->out_of_line, true);
      return;
    default:
      break;
    }
  uint64_t at_hand = arg->data && bytes ? arg->data_bytes / bytes : 0;
  if (at_hand > arg->number)
    at_hand = arg->number;
  if (arg->array || at_hand != 1 || arg->number != 1)
    elements (w, arg->kind, bytes, arg->shape, arg->data, at_hand, arg->number);
  else if (arg->shape)
    structure (w, arg->shape, arg->data);
  else
    number (w, arg->kind, arg->data, bytes);
}

void
trace_format_args (struct trace_text *t, const struct trace_args *args,
		   struct trace_names *names, const struct trace_style *style)
{
  struct writer w = { t, names, style };
  bool json = style->json;

  if (json)
    trace_put_char (t, args->by_type ? '[' : '{');
  for (uint32_t i = 0; i < args->count && !t->cut; i++)
    {
      if (i)
	separate (&w);
      if (!args->by_type && args->args[i].name)
	member_name (&w, args->args[i].name, args->args[i].name_bytes);
      value (&w, &args->args[i]);
    }
  if (json)
    trace_put_char (t, args->by_type ? ']' : '}');
  else if (args->truncated)
    trace_put (t, args->count ? ", ..." : "...");
}
