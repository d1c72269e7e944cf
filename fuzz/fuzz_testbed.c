/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the testbed reads: the switch's commands, what comes from a machine's network card, and
   what a machine's console prints.  The first byte of the input says which.  */
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "testbed/marks.h"
#include "testbed/switch.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { REPLY_BYTES = 512, PIECE_BYTES = 61 };

static struct ether_switch ether;

static void
commands (const uint8_t *data, size_t size)
{
  switch_init (&ether, 4, 1);
  while (size > 0)
    {
      const uint8_t *end = memchr (data, '\n', size);
      size_t bytes = end != NULL ? (size_t) (end - data) : size;
      char *line = malloc (bytes + 1), *reply = malloc (REPLY_BYTES);
      memcpy (line, data, bytes);
      line[bytes] = '\0';
      memset (reply, 0x55, REPLY_BYTES);
      switch_command (&ether, line, reply, REPLY_BYTES);
      dr_assert (memchr (reply, '\0', REPLY_BYTES) != NULL && reply[0] != '\0' && strchr (reply, '\n') == NULL);
      for (unsigned i = 0; i < ether.ports; i++)
	dr_assert (ether.impair.port[i].loss_ppm <= IMPAIR_PPM);
      free (line);
      free (reply);
      data += bytes + (end != NULL);
      size -= bytes + (end != NULL);
    }
}

static void
forward (void *context, const unsigned char *frame, unsigned length)
{
  unsigned char *copy = malloc (length);
  memcpy (copy, frame, length);
  switch_frame (&ether, 1, copy, length);
  free (copy);
}

static void
network (const uint8_t *data, size_t size)
{
  switch_init (&ether, 4, 1);
  struct port *p = &ether.port[1];
  bool good = true;
  while (size > 0 && good)
    {
      size_t bytes = size < PIECE_BYTES ? size : PIECE_BYTES;
      dr_assert (p->in_used + bytes <= sizeof p->in);
      memcpy (p->in + p->in_used, data, bytes);
      good = port_hand_over (p, bytes, forward, NULL);
      data += bytes;
      size -= bytes;
      ether.now_ns += 1000000;
      switch_release (&ether);
    }
}

static size_t printed;

static void
print (void *context, const char *bytes, size_t count)
{
  for (size_t i = 0; i < count; i++)
    printed += ((const volatile char *) bytes)[i] != '\0';
}

static void
console (const uint8_t *data, size_t size)
{
  struct marks marks;
  marks_init (&marks, "0123456789abcdef", print, NULL);
  marks_feed (&marks, (const char *) data, size);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < 1)
    return 0;
  void (*const what[]) (const uint8_t *, size_t) = { commands, network, console };
  what[data[0] % 3] (data + 1, size - 1);
  return 0;
}
