/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many datagrams in one message, inline.

   MIG's stubs carry more than 2 KiB out of line: remapped, and faulted in page by
   page on both sides, which costs ten times what copying does.  A socket that
   has been told to cut or to put together datagrams (UDP_SEGMENT, UDP_GRO)
   belongs to a server that takes, and on demand gives, as much inline as one
   datagram call moves.  Such a socket has one buffer for each direction; who
   finds it in use takes the ordinary way. */
#define _GNU_SOURCE
#include "sockets.h"
#include <string.h>

enum {
	SEND_ID = 26014, RECEIVE_ID = 26015,	/* socket.defs */
	REPLY_ID_OFFSET = 100,
	BATCH_BYTES_MAX = 65536,
	HEAD_BYTES = 1024,			/* everything of a message but the data */
};

union message {
	mach_msg_header_t header;
	mig_reply_header_t reply;
	char bytes[BATCH_BYTES_MAX + HEAD_BYTES];
};

struct socket_batch {
	bool sending, receiving;
	union message out, in;
};

void socket_batch_enable(struct open_port *socket)
{
	struct socket_batch *none = NULL;
	vm_address_t memory = 0;

	if (socket->batch || vm_allocate(mach_task_self(), &memory, sizeof *none, TRUE) != KERN_SUCCESS)
		return;
	if (!__atomic_compare_exchange_n(&socket->batch, &none, (struct socket_batch *)memory, false, __ATOMIC_SEQ_CST,
					 __ATOMIC_SEQ_CST))
		vm_deallocate(mach_task_self(), memory, sizeof *none);
}

void socket_batch_free(struct socket_batch *batch)
{
	vm_deallocate(mach_task_self(), (vm_address_t)batch, sizeof *batch);
}

static size_t padded(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

/* ---- writing a request */

static char *put(char *at, unsigned name, unsigned bits, size_t count, bool longform, const void *data)
{
	mach_msg_type_t type = {
		.msgt_name = name & 0xff, .msgt_size = bits & 0xffff, .msgt_number = count, .msgt_inline = TRUE,
		.msgt_longform = longform,
	};
	size_t size = count * bits / 8;

	memcpy(at, &type, sizeof type);
	at += sizeof type;
	if (size & 7)
		memset(at + padded(size) - 8, 0, 8);
	if (size)
		memcpy(at, data, size);
	return at + padded(size);
}

static mach_msg_return_t exchange(mach_port_t socket, union message *message, const char *end, mach_msg_id_t id, bool complex)
{
	mach_port_t reply = mig_get_reply_port();
	mach_msg_return_t result;

	message->header = (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE)
			| (complex ? MACH_MSGH_BITS_COMPLEX : 0),
		.msgh_size = end - message->bytes,
		.msgh_remote_port = socket,
		.msgh_local_port = reply,
		.msgh_id = id,
	};
	result = mach_msg(&message->header, MACH_SEND_MSG | MACH_RCV_MSG, message->header.msgh_size, sizeof *message, reply,
			  MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result != MACH_MSG_SUCCESS) {
		mig_dealloc_reply_port(reply);
		return result;
	}
	if (message->header.msgh_id != id + REPLY_ID_OFFSET || message->header.msgh_size < sizeof message->reply) {
		mach_msg_destroy(&message->header);
		return MIG_REPLY_MISMATCH;
	}
	return message->reply.RetCode;
}

/* ---- reading a reply */

struct reply {
	const char *at, *end;
	bool bad;
};

static struct reply results(const union message *message)
{
	return (struct reply){ message->bytes + sizeof message->reply, message->bytes + message->header.msgh_size, false };
}

/* The next item's data, which is inline; its size in *SIZE. */
static const char *next(struct reply *reply, unsigned name, size_t *size)
{
	mach_msg_type_t type;
	const char *data;

	*size = 0;
	if (reply->bad || reply->end - reply->at < (long)sizeof type)
		goto bad;
	memcpy(&type, reply->at, sizeof type);
	*size = (size_t)type.msgt_number * type.msgt_size / 8;
	data = reply->at + sizeof type;
	if (!type.msgt_inline || (type.msgt_name != name && type.msgt_number > 0)
	    || padded(*size) > (size_t)(reply->end - data))
		goto bad;
	reply->at = data + padded(*size);
	return data;
bad:
	reply->bad = true;
	*size = 0;
	return reply->end;
}

