/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "call.h"
#include <stdlib.h>
#include <hurd_abi.h>

enum { interrupt_operation_id = 33000, fs_call_first = 20000, fs_call_last = 20999 };

static call_function *find(mach_msg_id_t id)
{
	call_function *function = socket_call(id);
	if (!function)
		function = io_call(id);
	return function ? function : fsys_call(id);
}

static void root_release(struct root *root)
{
	object_close(&root->object);
	free(root);
}

void call_release_new(struct call *call)
{
	if (call->new_user)
		user_release(call->new_user);
	if (call->new_root)
		root_release(call->new_root);
}

/* Whoever may send to a socket could send this as well, so ask the kernel. */
static void no_senders(struct object *object)
{
	mach_port_status_t status;
	if (mach_port_get_receive_status(mach_task_self(), object->port, &status) || status.mps_srights)
		return;
	if (object->kind == object_socket)
		user_release((struct user *)object);
	else if (object->kind == object_root)
		root_release((struct root *)object);
}

/* Who asks for a reply to what has none: the right is dropped, and the caller learns that. */
kern_return_t call_never_answered(struct call *call)
{
	if (MACH_PORT_VALID(call->reply_port))
		mach_port_deallocate(mach_task_self(), call->reply_port);
	return MIG_NO_REPLY;
}

static kern_return_t interrupt_operation(struct call *call)
{
	struct user *user = call_user(call);
	if (user)
		operations_cancel(user->socket, user, HURD_EINTR);
	return KERN_SUCCESS;
}

static kern_return_t dispatch(struct call *call)
{
	mach_msg_id_t id = call->request.header->msgh_id;
	if (id == MACH_NOTIFY_NO_SENDERS) {
		no_senders(call->object);
		return call_never_answered(call);
	}
	if (id == interrupt_operation_id)
		return interrupt_operation(call);
	call_function *function = find(id);
	if (function)
		return function(call);
	/* A file operation on something that is not a file. */
	return id >= fs_call_first && id <= fs_call_last ? HURD_EOPNOTSUPP : MIG_BAD_ID;
}

kern_return_t call_serve(struct call *call)
{
	kern_return_t code = dispatch(call);
	message_discard_body(call->request.header);
	return code;
}
