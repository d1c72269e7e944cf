/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages go in, lines come out.  */
#include "tests/core/trace/harness.h"

enum { COPY_SEND = 19, MAKE_SEND = 20, MOVE_SEND = 17, MAKE_SEND_ONCE = 21 };

/* Keys.  */
enum { TASK = 100, ROOT = 200, FILE_RIGHT, REPLY = 300, REPLY2, SERVER = 400 };

static struct world
{
  struct memory memory;
  struct trace_defs *defs;
  struct trace_filter *filter;
  struct trace_names *names;
  struct tracer *tracer;
  struct message message;
  struct lines lines;
  uint64_t now;
} w;

static void
world_start (bool json, bool times, bool summary)
{
  struct trace_options options = {
    .style = { .json = json, .string_bytes = 32, .elements = 4 }, .times = times,
    .summary = summary, .write = lines_write, .ctx = &w.lines,
  };
  memory_start (&w.memory);
  w.defs = defs_builtin (&w.memory);
  w.filter = trace_filter_new (&w.memory.alloc, w.defs);
  w.names = trace_names_new (&w.memory.alloc, 1000);
  w.now = 5000000;
  w.tracer = tracer_new (&w.memory.alloc, &options, w.defs, w.filter, w.names, w.now);
  w.lines.bytes = 0;
  assert_non_null (w.tracer);
}

static void
world_stop (void)
{
  tracer_free (w.tracer);
  trace_names_free (w.names);
  trace_filter_free (w.filter);
  trace_defs_free (w.defs);
  assert_int_equal (w.memory.in_use, 0);
}

static void
send (uint32_t from, uint32_t to, trace_key target, trace_key reply)
{
  struct trace_message m = { from, to, target, reply, *message_view (&w.message) };
  tracer_message (w.tracer, &m, w.now);
}

static void
lookup (uint32_t from, trace_key target, const char *name, trace_key reply)
{
  message_start (&w.message, 20018);
  message_string (&w.message, name, 1024);
  message_i32 (&w.message, 1);
  message_i32 (&w.message, 0644);
  send (from, 0, target, reply);
}

static void
lookup_reply (uint32_t caller, trace_key reply, const char *retry, trace_key result)
{
  message_start (&w.message, 20118);
  message_i32 (&w.message, 0);
  message_i32 (&w.message, 1);
  message_string (&w.message, retry, 1024);
  message_right (&w.message, MOVE_SEND, result);
  send (0, caller, reply, 0);
}

static void
read_request (uint32_t from, trace_key target, trace_key reply)
{
  message_start (&w.message, 21001);
  message_i64 (&w.message, -1);
  message_i64 (&w.message, 4096);
  send (from, 0, target, reply);
}

static void
read_reply (uint32_t caller, trace_key reply, const char *text)
{
  message_start (&w.message, 21101);
  message_i32 (&w.message, 0);
  message_chars (&w.message, text, strlen (text));
  send (0, caller, reply, 0);
}

static void
error_reply (uint32_t caller, trace_key reply, int32_t id, int32_t error)
{
  message_start (&w.message, id);
  message_i32 (&w.message, error);
  send (0, caller, reply, 0);
}

static void
calls_and_replies (void **state)
{
  world_start (false, false, false);
  uint32_t task = tracer_task (w.tracer, TASK, 12);
  assert_int_equal (task, 1);
  trace_names_set (w.names, ROOT, TRACE_THING_FILE, "/", 1, false);

  lookup (task, ROOT, "etc/passwd", REPLY);
  lines_are (&w.lines, "task 1 (pid 12): file \"/\"->dir_lookup (file_name: \"etc/passwd\", flags: 0x1, mode: 0644)");
  lookup_reply (task, REPLY, "", FILE_RIGHT);
  lines_are (&w.lines, " = 0 (do_retry: 1, retry_name: \"\", result: file \"/etc/passwd\")\n");

  read_request (task, FILE_RIGHT, REPLY);
  read_reply (task, REPLY, "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534");
  lines_are (&w.lines, "task 1 (pid 12): file \"/etc/passwd\"->io_read (offset: -1, amount: 4096)"
	     " = 0 (data: \"root:x:0:0:root:/root:/bin/sh\\nno\"..., 44 bytes)\n");

  lookup (task, ROOT, "nowhere", REPLY);
  error_reply (task, REPLY, 20118, 0x40000002);
  lines_are (&w.lines, "task 1 (pid 12): file \"/\"->dir_lookup (file_name: \"nowhere\", flags: 0x1, mode: 0644)"
	     " = ENOENT (0x40000002)\n");

  message_start (&w.message, 3204);
  message_i32 (&w.message, 1);
  send (task, 0, TASK, REPLY);
  error_reply (task, REPLY, 3304, 6);
  lines_are (&w.lines, "task 1 (pid 12): task 1->mach_port_allocate (right: 1) = KERN_RESOURCE_SHORTAGE (6)\n");
  world_stop ();
}

