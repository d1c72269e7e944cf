/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmsg's key file and its command line, which is also that of a passive translator: each
   is understood or complained of.  The first byte of the input says which.  */
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "core/base/status.h"
#include "netmsg/keys.h"
#include "netmsg/options.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { WORDS_MAX = 32 };

static void
key_file (char *text)
{
  unsigned char secret[KEY_BYTES], again[KEY_BYTES];
  char copy[KEY_TEXT_BYTES];
  if (!keys_parse (text, secret))
    return;
  key_to_text (secret, copy);
  dr_assert (key_from_text (copy, strlen (copy), again) && memcmp (secret, again, sizeof secret) == 0);
}

/* Words end with a zero byte.  */
static void
command_line (char *text, size_t size)
{
  char program[] = "netmsg", *words[WORDS_MAX + 2] = { program };
  struct options options;
  struct complaint complaint = { 0 };
  int count = 1;
  for (char *end = text + size; text < end && count <= WORDS_MAX; text += strlen (text) + 1)
    words[count++] = text;
  if (!options_parse (count, words, &options, &complaint))
    {
      dr_assert (complaint.text[0] != '\0');
      return;
    }
  dr_assert (options.port >= 1 && options.silence_seconds >= 1
	     && options.silence_seconds <= SILENCE_SECONDS_MAX);
  dr_assert (options.verb != VERB_SERVE || options.argument[0] == '/');
  dr_assert (options.verb != VERB_TRANSLATE || options.argument != NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1 || sodium_init () < 0)
    return 0;
  char *text = malloc (size);
  memcpy (text, data + 1, size - 1);
  text[size - 1] = '\0';
  if (data[0] & 1)
    command_line (text, size - 1);
  else
    key_file (text);
  free (text);
  return 0;
}
