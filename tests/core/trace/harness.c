/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/core/trace/harness.h"

static void *
take (void *ctx, size_t bytes)
{
  struct memory *m = ctx;
  assert_true (bytes > 0);
  if (++m->allocations == m->fail_at)
    return NULL;
  size_t *at = malloc (sizeof (max_align_t) + bytes);
  assert_non_null (at);
  memset (at, 0xa5, sizeof (max_align_t) + bytes);
  *at = bytes;
  m->in_use += bytes;
  return (char *) at + sizeof (max_align_t);
}

static void
give (void *ctx, void *p, size_t bytes)
{
  struct memory *m = ctx;
  size_t *at = (size_t *) ((char *) p - sizeof (max_align_t));
  assert_int_equal (*at, bytes);
  m->in_use -= bytes;
  free (at);
}

void
memory_start (struct memory *m)
{
  *m = (struct memory) { .alloc = { take, give, m } };
}

void
message_start (struct message *m, int32_t id)
{
  m->bytes = 0;
  m->rights_count = m->regions_count = 0;
  m->view.id = id;
}

static void
descriptor (struct message *m, unsigned name, unsigned bits, uint32_t number, bool is_inline)
{
  uint32_t type = name | bits << 8 | (is_inline ? 1u << 29 : 0);
  assert_true (m->bytes + 16 <= sizeof m->body);
  memcpy (m->body + m->bytes, &type, 4);
  memcpy (m->body + m->bytes + 4, &number, 4);
  m->bytes += 8;
}

static void
append (struct message *m, const void *data, size_t bytes)
{
  size_t padded = (bytes + 7) & ~(size_t) 7;
  assert_true (m->bytes + padded <= sizeof m->body);
  memset (m->body + m->bytes, 0, padded);
  if (bytes)
    memcpy (m->body + m->bytes, data, bytes);
  m->bytes += padded;
}

void
message_item (struct message *m, unsigned name, unsigned bits, uint32_t number,
	      const void *data, size_t bytes)
{
  descriptor (m, name, bits, number, true);
  append (m, data, bytes);
}

void
message_i32 (struct message *m, int32_t value)
{
  message_item (m, 2, 32, 1, &value, 4);
}

void
message_i64 (struct message *m, int64_t value)
{
  message_item (m, 11, 64, 1, &value, 8);
}

void
message_chars (struct message *m, const char *text, size_t bytes)
{
  message_item (m, 8, 8, (uint32_t) bytes, text, bytes);
}

void
message_string (struct message *m, const char *text, size_t room)
{
  char buffer[1024] = { 0 };
  assert_true (strlen (text) < room && room <= sizeof buffer);
  strcpy (buffer, text);
  message_item (m, 12, 8, (uint32_t) room, buffer, room);
}

void
message_right (struct message *m, unsigned name, trace_key key)
{
  uint64_t slot = 0;
  message_item (m, name, 64, 1, &slot, 8);
  m->rights[m->rights_count++] = key;
}

void
message_far (struct message *m, unsigned name, unsigned bits, uint32_t number,
	     const void *data, size_t at_hand)
{
  uint64_t address = 0;
  descriptor (m, name, bits, number, false);
  append (m, &address, 8);
  if (name >= 16 && name <= 21)
    return;
  m->regions[m->regions_count++] = (struct trace_region) { data, at_hand };
}

const struct trace_view *
message_view (struct message *m)
{
  m->view.complex = m->rights_count || m->regions_count;
  m->view.body = m->body;
  m->view.body_bytes = m->bytes;
  m->view.rights = m->rights;
  m->view.rights_count = m->rights_count;
  m->view.regions = m->regions;
  m->view.regions_count = m->regions_count;
  return &m->view;
}

struct trace_defs *
defs_of (struct memory *m, const char *text)
{
  struct trace_list_error error;
  struct trace_defs *defs = trace_defs_new (&m->alloc);
  assert_non_null (defs);
  if (trace_defs_parse (defs, text, strlen (text), &error))
    fail_msg ("line %u: %s", error.line, error.what);
  return defs;
}

struct trace_defs *
defs_builtin (struct memory *m)
{
  assert_int_equal (strlen (trace_builtin_list), trace_builtin_list_bytes);
  return defs_of (m, trace_builtin_list);
}

void
lines_write (void *ctx, const char *text, size_t bytes)
{
  struct lines *l = ctx;
  assert_true (bytes > 0);
  assert_true (l->bytes + bytes < sizeof l->text);
  memcpy (l->text + l->bytes, text, bytes);
  l->bytes += bytes;
}

void
lines_are (struct lines *l, const char *expected)
{
  l->text[l->bytes] = 0;
  assert_string_equal (l->text, expected);
  l->bytes = 0;
}

/* --- a JSON parser that takes nothing in --- */

struct json
{
  const char *at, *end;
};

static char
peek (struct json *j)
{
  return j->at < j->end ? *j->at : 0;
}

static void
expect (struct json *j, char c)
{
  if (peek (j) != c)
    fail_msg ("no '%c' before: %.60s", c, j->at);
  j->at++;
}

static void
json_string (struct json *j)
{
  expect (j, '"');
  while (peek (j) != '"')
    {
      unsigned char c = (unsigned char) peek (j);
      assert_true (j->at < j->end && c >= ' ' && c != 127);
      j->at++;
      if (c == '\\')
	{
	  if (peek (j) == 'u')
	    for (int i = 0; i < 4; i++)
	      assert_non_null (strchr ("0123456789abcdef", *++j->at));
	  else
	    assert_non_null (strchr ("\"\\bfnrt", peek (j)));
	  j->at++;
	}
      else if (c >= 0x80)
	{
	  int more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
	  assert_true (c >= 0xc2 && c < 0xf5);
	  while (more--)
	    assert_int_equal (*j->at++ & 0xc0, 0x80);
	}
    }
  j->at++;
}

static void
json_value (struct json *j)
{
  char c = peek (j);
  if (c == '{' || c == '[')
    {
      char end = c == '{' ? '}' : ']';
      j->at++;
      for (bool first = true; peek (j) != end; first = false)
	{
	  if (!first)
	    expect (j, ',');
	  if (c == '{')
	    {
	      json_string (j);
	      expect (j, ':');
	    }
	  json_value (j);
	}
      j->at++;
    }
  else if (c == '"')
    json_string (j);
  else if (c == 't' || c == 'f' || c == 'n')
    {
      const char *word = c == 't' ? "true" : c == 'f' ? "false" : "null";
      assert_true ((size_t) (j->end - j->at) >= strlen (word));
      assert_memory_equal (j->at, word, strlen (word));
      j->at += strlen (word);
    }
  else
    {
      if (peek (j) == '-')
	j->at++;
      assert_true (peek (j) >= '0' && peek (j) <= '9');
      while ((peek (j) >= '0' && peek (j) <= '9') || peek (j) == '.')
	j->at++;
    }
}

void
json_is_valid (const char *text, size_t bytes)
{
  struct json j = { text, text + bytes };
  json_value (&j);
  assert_ptr_equal (j.at, j.end);
}