static void
replies_interleave (void **state)
{
  world_start (false, false, false);
  uint32_t task = tracer_task (w.tracer, TASK, 12), child = tracer_task (w.tracer, TASK + 1, 0);
  assert_int_equal (child, 2);
  read_request (task, FILE_RIGHT, REPLY);
  read_request (child, FILE_RIGHT, REPLY2);
  read_reply (task, REPLY, "first");
  read_reply (child, REPLY2, "second");
  lines_are (&w.lines,
	     "task 1 (pid 12): port 3->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
	     "task 2: port 3->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
	     "task 1 (pid 12): <... io_read resumed> = 0 (data: \"first\")\n"
	     "task 2: <... io_read resumed> = 0 (data: \"second\")\n");
  world_stop ();
}

static void
replies_to_calls_not_seen (void **state)
{
  for (int json = 0; json < 2; json++)
    {
      world_start (json, false, false);
      uint32_t task = tracer_task (w.tracer, TASK, 12);
      read_request (task, FILE_RIGHT, REPLY);
      read_reply (task, REPLY2, "first");
      read_reply (task, REPLY, "second");
      lines_are (&w.lines, json
		 ? "{\"time\":0.000000,\"task\":1,\"pid\":12,\"id\":21001,\"rpc\":\"io_read\",\"subsystem\":\"io\","
		   "\"result\":{\"code\":0,\"name\":\"KERN_SUCCESS\"},\"out\":{\"data\":\"first\"}}\n"
		   "{\"time\":0.000000,\"task\":1,\"pid\":12,\"target\":{\"port\":2},\"id\":21001,\"rpc\":\"io_read\","
		   "\"subsystem\":\"io\",\"in\":{\"offset\":-1,\"amount\":4096},"
		   "\"result\":{\"code\":0,\"name\":\"KERN_SUCCESS\"},\"out\":{\"data\":\"second\"}}\n"
		 : "task 1 (pid 12): port 2->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
		   "task 1 (pid 12): <... io_read resumed> = 0 (data: \"first\")\n"
		   "task 1 (pid 12): <... io_read resumed> = 0 (data: \"second\")\n");
      world_stop ();
    }
}

static void
one_way_and_notifications (void **state)
{
  int32_t zero = 0;
  world_start (false, false, false);
  uint32_t task = tracer_task (w.tracer, TASK, 0);

  message_start (&w.message, 4205);
  message_i64 (&w.message, 0x20001000);
  message_i32 (&w.message, 5);
  message_i32 (&w.message, 3);
  send (task, 0, TASK, TRACE_KEY_NULL);
  message_start (&w.message, 72);
  message_item (&w.message, 15, 32, 1, &(int32_t) { 34 }, 4);
  send (0, task, SERVER, TRACE_KEY_NULL);
  message_start (&w.message, 70);
  message_i32 (&w.message, 9);
  send (0, task, SERVER, TRACE_KEY_NULL);
  /* A routine that has no reply, sent with a reply right all the same.  */
  message_start (&w.message, 21014);
  message_right (&w.message, MAKE_SEND, TRACE_KEY_DEAD);
  send (task, 0, FILE_RIGHT, REPLY);
  /* Nobody's: shown by type.  */
  message_start (&w.message, 987654);
  message_i32 (&w.message, -7);
  message_item (&w.message, 2, 32, 2, (int32_t[]) { 1, 2 }, 8);
  message_chars (&w.message, "a\"b\x01", 4);
  message_item (&w.message, 0, 32, 1, &zero, 4);
  message_right (&w.message, MAKE_SEND_ONCE, REPLY2);
  send (task, 0, FILE_RIGHT, TRACE_KEY_NULL);
  lines_are (&w.lines,
	     "task 1: task 1->gsync_wake (addr: 0x20001000, val: 5, flags: 0x3)\n"
	     "-> task 1: port 2->mach_notify_dead_name (name: 34)\n"
	     "-> task 1: port 2->mach_notify_no_senders (mscount: 9)\n"
	     "task 1: port 3->io_reauthenticate (rendezvous2: dead)\n"
	     "task 1: port 3->msg 987654 (-7, [1, 2], \"a\\\"b\\001\", \"\\000\\000\\000\\000\", send-once port 4)\n");
  world_stop ();
}

