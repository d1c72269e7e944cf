/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hurd's fsys interface (22000): what the node that we translate asks. */
#include "call.h"
#include <stdlib.h>
#include <hurd_abi.h>

enum {
	fsys_call_base = 22000,
	fsys_goaway_id = 1, fsys_getroot_id = 2, fsys_syncfs_id = 4, fsys_get_options_id = 9,
	fsys_call_count = 12,
};

static struct root *new_root(void)
{
	struct root *root = calloc(1, sizeof *root);
	if (!root || object_open(&root->object, object_root)) {
		free(root);
		return NULL;
	}
	object_notify_no_senders(&root->object, 1);
	return root;
}

static kern_return_t call_getroot(struct call *call)
{
	mach_port_t dotdot = request_take_port(&call->request);
	if (dotdot != MACH_PORT_NULL)
		mach_port_deallocate(mach_task_self(), dotdot);
	request_skip_array(&call->request);	/* uids, gids: anybody may use the network */
	request_skip_array(&call->request);
	request_int(&call->request);		/* flags */
	if (!request_end(&call->request))
		return MIG_BAD_ARGUMENTS;
	if (call->object->kind != object_control)
		return HURD_EOPNOTSUPP;
	call->new_root = new_root();
	if (!call->new_root)
		return HURD_ENOBUFS;
	reply_int(call->reply, HURD_RETRY_NORMAL);
	reply_string(call->reply, "");
	reply_port(call->reply, call->new_root->object.port, MACH_MSG_TYPE_MAKE_SEND);
	return KERN_SUCCESS;
}

static kern_return_t call_goaway(struct call *call)
{
	int flags = request_int(&call->request);
	if (call->object->kind != object_control)
		return HURD_EOPNOTSUPP;
	if (sockets_count() && !(flags & HURD_FSYS_GOAWAY_FORCE))
		return HURD_EBUSY;
	reply_finish(call->reply, KERN_SUCCESS);
	reply_send(call->reply);
	exit(0);
}

static kern_return_t call_syncfs(struct call *call)
{
	return KERN_SUCCESS;
}

static kern_return_t call_get_options(struct call *call)
{
	reply_inline(call->reply, 0);
	return KERN_SUCCESS;
}

call_function *fsys_call(mach_msg_id_t id)
{
	static call_function *const calls[fsys_call_count] = {
		[fsys_goaway_id] = call_goaway, [fsys_getroot_id] = call_getroot,
		[fsys_syncfs_id] = call_syncfs, [fsys_get_options_id] = call_get_options,
	};
	unsigned index = (unsigned)(id - fsys_call_base);
	return index < fsys_call_count ? calls[index] : NULL;
}