static void take(struct reply *reply, unsigned name, void *value, size_t size)
{
	size_t got;
	const char *data = next(reply, name, &got);

	if (got == size)
		memcpy(value, data, size);
	else
		reply->bad = true;
}

/* ---- the two calls */

static int send_inline(struct open_port *socket, union message *message, mach_port_t address, int flags, const void *data,
		size_t size, vm_size_t *amount)
{
	mach_port_name_inlined_t to = { .name = address };
	char *at = put(message->bytes + sizeof message->header, MACH_MSG_TYPE_COPY_SEND, 64, 1, false, &to);
	struct reply reply;
	int error;

	at = put(at, MACH_MSG_TYPE_INTEGER_32, 32, 1, false, &flags);
	at = put(at, MACH_MSG_TYPE_CHAR, 8, size, true, data);
	at = put(at, MACH_MSG_TYPE_COPY_SEND, 64, 0, true, NULL);
	at = put(at, MACH_MSG_TYPE_CHAR, 8, 0, true, NULL);
	error = exchange(socket->port, message, at, SEND_ID, true);
	if (error)
		return error;
	reply = results(message);
	take(&reply, MACH_MSG_TYPE_INTEGER_64, amount, sizeof *amount);
	return reply.bad ? MIG_TYPE_ERROR : 0;
}

static int receive_inline(struct open_port *socket, union message *message, struct batch_result *result, int flags, void *data,
		   size_t size)
{
	mach_port_name_inlined_t from = { .name = MACH_PORT_NULL };
	const vm_size_t amount = size;
	const int wanted = flags | HURD_MSG_INLINE;
	const char *bytes, *control;
	size_t ports, control_size;
	struct reply reply;
	char *at = put(message->bytes + sizeof message->header, MACH_MSG_TYPE_INTEGER_32, 32, 1, false, &wanted);
	int error;

	at = put(at, MACH_MSG_TYPE_INTEGER_64, 64, 1, false, &amount);
	error = exchange(socket->port, message, at, RECEIVE_ID, false);
	if (error)
		return error;
	reply = results(message);
	take(&reply, MACH_MSG_TYPE_PORT_SEND, &from, sizeof from);
	bytes = next(&reply, MACH_MSG_TYPE_CHAR, &result->size);
	next(&reply, MACH_MSG_TYPE_PORT_SEND, &ports);
	control = next(&reply, MACH_MSG_TYPE_CHAR, &control_size);
	take(&reply, MACH_MSG_TYPE_INTEGER_32, &result->flags, sizeof result->flags);
	if (reply.bad || ports > 0 || result->size > size) {
		mach_msg_destroy(&message->header);
		return MIG_TYPE_ERROR;
	}
	memcpy(data, bytes, result->size);
	result->address = from.name;
	result->control_size = control_size < sizeof result->control ? control_size : sizeof result->control;
	memcpy(result->control, control, result->control_size);
	return 0;
}

static bool claim(bool *in_use)
{
	return !__atomic_exchange_n(in_use, true, __ATOMIC_ACQUIRE);
}

static void release(bool *in_use)
{
	__atomic_store_n(in_use, false, __ATOMIC_RELEASE);
}

bool socket_batch_send(struct open_port *socket, mach_port_t address, int flags, const void *data, size_t size,
		       vm_size_t *amount, int *error)
{
	struct socket_batch *batch = socket->batch;

	if (!batch || size > BATCH_BYTES_MAX || !claim(&batch->sending))
		return false;
	*error = INTERRUPTIBLE(send_inline(socket, &batch->out, address, flags, data, size, amount));
	release(&batch->sending);
	return true;
}

bool socket_batch_receive(struct open_port *socket, struct batch_result *result, int flags, void *data, size_t size,
			  int *error)
{
	struct socket_batch *batch = socket->batch;

	if (!batch || !claim(&batch->receiving))
		return false;
	if (size > BATCH_BYTES_MAX)
		size = BATCH_BYTES_MAX;
	*error = INTERRUPTIBLE(receive_inline(socket, &batch->in, result, flags, data, size));
	release(&batch->receiving);
	return true;
}