static void
calls_without_a_reply (void **state)
{
  world_start (false, true, false);
  uint32_t task = tracer_task (w.tracer, TASK, 0);
  read_request (task, FILE_RIGHT, REPLY);
  w.now += 1500;
  message_start (&w.message, 71);
  send (0, task, REPLY, TRACE_KEY_NULL);
  read_request (task, FILE_RIGHT, REPLY);
  w.now += 1000000;
  tracer_right_died (w.tracer, REPLY, w.now);
  read_request (task, FILE_RIGHT, REPLY);
  read_request (0, FILE_RIGHT, REPLY2);
  tracer_task_ended (w.tracer, task, w.now);
  tracer_end (w.tracer, w.now + 10);
  lines_are (&w.lines,
	     "0.000000 task 1: port 2->io_read (offset: -1, amount: 4096) = ? <send-once right destroyed> <0.001500>\n"
	     "0.001500 task 1: port 2->io_read (offset: -1, amount: 4096) = ? <reply right destroyed> <1.000000>\n"
	     "1.001500 task 1: port 2->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
	     "1.001500 port 2->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
	     "1.001500 task 1: <... io_read resumed> = ? <the task ended> <0.000000>\n"
	     "1.001500 +++ task 1 ended +++\n"
	     "1.001510 <... io_read resumed> = ? <not answered yet> <0.000010>\n");
  world_stop ();
}

static void
a_message_to_a_server (void **state)
{
  world_start (false, false, false);
  uint32_t task = tracer_task (w.tracer, TASK, 3);
  message_start (&w.message, 21013);
  send (0, task, SERVER, REPLY);
  tracer_note (w.tracer, task, "attached", w.now);
  int64_t stat[22] = { 0 };
  stat[2] = 77;			/* st_ino */
  ((int32_t *) stat)[10] = 0100644;	/* st_mode */
  stat[8] = 4096;		/* st_size */
  message_start (&w.message, 21113);
  message_i32 (&w.message, 0);
  message_item (&w.message, 11, 64, 22, stat, sizeof stat);
  send (task, 0, REPLY, 0);
  w.lines.text[w.lines.bytes] = 0;
  assert_non_null (strstr (w.lines.text, "-> task 1 (pid 3): port 2->io_stat () <unfinished ...>\n"
			   "+++ task 1 (pid 3) attached +++\n"
			   "-> task 1 (pid 3): <... io_stat resumed> = 0 (stat_info: {st_fstype: 0, st_fsid: 0, st_ino: 77, st_gen: 0,"));
  world_stop ();
}

static void
odd_replies (void **state)
{
  world_start (false, false, false);
  uint32_t task = tracer_task (w.tracer, TASK, 0);
  /* The wrong id; no return code; and a body that does not fit the layout.  */
  read_request (task, FILE_RIGHT, REPLY);
  error_reply (task, REPLY, 55555, -303);
  read_request (task, FILE_RIGHT, REPLY);
  message_start (&w.message, 21101);
  send (0, task, REPLY, 0);
  read_request (task, FILE_RIGHT, REPLY);
  message_start (&w.message, 21101);
  message_i32 (&w.message, 0);
  message_i32 (&w.message, 5);
  send (0, task, REPLY, 0);
  /* Cut off in the middle.  */
  message_start (&w.message, 21001);
  message_i64 (&w.message, -1);
  message_i64 (&w.message, 4096);
  w.message.bytes -= 3;
  send (task, 0, FILE_RIGHT, REPLY);
  lines_are (&w.lines,
	     "task 1: port 2->io_read (offset: -1, amount: 4096) = msg 55555 MIG_BAD_ID (-303)\n"
	     "task 1: port 2->io_read (offset: -1, amount: 4096) = ?\n"
	     "task 1: port 2->io_read (offset: -1, amount: 4096) = 0 (5)\n"
	     "task 1: port 2->io_read (-1, ...)");
  world_stop ();
}

static void
two_calls_wait_for_one_port (void **state)
{
  world_start (false, false, false);
  read_request (0, FILE_RIGHT, REPLY);
  message_start (&w.message, 21003);
  send (0, 0, FILE_RIGHT, REPLY);
  message_start (&w.message, 21103);
  message_i32 (&w.message, 0);
  message_i64 (&w.message, 10);
  send (0, 0, REPLY, 0);
  read_reply (0, REPLY, "x");
  lines_are (&w.lines,
	     "port 1->io_read (offset: -1, amount: 4096) <unfinished ...>\n"
	     "port 1->io_readable () = 0 (amount: 10)\n"
	     "<... io_read resumed> = 0 (data: \"x\")\n");
  world_stop ();
}

