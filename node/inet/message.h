/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading requests and writing replies in MIG's layout, without generated
   stubs: most calls are answered later, from another place than the one that
   took the request, and datagrams should be copied once. */
#ifndef INET_MESSAGE_H
#define INET_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mach_calls.h"

enum {
	message_receive_bytes = 72 << 10,	/* larger inline requests are refused */
	message_stub_bytes_max = 2048,		/* MIG stubs take no more data inline */
	message_inline_bytes_max = 64 << 10,	/* those that ask for it do (HURD_MSG_INLINE) */
	message_reply_bytes = message_receive_bytes,
};

/* A request being read.  Each getter takes the next item; one of another type
   makes BAD true, and from then on getters return zero. */
struct request {
	mach_msg_header_t *header;
	const char *at, *end;
	bool bad;
};

struct request_data {
	const void *bytes;		/* valid until the request is discarded */
	size_t length;
	mach_msg_type_t *out_of_line;	/* its descriptor, or NULL when inline */
};

void request_begin(struct request *request, mach_msg_header_t *header);
int request_int(struct request *request);
uint64_t request_u64(struct request *request);
void request_two_u64(struct request *request, uint64_t value[2]);
/* The send right becomes the caller's. */
mach_port_t request_take_port(struct request *request);
struct request_data request_data(struct request *request);
/* An array of ports or of integers that is not looked at. */
size_t request_skip_array(struct request *request);
/* True when all was read and nothing was bad. */
bool request_end(const struct request *request);
/* From now on the out-of-line memory is the caller's to vm_deallocate. */
void request_keep(struct request_data *data);

/* Gives back every right and all memory in the body of a received message. */
void message_discard_body(mach_msg_header_t *header);

/* A reply being written, into memory of the caller's. */
struct reply {
	union {
		mach_msg_header_t header;
		char bytes[message_reply_bytes];
	};
	char *at;
};

void reply_begin(struct reply *reply, mach_port_t port, mach_msg_type_name_t port_type, mach_msg_id_t id);
void reply_int(struct reply *reply, int value);
void reply_u64(struct reply *reply, uint64_t value);
void reply_u64_array(struct reply *reply, const void *values, unsigned count);
void reply_string(struct reply *reply, const char *text);	/* a Hurd string_t */
void reply_port(struct reply *reply, mach_port_t port, mach_msg_type_name_t type);
void reply_no_ports(struct reply *reply);
/* Room for LENGTH bytes of inline data (at most message_inline_bytes_max). */
void *reply_inline(struct reply *reply, size_t length);
/* MEMORY, which vm_allocate gave, moves to the receiver with the message. */
void reply_out_of_line(struct reply *reply, void *memory, size_t length);
/* Makes it a complete message; with CODE other than success the results go. */
void reply_finish(struct reply *reply, kern_return_t code);
/* Sends it without ever waiting.  On failure nothing has been consumed but
   memory that was to move with it, and the reply right, both gone. */
kern_return_t reply_send(struct reply *reply);
/* After a failed mach_msg, or of a reply that nobody wants: gives back what reply_send would. */
void reply_discard(struct reply *reply);

#endif
