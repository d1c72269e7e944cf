/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pflocal: pipes, socket pairs and sockets with file names.  A translator for /servers/socket/1. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "fsys_S.h"
#include "limits.h"
#include "lookups.h"
#include "parked.h"

/* Made by the stub generator, which declares them nowhere. */
boolean_t fsys_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t interrupt_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t io_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t socket_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static const char help[] =
	"usage: settrans -ac /servers/socket/1 /hurd/pflocal\n"
	"Serves pipes and local sockets.\n";

static struct object control, family;

struct user *user_of(mach_port_t port)
{
	struct object *object = object_find(port);
	return object && object->kind == OBJECT_USER ? (struct user *)object : NULL;
}

struct address *address_of(mach_port_t port)
{
	struct object *object = object_find(port);
	return object && object->kind == OBJECT_ADDRESS ? (struct address *)object : NULL;
}

bool is_family(mach_port_t port)
{
	return port == family.port;
}

bool is_control(mach_port_t port)
{
	return port == control.port;
}

mach_port_t address_hand_out(struct address *address)
{
	if (!address->object.handed_out)
		address_hold(address);
	object_hand_out(&address->object);
	return address->object.port;
}

kern_return_t S_fsys_getroot(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, mach_port_t dotdot,
			     const_idarray_t users, mach_msg_type_number_t user_count, const_idarray_t groups,
			     mach_msg_type_number_t group_count, int flags, retry_type *retry, string_t retry_name,
			     mach_port_t *root, mach_msg_type_name_t *root_type)
{
	if (!is_control(port))
		return HURD_EOPNOTSUPP;
	if (MACH_PORT_VALID(dotdot))
		mach_port_deallocate(mach_task_self(), dotdot);
	*retry = FS_RETRY_NORMAL;
	*retry_name = 0;
	*root = family.port;
	*root_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_fsys_goaway(mach_port_t port, mach_port_t reply, mach_msg_type_name_t reply_type, int flags)
{
	if (!is_control(port))
		return HURD_EOPNOTSUPP;
	if (!(flags & HURD_FSYS_GOAWAY_FORCE))
		return HURD_EBUSY;
	exit(0);
}

static void last_sender_went(struct object *object)
{
	if (!object->handed_out || object_has_senders(object))
		return;		/* somebody only says so */
	if (object->kind == OBJECT_USER) {
		user_close((struct user *)object);
	} else if (object->kind == OBJECT_ADDRESS) {
		object->handed_out = false;
		address_drop((struct address *)object);
	}
}

static bool demultiplex(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_id == MACH_NOTIFY_NO_SENDERS) {
		struct object *object = object_find(request->msgh_local_port);
		if (object)
			last_sender_went(object);
		return false;
	}
	if (request->msgh_id >= MACH_NOTIFY_FIRST && request->msgh_id <= MACH_NOTIFY_LAST)
		return false;
	if (!mach_msg_request_is_sound(request)) {
		mig_reply_setup(request, reply);
		((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ARGUMENTS;
	} else if (!io_server(request, reply) && !socket_server(request, reply) && !interrupt_server(request, reply) &&
	    !fsys_server(request, reply))
		((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ID;
	return true;
}

/* Frees what nobody took of REQUEST; returns whether REPLY is to be sent. */
static bool settle(mach_msg_header_t *request, mach_msg_header_t *reply, bool answered)
{
	request->msgh_bits &= ~MACH_MSGH_BITS_LOCAL_MASK;
	request->msgh_local_port = MACH_PORT_NULL;
	if (!answered) {
		mach_msg_destroy(request);
		return false;
	}
	kern_return_t result = reply->msgh_bits & MACH_MSGH_BITS_COMPLEX ? KERN_SUCCESS : ((mig_reply_header_t *)reply)->RetCode;
	if (result == MIG_NO_REPLY) {
		/* What it parked has the rights, and a copy of the data. */
		mach_msg_destroy_memory(request);
		return false;
	}
	if (result != KERN_SUCCESS) {
		request->msgh_bits &= ~MACH_MSGH_BITS_REMOTE_MASK;
		request->msgh_remote_port = MACH_PORT_NULL;
		mach_msg_destroy(request);
	}
	if (!MACH_PORT_VALID(reply->msgh_remote_port)) {
		mach_msg_destroy(reply);
		return false;
	}
	return true;
}

/* Sends the reply that is in BUFFER (if SENDS) and receives the next request into it: one call
   for both lets the kernel go straight over to the client.  Returns whether a request came. */
static bool exchange(mach_msg_header_t *buffer, bool sends)
{
	mach_msg_timeout_t timeout = parked_next_timeout_ms();
	mach_msg_option_t option = MACH_RCV_MSG | (timeout ? MACH_RCV_TIMEOUT : 0);
	if (sends && MACH_MSGH_BITS_REMOTE(buffer->msgh_bits) != MACH_MSG_TYPE_MOVE_SEND_ONCE) {
		/* A plain send right may find a full queue; nobody waits for that. */
		option = MACH_SEND_TIMEOUT;
		timeout = 0;
	}
	if (sends)
		option |= MACH_SEND_MSG;
	mach_msg_return_t result = mach_msg(buffer, option, sends ? buffer->msgh_size : 0, PFLOCAL_REQUEST_BYTES_MAX,
					    objects_receive_set(), timeout, MACH_PORT_NULL);
	if (result == MACH_MSG_SUCCESS)
		return option & MACH_RCV_MSG;
	result &= ~MACH_MSG_MASK;
	bool receiving = result == MACH_RCV_TIMED_OUT || result == MACH_RCV_TOO_LARGE || result == MACH_RCV_INTERRUPTED;
	assert(receiving || sends);
	if (!receiving)
		mach_msg_destroy(buffer);	/* the client is gone; nothing was received */
	return false;
}

static void serve(void)
{
	mach_msg_header_t *request = malloc(PFLOCAL_REQUEST_BYTES_MAX), *reply = malloc(PFLOCAL_REQUEST_BYTES_MAX);
	assert(request && reply);
	bool sends = false;
	for (;;) {
		bool received = exchange(request, sends);
		sends = false;
		if (received) {
			current_request = (struct current_request){ request->msgh_id, request->msgh_seqno };
			bool answered = demultiplex(request, reply);
			sends = settle(request, reply, answered);
			mach_msg_header_t *other = request;
			request = reply;
			reply = other;
		}
		parked_retry();
	}
}

int main(int argc, char **argv)
{
	mach_port_t bootstrap = MACH_PORT_NULL, node = MACH_PORT_NULL;
	if (argc > 1) {
		fputs(help, strcmp(argv[1], "--help") ? stderr : stdout);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	error_t error = objects_open();
	if (!error)
		error = object_make(&control, OBJECT_CONTROL);
	if (!error)
		error = object_make(&family, OBJECT_FAMILY);
	if (error) {
		fprintf(stderr, "pflocal: cannot make ports: error %#x\n", error);
		return 1;
	}
	error = task_get_bootstrap_port(mach_task_self(), &bootstrap);
	if (error || !MACH_PORT_VALID(bootstrap)) {
		fprintf(stderr, "pflocal: must be started as a translator; see --help\n");
		return 1;
	}
	error = fsys_startup(bootstrap, HURD_O_NOTRANS, control.port, MACH_MSG_TYPE_MAKE_SEND, &node);
	mach_port_deallocate(mach_task_self(), bootstrap);
	if (error) {
		fprintf(stderr, "pflocal: who started it does not answer: error %#x\n", error);
		return 1;
	}
	if (MACH_PORT_VALID(node))
		mach_port_deallocate(mach_task_self(), node);
	serve();
}
