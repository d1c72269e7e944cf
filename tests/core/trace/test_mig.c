/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list that the tracer is born with against MIG's own server code, for every routine: a
   request made from the layout alone passes MIG's checks and reaches the routine, and the reply
   that MIG then makes is decoded with a name for every argument.  */
#include "core/wire/wire.h"
#include "tests/core/trace/harness.h"

extern const struct
{
  const char *subsystem;
  int (*serve) (void *request, void *reply);
} mig_servers[];

/* What MIG's code wants.  */
int test_server_result;
#define REACHED 4711
int mig_deallocate (uint64_t address, uint64_t bytes);

int
mig_deallocate (uint64_t address, uint64_t bytes)
{
  return 0;
}

/* How MIG sends what a layout leaves open.  A routine does it in one way.  */
static const struct form
{
  unsigned right, later;	/* type of the first right, and of those behind it */
  bool far, long_form;		/* of arrays of any number */
} forms[] = {
  { 17, 17, false, true }, { 17, 17, false, false }, { 17, 17, true, true },
  { 18, 18, false, true }, { 18, 18, false, false }, { 18, 18, true, true },
  { 16, 16, false, true }, { 16, 17, false, true }, { 17, 16, false, true },
  { 17, 18, false, true },
};

/* A string has room for a number of bytes that the layout does not say, and can be one element
   as large as that.  */
struct room
{
  uint32_t bytes;
  bool one_element;
};

#define ELEMENTS 2u

static void
field_type (const struct trace_field *f, const struct form *form, uint32_t *rights,
	    unsigned *name, unsigned *bits)
{
  *bits = 8u * f->element_bytes;
  switch (f->kind)
    {
    case TRACE_PORT:
      *name = (*rights)++ ? form->later : form->right;
      *bits = f->variable && form->far ? 32 : 64;
      return;
    case TRACE_PORT_NAME: *name = 15; return;
    case TRACE_BOOL: *name = 0; return;
    case TRACE_CHAR: *name = 8; return;
    case TRACE_DATA: *name = 9; return;
    case TRACE_STRING: *name = 12; return;
    case TRACE_STRUCT:
      *bits = 8 * f->shape->align;
      *name = f->shape->align == 8 ? 11 : f->shape->align == 4 ? 2 : 8;
      return;
    default:
      *name = *bits == 64 ? 11 : *bits == 32 ? 2 : *bits == 16 ? 1 : 9;
    }
}

/* An item of FIELD at P; its size.  */
static size_t
put_field (uint8_t *p, const struct trace_field *f, const struct form *form, struct room room,
	   bool *complex, uint32_t *rights)
{
  unsigned name, bits;
  uint32_t number = f->variable ? ELEMENTS : f->count;
  bool far = f->variable && form->far;
  field_type (f, form, rights, &name, &bits);
  if (f->shape)
    number *= f->shape->bytes * 8 / bits;
  bool one = f->kind == TRACE_STRING && room.one_element;
  if (f->kind == TRACE_STRING)
    {
      number = one ? 1 : room.bytes;
      bits = one ? 8 * room.bytes : 8;
    }
  uint32_t type = name | bits << 8 | (far ? 0 : 1u << 29)
		  | ((f->variable || one) && form->long_form ? 1u << 30 : 0);
  memcpy (p, &type, 4);
  memcpy (p + 4, &number, 4);
  size_t bytes = far ? 8 : ((size_t) number * bits / 8 + 7) & ~(size_t) 7;
  memset (p + 8, 0, bytes);
  if (f->kind == TRACE_PORT || far)
    *complex = true;
  return 8 + bytes;
}

struct buffer
{
  _Alignas (16) uint8_t bytes[65536];
};

static int
serve (const struct trace_routine *r, struct buffer *request, struct buffer *reply)
{
  for (size_t i = 0; mig_servers[i].subsystem; i++)
    if (!strcmp (mig_servers[i].subsystem, r->subsystem))
      return mig_servers[i].serve (request->bytes, reply->bytes);
  fail_msg ("no server of %s", r->subsystem);
  return 0;
}