static void
as_json (void **state)
{
  world_start (true, true, false);
  uint32_t task = tracer_task (w.tracer, TASK, 12);
  trace_names_set (w.names, ROOT, TRACE_THING_FILE, "/", 1, false);
  lookup (task, ROOT, "e\xff\"", REPLY);
  read_request (0, FILE_RIGHT, REPLY2);
  w.now += 25;
  lookup_reply (task, REPLY, "", FILE_RIGHT);
  message_start (&w.message, 21101);
  message_i32 (&w.message, 0);
  message_far (&w.message, 8, 8, 65536, "far away", 8);
  send (0, 0, REPLY2, 0);
  lines_are (&w.lines,
	     "{\"time\":0.000000,\"task\":1,\"pid\":12,\"target\":{\"port\":2,\"is\":\"file\",\"name\":\"/\"},\"id\":20018,"
	     "\"rpc\":\"dir_lookup\",\"subsystem\":\"fs\",\"in\":{\"file_name\":\"e\xef\xbf\xbd\\\"\",\"flags\":1,\"mode\":420},"
	     "\"result\":{\"code\":0,\"name\":\"KERN_SUCCESS\"},\"out\":{\"do_retry\":1,\"retry_name\":\"\","
	     "\"result\":{\"port\":3,\"is\":\"file\",\"name\":\"/e\xef\xbf\xbd\\\"\"}},\"took\":0.000025}\n"
	     "{\"time\":0.000000,\"target\":{\"port\":3},\"id\":21001,\"rpc\":\"io_read\",\"subsystem\":\"io\","
	     "\"in\":{\"offset\":-1,\"amount\":4096},\"result\":{\"code\":0,\"name\":\"KERN_SUCCESS\"},"
	     "\"out\":{\"data\":{\"text\":\"far away\",\"bytes\":65536,\"out_of_line\":true}},\"took\":0.000025}\n");
  world_stop ();
}

static void
every_json_line_is_json (void **state)
{
  static uint8_t noise[20000];
  srand (1);
  for (int round = 0; round < 200; round++)
    {
      world_start (true, round & 1, false);
      uint32_t task = tracer_task (w.tracer, TASK, round);
      for (size_t i = 0; i < sizeof noise; i++)
	noise[i] = (uint8_t) rand ();
      trace_names_set (w.names, ROOT, TRACE_THING_FILE, (char *) noise, (size_t) (round * 10), false);
      message_start (&w.message, round % 3 ? 21000 : 123);
      message_chars (&w.message, (char *) noise, (size_t) round * 100);
      if (round % 4)
	message_i64 (&w.message, (int64_t) round << 55);
      message_right (&w.message, MOVE_SEND, ROOT);
      send (task, 0, ROOT, round & 4 ? REPLY : 0);
      if (round & 8)
	error_reply (task, REPLY, 21100, rand ());
      tracer_note (w.tracer, task, "no\"te", w.now);
      tracer_end (w.tracer, w.now);
      char *at = w.lines.text, *end = at + w.lines.bytes, *newline;
      for (; at < end; at = newline + 1)
	{
	  newline = memchr (at, '\n', (size_t) (end - at));
	  assert_non_null (newline);
	  json_is_valid (at, (size_t) (newline - at));
	}
      assert_true (w.lines.bytes > 0);
      world_stop ();
    }
}

static void
long_lines_are_cut (void **state)
{
  static char much[60000];
  memset (much, 1, sizeof much);
  for (int json = 0; json < 2; json++)
    {
      struct trace_options options = {
	.style = { .json = json, .string_bytes = SIZE_MAX, .elements = UINT32_MAX },
	.write = lines_write, .ctx = &w.lines,
      };
      world_start (false, false, false);
      tracer_free (w.tracer);
      w.tracer = tracer_new (&w.memory.alloc, &options, w.defs, w.filter, w.names, w.now);
      trace_names_set (w.names, ROOT, TRACE_THING_FILE, much, sizeof much, false);
      message_start (&w.message, 21000);
      message_chars (&w.message, much, sizeof much);
      message_i64 (&w.message, 0);
      send (0, 0, ROOT, 0);
      assert_true (w.lines.bytes <= TRACE_LINE_BYTES_MAX);
      assert_int_equal (w.lines.text[w.lines.bytes - 1], '\n');
      w.lines.text[w.lines.bytes] = 0;
      if (json)
	{
	  json_is_valid (w.lines.text, w.lines.bytes - 1);
	  assert_non_null (strstr (w.lines.text, "\"in\":null,\"in_cut\":true}"));
	}
      else
	assert_non_null (strstr (w.lines.text, "... <line cut>)\n"));
      world_stop ();
    }
}

