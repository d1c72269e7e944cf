/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading one list of routines.  The text is copied once and cut into names where they
   stand; everything is checked before the table learns of it.  */
#include "core/trace/list.h"

#include <string.h>

struct reader
{
  struct trace_list *list;
  const struct trace_list *older;
  struct trace_list_error *error;
  char *at, *end;		/* of the line */
  uint32_t line;
};

void
trace_list_complain (struct trace_list_error *error, uint32_t line, const char *what,
		     const char *word)
{
  size_t room = sizeof error->what - 1, n = 0;
  error->line = line;
  for (const char *p = what; *p && n < room; p++)
    error->what[n++] = *p;
  if (*word && n < room)
    error->what[n++] = ' ';
  for (const char *p = word; *p && n < room; p++)
    error->what[n++] = *p >= ' ' && *p < 127 ? *p : '?';
  error->what[n] = 0;
}

static bool
refuse (struct reader *r, const char *what, const char *word)
{
  trace_list_complain (r->error, r->line, what, word);
  return false;
}

static void
skip_spaces (struct reader *r)
{
  while (r->at < r->end && (*r->at == ' ' || *r->at == '\t' || *r->at == '\r'))
    r->at++;
}

static bool
name_char (char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
	 || c == '_' || c == '-' || c == '.';
}

/* The next name, with its end at *NAME_END: whoever has looked at what follows puts the
   zero byte there.  */
static bool
read_name (struct reader *r, const char *what, char **name, char **name_end)
{
  skip_spaces (r);
  *name = r->at;
  while (r->at < r->end && name_char (*r->at))
    r->at++;
  *name_end = r->at;
  if (*name == r->at)
    return refuse (r, r->at < r->end ? "cannot read this as" : "the line ends before", what);
  if ((size_t) (r->at - *name) > TRACE_NAME_BYTES_MAX)
    return refuse (r, "too long:", what);
  return true;
}

/* A name with a space or the line's end behind it.  */
static bool
read_word (struct reader *r, const char *what, char **name)
{
  char *end;
  if (!read_name (r, what, name, &end))
    return false;
  if (r->at < r->end)
    {
      if (*r->at != ' ' && *r->at != '\t' && *r->at != '\r')
	return refuse (r, "cannot read this as", what);
      r->at++;
    }
  *end = 0;
  return true;
}

static bool
read_digits (struct reader *r, const char *what, uint32_t max, uint32_t *value)
{
  uint64_t v = 0;
  char *start;
  skip_spaces (r);
  for (start = r->at; r->at < r->end && *r->at >= '0' && *r->at <= '9'; r->at++)
    {
      v = v * 10 + (uint64_t) (*r->at - '0');
      if (v > max)
	return refuse (r, "too large:", what);
    }
  if (start == r->at)
    return refuse (r, "not a number:", what);
  *value = (uint32_t) v;
  return true;
}

static bool
read_number (struct reader *r, const char *what, uint32_t max, uint32_t *value)
{
  if (!read_digits (r, what, max, value))
    return false;
  if (r->at < r->end && name_char (*r->at))
    return refuse (r, "not a number:", what);
  return true;
}

/* C, if it comes next.  */
static bool
take_char (struct reader *r, char c)
{
  skip_spaces (r);
  if (r->at == r->end || *r->at != c)
    return false;
  r->at++;
  return true;
}

static const struct trace_struct *
find_struct (const struct reader *r, const char *name)
{
  const struct trace_list *list = r->list;
  for (uint32_t i = list->structs_count; i--;)
    if (!strcmp (list->structs[i].name, name))
      return &list->structs[i];
  for (list = r->older; list; list = list->older)
    for (uint32_t i = list->structs_count; i--;)
      if (!strcmp (list->structs[i].name, name))
	return &list->structs[i];
  return NULL;
}

static const struct
{
  const char *word;
  uint8_t kind, element_bytes;
} kinds[] = {
  { "i8", TRACE_SIGNED, 1 }, { "i16", TRACE_SIGNED, 2 }, { "i32", TRACE_SIGNED, 4 },
  { "i64", TRACE_SIGNED, 8 },
  { "u8", TRACE_UNSIGNED, 1 }, { "u16", TRACE_UNSIGNED, 2 }, { "u32", TRACE_UNSIGNED, 4 },
  { "u64", TRACE_UNSIGNED, 8 },
  { "x8", TRACE_HEX, 1 }, { "x16", TRACE_HEX, 2 }, { "x32", TRACE_HEX, 4 },
  { "x64", TRACE_HEX, 8 },
  { "o32", TRACE_OCTAL, 4 }, { "bool", TRACE_BOOL, 4 }, { "error", TRACE_ERROR, 4 },
  { "prot", TRACE_PROT, 4 }, { "real", TRACE_REAL, 8 },
  { "char", TRACE_CHAR, 1 }, { "string", TRACE_STRING, 1 }, { "data", TRACE_DATA, 1 },
  { "port", TRACE_PORT, 0 }, { "name", TRACE_PORT_NAME, 4 }, { "any", TRACE_ANY, 0 },
};