/* The return code that MIG's server answers a request of R in FORM with.  */
static int32_t
answer (const struct trace_routine *r, const struct form *form, struct room room,
	struct buffer *request, struct buffer *reply)
{
  struct wire_header header = {
    .remote_disposition = 17, .local_disposition = r->reply_id ? 18 : 0, .remote_name = 5,
    .local_name = r->reply_id ? 6 : 0, .id = r->id,
  };
  size_t at = WIRE_HEADER_BYTES;
  uint32_t rights = 0;
  memset (request, 0, sizeof *request);
  memset (reply, 0, sizeof *reply);
  for (uint32_t i = 0; i < r->in_count; i++)
    at += put_field (request->bytes + at, &r->in[i], form, room, &header.complex,
		     &rights);
  header.size = (uint32_t) at;
  wire_header_write (request->bytes, &header);
  assert_true (serve (r, request, reply));
  int32_t code;
  memcpy (&code, reply->bytes + WIRE_HEADER_BYTES + 8, 4);
  return code;
}

static bool
reaches (const struct trace_routine *r, struct form *found, struct room *found_room)
{
  static struct buffer request, reply;
  static const struct room rooms[] = {
    { 1024, false }, { 128, false }, { 64, false }, { 512, false }, { 32, false }, { 128, true }, { 256, true },
  };
  test_server_result = REACHED;
  for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
    for (size_t room = 0; room < sizeof rooms / sizeof *rooms; room++)
      {
	int32_t code = answer (r, &forms[i], rooms[room], &request, &reply);
	if (code == REACHED)
	  {
	    *found = forms[i];
	    *found_room = rooms[room];
	    return true;
	  }
	if (code != -304)	/* MIG_BAD_ARGUMENTS */
	  fail_msg ("%s: %d", r->name, code);
      }
  return false;
}

/* Where the routine says itself what right it returns, nobody has: it is a send right.  */
static void
say_rights (const struct trace_routine *r, uint8_t *body, size_t bytes)
{
  struct wire_walk walk;
  struct wire_item item;
  wire_walk (&walk, body, bytes);
  assert_true (wire_next (&walk, &item));
  for (uint32_t i = 0; i < r->out_count; i++)
    if (wire_next (&walk, &item) && r->out[i].kind == TRACE_PORT && item.name == 0)
      wire_set_item (body, &item, 17, false);
}

static void
check_reply (const struct trace_routine *r, const struct form *form, struct room room)
{
  static struct buffer request, reply;
  static struct trace_args args;
  static const trace_key keys[16] = { 1 };
  struct wire_header header;

  test_server_result = 0;
  assert_int_equal (answer (r, form, room, &request, &reply), 0);
  wire_header_read (reply.bytes, &header);
  assert_int_equal (header.id, r->reply_id);
  struct trace_view view = {
    .id = header.id, .complex = header.complex, .body = reply.bytes + WIRE_HEADER_BYTES,
    .body_bytes = header.size - WIRE_HEADER_BYTES, .rights = keys, .rights_count = 16,
  };
  say_rights (r, reply.bytes + WIRE_HEADER_BYTES, view.body_bytes);
  trace_decode (&view, r, true, &args);
  if (args.by_type || args.truncated || !args.has_result || args.count != r->out_count)
    fail_msg ("the reply of %s is not as its layout says", r->name);
  /* And with one item less it is not.  */
  if (!r->out_count)
    return;
  view.body_bytes = 16;
  trace_decode (&view, r, true, &args);
  assert_true (args.by_type);
}

static void
every_routine (void **state)
{
  struct memory memory;
  memory_start (&memory);
  struct trace_defs *defs = defs_builtin (&memory);
  uint32_t replies = 0;
  assert_true (trace_defs_count (defs) > 300);
  for (uint32_t i = 0; i < trace_defs_count (defs); i++)
    {
      const struct trace_routine *r = trace_defs_at (defs, i);
      struct form form;
      struct room room;
      assert_true (r->layout);
      if (!reaches (r, &form, &room))
	fail_msg ("MIG does not take a request of %s as its layout says", r->name);
      if (!r->reply_id)
	continue;
      check_reply (r, &form, room);
      replies++;
    }
  print_message ("%u requests and %u replies are as MIG makes them\n", trace_defs_count (defs), replies);
  assert_true (replies > 250);
  trace_defs_free (defs);
  assert_int_equal (memory.in_use, 0);
}

/* The check can fail: the same with a wrong layout.  */
static void
a_wrong_layout_is_caught (void **state)
{
  struct memory memory;
  memory_start (&memory);
  struct trace_defs *defs = defs_of (&memory, "io 21000 io_read 1 21001 21101 (offset: i64, amount: u32) ()");
  struct form form;
  struct room room;
  assert_false (reaches (trace_defs_request (defs, 21001), &form, &room));
  trace_defs_free (defs);
}

int
main (void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (every_routine), cmocka_unit_test (a_wrong_layout_is_caught),
  };
  return cmocka_run_group_tests_name ("trace/mig", tests, NULL, NULL);
}
