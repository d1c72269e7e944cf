/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages with any body through the whole tracer, as text and as JSON.  The input is a chain of
   messages: 8 bytes of what it is, then its body.  The layouts are the real ones.  */
#include <stdlib.h>
#include <string.h>

#include "core/trace/builtin.h"
#include "core/trace/tracer.h"
#include "fuzz/heap.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

#define KEYS 8
#define REGIONS 3

/* Lines are printable, whole, and in JSON balanced outside strings.  */
struct sink
{
  bool json, string, escape;
  int depth;
  bool ended;
};

static void
check_line (void *ctx, const char *text, size_t bytes)
{
  struct sink *s = ctx;
  dr_assert (bytes > 0);
  for (size_t i = 0; i < bytes; i++)
    {
      unsigned char c = (unsigned char) text[i];
      s->ended = c == '\n';
      dr_assert (s->json ? c >= ' ' || c == '\n' : (c >= ' ' && c < 127) || c == '\n');
      if (!s->json)
	continue;
      if (s->escape)
	s->escape = false;
      else if (s->string)
	{
	  s->escape = c == '\\';
	  s->string = c != '"';
	  dr_assert (c != '\n');
	}
      else if (c == '"')
	s->string = true;
      else if (c == '{' || c == '[')
	s->depth++;
      else if (c == '}' || c == ']')
	dr_assert (s->depth-- > 0);
      else if (c == '\n')
	dr_assert (s->depth == 0);
    }
}

static void
run (const struct trace_defs *defs, const uint8_t *data, size_t size, bool json, bool summary)
{
  static const uint8_t far_away[40] = "out of line \xff\xfe\x01";
  struct sink sink = { .json = json, .ended = true };
  struct trace_options options = {
    .style = { json, 24, 3 }, .times = true, .summary = summary, .write = check_line,
    .ctx = &sink,
  };
  struct trace_names *names = trace_names_new (&heap, 6);
  struct tracer *tracer = tracer_new (&heap, &options, defs, NULL, names, 0);
  uint64_t now = 0;

  tracer_task (tracer, 1, 77);
  while (size >= 8)
    {
      trace_key keys[KEYS];
      struct trace_region regions[REGIONS];
      /* id: one of the table's, its reply, or any; who, where to; bytes of the body */
      uint16_t pick = (uint16_t) (data[0] | data[1] << 8);
      const struct trace_routine *r = trace_defs_at (defs, pick % trace_defs_count (defs));
      size_t bytes = (size_t) (data[2] | (data[3] & 3) << 8);
      uint8_t how = data[4];
      struct trace_message m = {
	.from = how & 1, .to = how >> 1 & 1, .target = data[5] % 7, .reply = data[6] % 7,
	.view = { .id = how & 4 ? r->reply_id : how & 8 ? (int32_t) pick : r->id },
      };
      int counts = data[7];
      data += 8;
      size -= 8;
      if (bytes > size)
	bytes = size;
      for (int i = 0; i < KEYS; i++)
	keys[i] = i == 5 ? TRACE_KEY_DEAD : (trace_key) ((i + how) % 9);
      for (int i = 0; i < REGIONS; i++)
	regions[i] = (struct trace_region) { i == 1 ? NULL : far_away, i == 1 ? 0 : sizeof far_away };
      uint8_t *body = malloc (bytes + !bytes);
      memcpy (body, data, bytes);
      m.view.body = body;
      m.view.body_bytes = bytes;
      m.view.rights = keys;
      m.view.rights_count = (uint32_t) counts % (KEYS + 1);
      m.view.regions = regions;
      m.view.regions_count = (uint32_t) (counts >> 4) % (REGIONS + 1);
      tracer_message (tracer, &m, now += 3);
      free (body);
      if (how & 16)
	tracer_right_died (tracer, m.target, now);
      if (how & 32)
	tracer_task_ended (tracer, 1, now);
      data += bytes;
      size -= bytes;
    }
  tracer_end (tracer, now);
  dr_assert (sink.ended && !sink.depth && !sink.string);
  tracer_free (tracer);
  trace_names_free (names);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  static struct trace_defs *defs;
  struct trace_list_error error;
  if (!defs)
    {
      defs = trace_defs_new (&heap);
      dr_assert (!trace_defs_parse (defs, trace_builtin_list, trace_builtin_list_bytes, &error));
    }
  run (defs, data, size, false, false);
  run (defs, data, size, true, false);
  run (defs, data, size, size & 1, true);
  return 0;
}
