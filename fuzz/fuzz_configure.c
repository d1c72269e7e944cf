/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of the node's Internet server, from its file or from its options: each is what was
   written, or is complained of in one line.  The first byte of the input says which of the two;
   of options, each name and each value ends with a zero byte.  */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "node/inet/configure.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);
FILE *fuzz_fopen (const char *name, const char *mode);

static const char *text;	/* of the file, with a zero byte behind it */
static size_t text_bytes;

FILE *
fuzz_fopen (const char *name, const char *mode)
{
  /* There is no file of no bytes here: one with a note says as much.  */
  return text_bytes > 0 ? fmemopen ((void *) text, text_bytes, mode) : fmemopen ((void *) "#", 1, mode);
}

static void
check_complaint (const char *problem)
{
  size_t length = strnlen (problem, configure_problem_bytes);
  dr_assert (length > 0 && length < configure_problem_bytes);
  for (size_t i = 0; i < length; i++)
    dr_assert ((unsigned char) problem[i] >= ' ' && problem[i] != 0x7f);
}

/* --- What a file says, read once more -------------------------------------------------------------- */

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r';
}

/* The word at *AT, of which the next begins behind it; 0: there is none.  */
static size_t
next_word (const char **at, const char *end, const char **word)
{
  while (*at < end && is_blank (**at))
    ++*at;
  *word = *at;
  while (*at < end && !is_blank (**at))
    ++*at;
  return (size_t) (*at - *word);
}

static bool
is_word (const char *word, size_t bytes, const char *name)
{
  return bytes == strlen (name) && memcmp (word, name, bytes) == 0;
}

static bool
expect_line (struct configuration *expected, const char *line, size_t bytes)
{
  const char *note = memchr (line, '#', bytes), *at = line, *end = note ? note : line + bytes, *name, *value, *more;
  char address[INET_ADDRSTRLEN];
  struct in_addr parsed;
  if (memchr (line, '\0', bytes))
    return false;
  size_t name_bytes = next_word (&at, end, &name), value_bytes = next_word (&at, end, &value);
  if (name_bytes == 0)
    return true;
  uint32_t *place = is_word (name, name_bytes, "address") ? &expected->address
		    : is_word (name, name_bytes, "netmask") ? &expected->netmask
		    : is_word (name, name_bytes, "gateway") ? &expected->gateway : NULL;
  if (!place || value_bytes == 0 || value_bytes >= sizeof address || next_word (&at, end, &more) > 0)
    return false;
  memcpy (address, value, value_bytes);
  address[value_bytes] = '\0';
  if (inet_pton (AF_INET, address, &parsed) != 1)
    return false;
  *place = parsed.s_addr;
  return true;
}

static bool
expect_file (struct configuration *expected)
{
  for (const char *line = text, *end = text + text_bytes; line < end;)
    {
      const char *stop = memchr (line, '\n', (size_t) (end - line));
      size_t bytes = (size_t) ((stop ? stop : end) - line);
      if (!expect_line (expected, line, bytes))
	return false;
      line += bytes + 1;
    }
  return true;
}

/* --- One input ------------------------------------------------------------------------------------ */

static bool
set_options (struct configuration *configuration, char *problem)
{
  const char *end = text + text_bytes;
  for (const char *name = text; name < end;)
    {
      const char *value = name + strlen (name) + 1;
      if (value > end)
	value = end;
      if (!configure_set (configuration, name, value, problem))
	return false;
      name = value + strlen (value) + 1;
    }
  return true;
}

static void
check_settings (const struct configuration *given, const struct configuration *checked)
{
  uint32_t mask = ntohl (checked->netmask);
  dr_assert (checked->address == given->address && checked->gateway == given->gateway);
  dr_assert (checked->netmask == given->netmask || given->netmask == 0);
  if (checked->address == 0)
    {
      dr_assert (checked->netmask == 0 && checked->gateway == 0);
      return;
    }
  for (int bit = 1; bit < 32; bit++)	/* ones, then zeroes */
    dr_assert (!(mask >> (bit - 1) & 1) || (mask >> bit & 1));
  dr_assert (checked->gateway == 0
	     || (checked->gateway & checked->netmask) == (checked->address & checked->netmask));
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct configuration configuration = { 0 }, expected = { 0 };
  char problem[configure_problem_bytes] = "";
  if (size < 1)
    return 0;
  char *copy = malloc (size);
  memcpy (copy, data + 1, size - 1);
  copy[size - 1] = '\0';
  text = copy;
  text_bytes = size - 1;
  bool file = data[0] & 1;
  bool good = file ? configure_read (&configuration, "/etc/network", problem) : set_options (&configuration, problem);
  if (file)
    {
      dr_assert (good == expect_file (&expected));
      dr_assert (!good || memcmp (&configuration, &expected, sizeof expected) == 0);
    }
  expected = configuration;
  if (good && configure_check (&configuration, problem))
    check_settings (&expected, &configuration);
  else
    check_complaint (problem);
  free (copy);
  return 0;
}