static void
chosen_routines (void **state)
{
  char error[128];
  world_start (false, false, false);
  assert_int_equal (trace_filter_add (w.filter, "io_read", error, sizeof error), DR_OK);
  trace_names_set (w.names, ROOT, TRACE_THING_FILE, "/", 1, false);
  /* What is not shown teaches names all the same.  */
  lookup (0, ROOT, "etc/motd", REPLY);
  lookup_reply (0, REPLY, "", FILE_RIGHT);
  read_request (0, FILE_RIGHT, REPLY);
  read_reply (0, REPLY, "hi");
  lines_are (&w.lines, "file \"/etc/motd\"->io_read (offset: -1, amount: 4096) = 0 (data: \"hi\")\n");
  world_stop ();
}

static void
a_summary (void **state)
{
  world_start (false, false, true);
  for (int i = 0; i < 3; i++)
    {
      read_request (0, FILE_RIGHT, REPLY);
      w.now += 1000;
      if (i)
	read_reply (0, REPLY, "x");
      else
	error_reply (0, REPLY, 21101, 5);
    }
  message_start (&w.message, 72);
  message_item (&w.message, 15, 32, 1, &(int32_t) { 34 }, 4);
  send (0, 0, SERVER, 0);
  lookup (0, ROOT, "x", REPLY);
  w.now += 1000;
  lookup_reply (0, REPLY, "", FILE_RIGHT);
  message_start (&w.message, 4711);
  send (0, 0, SERVER, REPLY);
  tracer_note (w.tracer, 0, "not shown", w.now);
  tracer_end (w.tracer, w.now);
  lines_are (&w.lines,
	     "% time      seconds usecs/call     calls   errors   oneway no reply rpc\n"
	     "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
	     " 75.00     0.003000       1000         3        1        0        0 io_read\n"
	     " 25.00     0.001000       1000         1        0        0        0 dir_lookup\n"
	     "  0.00     0.000000          0         0        0        1        0 mach_notify_dead_name\n"
	     "  0.00     0.000000          0         0        0        0        1 id 4711\n"
	     "------ ------------ ---------- --------- -------- -------- -------- ----------------\n"
	     "100.00     0.004000       1000         4        1        1        1 total\n");
  world_stop ();
}

/* Whatever cannot be had, nothing is lost but names and matches.  */
static void
every_allocation_fails (void **state)
{
  for (size_t fail_at = 1;; fail_at++)
    {
      world_start (fail_at & 1, false, false);
      size_t before = w.memory.allocations;
      w.memory.fail_at = before + fail_at;
      uint32_t task = tracer_task (w.tracer, TASK, 12);
      lookup (task, ROOT, "etc/passwd", REPLY);
      lookup_reply (task, REPLY, "", FILE_RIGHT);
      for (trace_key key = 1000; key < 1200; key++)
	read_request (task, FILE_RIGHT, key);
      read_reply (task, 1000, "x");
      tracer_right_died (w.tracer, FILE_RIGHT, w.now);
      tracer_end (w.tracer, w.now);
      assert_true (w.lines.bytes > 0 && w.lines.text[w.lines.bytes - 1] == '\n');
      bool failed = w.memory.allocations >= w.memory.fail_at;
      world_stop ();
      if (!failed)
	break;
    }
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (calls_and_replies), cmocka_unit_test (replies_interleave),
    cmocka_unit_test (replies_to_calls_not_seen),
    cmocka_unit_test (one_way_and_notifications), cmocka_unit_test (calls_without_a_reply),
    cmocka_unit_test (a_message_to_a_server), cmocka_unit_test (odd_replies),
    cmocka_unit_test (two_calls_wait_for_one_port), cmocka_unit_test (as_json),
    cmocka_unit_test (every_json_line_is_json), cmocka_unit_test (long_lines_are_cut),
    cmocka_unit_test (chosen_routines), cmocka_unit_test (a_summary),
    cmocka_unit_test (every_allocation_fails),
  };
  return cmocka_run_group_tests_name ("trace/tracer", tests, NULL, NULL);
}