static bool
read_kind (struct reader *r, struct trace_field *field)
{
  char *word, *word_end;
  bool shape = take_char (r, '{');

  if (!read_name (r, "a kind", &word, &word_end))
    return false;
  if (shape && !take_char (r, '}'))
    return refuse (r, "no } behind a structure's name", "");
  char behind = *word_end;
  *word_end = 0;
  if (shape)
    {
      field->kind = TRACE_STRUCT;
      field->shape = find_struct (r, word);
      if (!field->shape)
	return refuse (r, "no structure of this name above:", word);
      return true;
    }
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (!strcmp (kinds[i].word, word))
      {
	field->kind = kinds[i].kind;
	field->element_bytes = kinds[i].element_bytes;
	*word_end = behind;
	return true;
      }
  return refuse (r, "no such kind:", word);
}

static bool
read_count (struct reader *r, struct trace_field *field)
{
  field->count = 1;
  if (!take_char (r, '['))
    return true;
  field->array = true;
  if (take_char (r, ']'))
    {
      field->variable = true;
      field->count = 0;
      return true;
    }
  if (!read_number (r, "a number of elements", TRACE_ELEMENTS_MAX, &field->count))
    return false;
  if (!field->count)
    return refuse (r, "an array of no elements", "");
  if (!take_char (r, ']'))
    return refuse (r, "no ] behind a number of elements", "");
  return true;
}

/* `(name: kind, ...)'.  The fields follow those that the list has.  */
static bool
read_fields (struct reader *r, const struct trace_field **fields, uint32_t *count)
{
  *fields = r->list->fields + r->list->fields_count;
  *count = 0;
  if (!take_char (r, '('))
    return refuse (r, "no ( where the arguments should start", "");
  if (take_char (r, ')'))
    return true;
  do
    {
      char *name, *name_end;
      if (++*count > TRACE_FIELDS_MAX)
	return refuse (r, "too many arguments or members", "");
      /* There are as many fields as colons.  */
      struct trace_field *field = &r->list->fields[r->list->fields_count];
      if (!read_name (r, "a name", &name, &name_end))
	return false;
      if (!take_char (r, ':'))
	return refuse (r, "no : behind a name", "");
      *name_end = 0;
      dr_assert (r->list->fields_count < r->list->fields_room);
      r->list->fields_count++;
      field->name = name;
      field->name_bytes = (uint8_t) (name_end - name);
      if (!read_kind (r, field) || !read_count (r, field))
	return false;
    }
  while (take_char (r, ','));
  if (!take_char (r, ')'))
    return refuse (r, "no ) behind the arguments", "");
  return true;
}

/* Members as C lays them out.  */
static bool
lay_out (struct reader *r, struct trace_struct *s, struct trace_field *fields)
{
  uint64_t at = 0;
  s->align = 1;
  s->depth = 1;
  for (uint32_t i = 0; i < s->fields_count; i++)
    {
      struct trace_field *f = &fields[i];
      uint32_t bytes = f->shape ? f->shape->bytes : f->element_bytes;
      uint32_t align = f->shape ? f->shape->align : f->element_bytes;
      if (!bytes || f->variable || f->kind == TRACE_STRING)
	return refuse (r, "a structure cannot have this member:", f->name);
      if (f->shape && f->shape->depth >= s->depth)
	s->depth = f->shape->depth + 1;
      if (align > s->align)
	s->align = align;
      at = (at + align - 1) / align * align;
      if (at + (uint64_t) bytes * f->count > TRACE_STRUCT_BYTES_MAX)
	return refuse (r, "too large a structure", "");
      f->offset = (uint32_t) at;
      at += (uint64_t) bytes * f->count;
    }
  at = (at + s->align - 1) / s->align * s->align;
  if (!at || at != s->bytes)
    return refuse (r, "the members do not add up to the size of", s->name);
  if (s->depth > TRACE_STRUCT_DEPTH_MAX)
    return refuse (r, "too many structures inside one another:", s->name);
  return true;
}

static bool
at_end (struct reader *r)
{
  skip_spaces (r);
  return r->at == r->end || refuse (r, "something behind the end of the line", "");
}

static bool
read_struct (struct reader *r)
{
  struct trace_list *list = r->list;
  char *name;
  if (list->structs_count == TRACE_STRUCTS_MAX)
    return refuse (r, "too many structures", "");
  struct trace_struct *s = &list->structs[list->structs_count];
  struct trace_field *fields = list->fields + list->fields_count;
  if (!read_word (r, "a structure's name", &name)
      || !read_number (r, "a structure's size", TRACE_STRUCT_BYTES_MAX, &s->bytes)
      || !read_fields (r, &s->fields, &s->fields_count))
    return false;
  s->name = name;
  if (!lay_out (r, s, fields) || !at_end (r))
    return false;
  list->structs_count++;
  return true;
}

