/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of rights between nodes are made of.  A step that fails says why and returns false. */
#ifndef RIGHTS_STEPS_H
#define RIGHTS_STEPS_H

#include "box.h"
#include "letter.h"

#include <stdbool.h>
#include <stdint.h>

#define WAIT_MS 10000
#define SHORT_MS 300		/* long enough to see that something does not happen */
#define ID_PLAIN 4711

struct test
{
	const char *name;		/* NULL ends a list */
	bool (*run) (void);
	bool needs_third;
};

#define TEST(name) { #name, name, false }
#define TEST3(name) { #name, name, true }

extern const struct test memory_tests[], send_tests[], move_tests[];

/* Makes what every later call and thread has; once, before names are counted. */
void warm_up (void);

/* The other node's box and the third one's; the letter in hand; why the last step failed. */
extern mach_port_t box, third;
extern struct letter letter;
extern char why[256];

bool fail (const char *format, ...);

#define CHECK(condition) do { if (!(condition)) return fail ("%s:%d: %s", __FILE__, __LINE__, #condition); } while (0)

mach_port_t new_port (void);

/* A receive right with a send right of the same name. */
mach_port_t new_pair (void);
void destroy_receive (mach_port_t port);
void drop (mach_port_t port);
unsigned refs (mach_port_t port, mach_port_right_t right);

/* Asks BOX_AT with the letter as it is and takes the first COUNT ints of the answer behind its status. */
bool ask (mach_port_t box_at, int count, int32_t *values);
bool ask_ints (mach_port_t box_at, enum box_request request, int count, int32_t *values, int arguments, ...);
bool keep (mach_port_t box_at, mach_port_t right, mach_msg_type_name_t disposition, int32_t *place);
bool clear (mach_port_t box_at);
bool give (mach_port_t box_at, int32_t place, mach_msg_type_name_t disposition, mach_port_t *right);

/* Waits for one message at PORT; its id, or 0. */
mach_msg_id_t arrived (mach_port_t port, unsigned timeout_ms, int32_t *value);
mach_msg_return_t send_value (mach_port_t to, int32_t value, unsigned timeout_ms);
void request_notice (mach_port_t name, mach_msg_id_t kind, mach_port_t to);

/* How many port names this task has. */
int32_t names_here (void);

/* A test itself, and what another one asks while something waits. */
bool an_empty_message_is_answered (void);

#endif
