/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One RPC being served. */
#ifndef INET_CALL_H
#define INET_CALL_H

#include "address.h"
#include "message.h"
#include "object.h"
#include "socket.h"

struct call {
	struct object *object;		/* whose port it came to */
	struct request request;
	struct reply *reply;
	mach_port_t reply_port;
	mach_msg_type_name_t reply_type;
	mach_msg_id_t reply_id;
	/* A port made for the reply to carry: to be released if it cannot be sent. */
	struct user *new_user;
	struct root *new_root;
};

/* One open of /servers/socket/2 (object_root): makes sockets, and can be read. */
struct root {
	struct object object;
	uint64_t offset;	/* of the next read of the status */
};

/* Serves the request that CALL was set up with: returns the reply's code, or
   MIG_NO_REPLY when the reply comes later or never.  The request's body has
   been discarded or kept by then. */
kern_return_t call_serve(struct call *call);

/* The reply did not go: nobody has a right to what was made for it. */
void call_release_new(struct call *call);

/* Gives the reply right back; returns MIG_NO_REPLY. */
kern_return_t call_never_answered(struct call *call);

/* By message id; NULL when the id is not known. */
typedef kern_return_t call_function(struct call *call);
call_function *socket_call(mach_msg_id_t id);
call_function *io_call(mach_msg_id_t id);
call_function *fsys_call(mach_msg_id_t id);

/* The user a call is for, or NULL if it did not come to a socket. */
static inline struct user *call_user(struct call *call)
{
	return call->object->kind == object_socket ? (struct user *)call->object : NULL;
}

/* An operation of KIND for this call. */
struct operation call_operation(struct call *call, enum operation_kind kind);

/* What an io_read on /servers/socket/2 returns: the state as text.  Returns its
   length; at most LENGTH bytes. */
size_t status_text(char *text, size_t length);

/* Reads and writes of socket options, with values in the Hurd's layout. */
kern_return_t option_get(struct socket *socket, int level, int option, void *value, size_t *length);
kern_return_t option_set(struct socket *socket, int level, int option, const void *value, size_t length);
enum { option_value_bytes_max = 16 };

#endif
