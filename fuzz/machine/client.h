/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of a server of the node, as hostile as its input: it sends messages to whatever it
   has rights to, and keeps what the replies bring for later ones.

   One step of an input is a struct client_order and the body that follows it.  Numbers stand
   where the body has rights (of those in an array out of line: the bytes of its address).  */
#ifndef FUZZ_MACHINE_CLIENT_H
#define FUZZ_MACHINE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <mach.h>

#include "sim/kernel/kernel.h"

enum { CLIENT_RIGHTS_MAX = 16, CLIENT_PORTS = 3, CLIENT_BYTES_MAX = 8192, CLIENT_ORDER_BYTES = 5 };

/* What a number stands for: one of the rights, no right, a dead name, one of its own ports.  */
enum { CLIENT_NUMBER_NULL = CLIENT_RIGHTS_MAX, CLIENT_NUMBER_DEAD, CLIENT_NUMBER_OWN,
       CLIENT_NUMBERS = CLIENT_NUMBER_OWN + CLIENT_PORTS };

enum client_bits
{
  CLIENT_COMPLEX = 1, CLIENT_NO_REPLY = 2, CLIENT_EVENT = 4, CLIENT_SEND_REPLY = 8, CLIENT_LONG = 32,
};

struct client_order
{
  uint8_t to;		/* which of the rights */
  uint8_t subsystem, routine;
  uint8_t bits;		/* enum client_bits; with EVENT what happens is the target's, and nothing is sent */
  uint8_t words;	/* of 8 bytes, that follow; with LONG of 16 */
};

struct client
{
  struct mk_task *task;
  mk_name reply_port;
  mk_name port[CLIENT_PORTS];	/* its own, for rights that it gives away */
  mk_name right[CLIENT_RIGHTS_MAX];
  unsigned rights;
  unsigned asked;	/* send-once rights that it gave for a reply, and is still owed something for */
  bool shares_own_only;	/* behind a body's first item stand its own ports */
  union { mach_msg_header_t head; char bytes[CLIENT_BYTES_MAX]; } message;
};

void client_begin (struct client *client, struct mk *kernel);
void client_end (struct client *client);
/* A right of ours for it, by HOW.  */
void client_give (struct client *client, mk_name name, enum mk_disposition how);
/* It lets go of a right.  */
void client_drop (struct client *client, unsigned which);
/* A send right of ours to one of its own ports, which is a new one if it has been given away.  */
mk_name client_right_to_own (struct client *client, unsigned which);
/* One of its own ports ends, as if who had it had died; a new one takes its place.  */
void client_end_own (struct client *client, unsigned which);
/* Whoever waits for a reply has died: there is a new reply port.  */
void client_forget_replies (struct client *client);
/* The next step of an input, whose body is left in the client's message.  False: it is over.  */
bool client_next (struct client *client, const uint8_t **data, size_t *size, struct client_order *order);
/* The message, with ID, as we receive it.  False: it cannot be sent, or not to us.  */
bool client_send (struct client *client, const struct client_order *order, mach_msg_id_t id);
/* The same of a message whose body, of BODY bytes, the target has put behind the header.  */
bool client_send_body (struct client *client, const struct client_order *order, size_t body, mach_msg_id_t id);
/* At most MOST steps of an input, with a look at every right after each.  */
void client_steps (struct client *client, const uint8_t *data, size_t size, unsigned most,
		   void (*step) (const struct client_order *order));
/* What we send goes to the client, or back to us, as mach_msg says.  */
mach_msg_return_t client_reply (struct client *client, mach_msg_header_t *reply);
/* mach_msg for a server that sends and receives by it: *WAITING is the next message, if any, and
   then no more.  */
mach_msg_return_t client_mach_msg (struct client *client, mach_msg_header_t **waiting, mach_msg_header_t *message,
				   mach_msg_option_t option, mach_msg_size_t receive_size);
/* Empties the reply port; each send-once right that went without a reply is counted.  */
unsigned client_unanswered (struct client *client);
/* Gives SERVE every message that waits at our SET: the kernel's, that is.  */
void client_notifications (mk_name set, void (*serve) (mach_msg_header_t *notification));

#endif