static bool
read_routine (struct reader *r, char *subsystem)
{
  struct trace_list *list = r->list;
  struct trace_routine *routine = &list->routines[list->routines_count];
  uint32_t base, number, id, reply_id;
  char *name;

  if (!read_number (r, "the subsystem's first id", INT32_MAX, &base)
      || !read_word (r, "a routine's name", &name)
      || !read_number (r, "the routine's number", INT32_MAX, &number)
      || !read_number (r, "the request's id", INT32_MAX, &id)
      || !read_number (r, "the reply's id", INT32_MAX, &reply_id))
    return false;
  if ((uint64_t) base + number != id)
    return refuse (r, "the request's id is not the subsystem's first id and the number of", name);
  if (list->routines_count == TRACE_ROUTINES_MAX)
    return refuse (r, "too many routines", "");
  routine->subsystem = subsystem;
  routine->name = name;
  routine->id = (int32_t) id;
  routine->reply_id = (int32_t) reply_id;
  skip_spaces (r);
  if (r->at < r->end)
    {
      routine->layout = true;
      if (!read_fields (r, &routine->in, &routine->in_count)
	  || (reply_id && !read_fields (r, &routine->out, &routine->out_count)))
	return false;
    }
  if (!at_end (r))
    return false;
  list->lines[list->routines_count++] = r->line;
  return true;
}

static bool
read_line (struct reader *r)
{
  char *word;
  skip_spaces (r);
  if (r->at == r->end || *r->at == '#')
    return true;
  if (r->end - r->at > (ptrdiff_t) TRACE_LIST_LINE_BYTES_MAX)
    return refuse (r, "too long a line", "");
  if (!read_word (r, "a subsystem's name", &word))
    return false;
  return strcmp (word, "struct") ? read_routine (r, word) : read_struct (r);
}

void
trace_list_free (struct trace_list *list)
{
  struct dr_alloc alloc = list->alloc;
  dr_free_bytes (&alloc, list->text, list->text_bytes);
  dr_free_bytes (&alloc, list->routines, list->lines_room * sizeof *list->routines);
  dr_free_bytes (&alloc, list->lines, list->lines_room * sizeof *list->lines);
  dr_free_bytes (&alloc, list->structs, list->lines_room * sizeof *list->structs);
  dr_free_bytes (&alloc, list->fields, list->fields_room * sizeof *list->fields);
  dr_free_bytes (&alloc, list, sizeof *list);
}

/* As much room as the text can fill: it has no more routines and structures than lines,
   and no more fields than colons.  */
static struct trace_list *
make_room (const struct dr_alloc *alloc, const char *text, size_t bytes)
{
  struct trace_list *list = dr_alloc_zeroed (alloc, sizeof *list);
  if (!list)
    return NULL;
  list->alloc = *alloc;
  list->lines_room = 1;
  list->fields_room = 1;
  for (size_t i = 0; i < bytes; i++)
    {
      list->lines_room += text[i] == '\n';
      list->fields_room += text[i] == ':';
    }
  list->text_bytes = bytes + 1;
  list->text = dr_alloc_bytes (alloc, list->text_bytes);
  list->routines = dr_alloc_array (alloc, list->lines_room, sizeof *list->routines);
  list->lines = dr_alloc_array (alloc, list->lines_room, sizeof *list->lines);
  list->structs = dr_alloc_array (alloc, list->lines_room, sizeof *list->structs);
  list->fields = dr_alloc_array (alloc, list->fields_room, sizeof *list->fields);
  if (!list->text || !list->routines || !list->lines || !list->structs || !list->fields)
    {
      trace_list_free (list);
      return NULL;
    }
  memcpy (list->text, text, bytes);
  list->text[bytes] = 0;
  return list;
}

enum dr_status
trace_list_read (const struct dr_alloc *alloc, const char *text, size_t bytes,
		 const struct trace_list *older, struct trace_list **out,
		 struct trace_list_error *error)
{
  if (bytes > TRACE_LIST_BYTES_MAX)
    {
      trace_list_complain (error, 0, "too large a list", "");
      return DR_LIMIT;
    }
  if (bytes && memchr (text, 0, bytes))
    {
      trace_list_complain (error, 0, "a zero byte: this is no text", "");
      return DR_INVALID;
    }
  struct trace_list *list = make_room (alloc, bytes ? text : "", bytes);
  if (!list)
    return DR_NO_MEMORY;
  struct reader r = { .list = list, .older = older, .error = error, .line = 0 };
  char *at = list->text, *end = list->text + bytes;
  while (at < end)
    {
      char *newline = memchr (at, '\n', (size_t) (end - at));
      r.at = at;
      r.end = newline ? newline : end;
      r.line++;
      if (!read_line (&r))
	{
	  trace_list_free (list);
	  return DR_INVALID;
	}
      at = r.end + 1;
    }
  *out = list;
  return DR_OK;
}
