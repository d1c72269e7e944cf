/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exchange.h"

#include "moves.h"

#include <mach/notify.h>
#include <string.h>

static void
take_sends (mach_port_t task, mach_port_t name, struct tied *tied)
{
	if (mach_port_get_refs (task, name, MACH_PORT_RIGHT_SEND, &tied->sends) != KERN_SUCCESS)
		tied->sends = 0;
	if (tied->sends > 0)
		mach_port_mod_refs (task, name, MACH_PORT_RIGHT_SEND, -(int) tied->sends);
}

static bool
give_sends (mach_port_t task, mach_port_t name, mach_port_t port, mach_msg_type_name_t disposition,
	const struct tied *tied)
{
	if (tied->sends == 0)
		return false;
	if (mach_port_insert_right (task, name, port, disposition) != KERN_SUCCESS)
		return false;
	if (tied->sends > 1)
		mach_port_mod_refs (task, name, MACH_PORT_RIGHT_SEND, tied->sends - 1);
	return true;
}

mach_port_t
exchange_take_receive (mach_port_t task, mach_port_t name, mach_port_type_t type, struct tied *tied)
{
	mach_msg_type_name_t disposition;
	mach_port_t port = MACH_PORT_NULL;

	memset (tied, 0, sizeof *tied);
	if (mach_port_get_receive_status (task, name, &tied->status) != KERN_SUCCESS)
		return MACH_PORT_NULL;
	tied->set = tied->status.mps_pset;
	tied->dead_name = moves_take_request (task, name, MACH_NOTIFY_DEAD_NAME);
	if (tied->status.mps_nsrequest)
		tied->no_senders = moves_take_request (task, name, MACH_NOTIFY_NO_SENDERS);
	if (tied->status.mps_pdrequest)
		tied->port_destroyed = moves_take_request (task, name, MACH_NOTIFY_PORT_DESTROYED);
	mach_port_extract_right (task, name, MACH_MSG_TYPE_MOVE_RECEIVE, &port, &disposition);
	if (type & MACH_PORT_TYPE_SEND)
		take_sends (task, name, tied);
	return port;
}

void
exchange_give_receive (mach_port_t task, mach_port_t name, mach_port_t port, const struct tied *tied)
{
	mach_port_set_qlimit (mach_task_self (), port, tied->status.mps_qlimit);
	/* the send rights first: they can be made as long as the receive right is ours */
	give_sends (task, name, port, MACH_MSG_TYPE_MAKE_SEND, tied);
	if (mach_port_insert_right (task, name, port, MACH_MSG_TYPE_MOVE_RECEIVE) != KERN_SUCCESS)
		mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_set_mscount (task, name, tied->status.mps_mscount);
	mach_port_set_seqno (task, name, tied->status.mps_seqno);
	if (tied->set != MACH_PORT_NULL)
		mach_port_move_member (task, name, tied->set);
}

void
exchange_give_requests (mach_port_t task, mach_port_t name, const struct tied *tied)
{
	moves_put_request (task, name, MACH_NOTIFY_NO_SENDERS, moves_sync (&tied->status), tied->no_senders);
	moves_put_request (task, name, MACH_NOTIFY_PORT_DESTROYED, 0, tied->port_destroyed);
	moves_put_request (task, name, MACH_NOTIFY_DEAD_NAME, 1, tied->dead_name);
}

mach_port_t
exchange_take_send (mach_port_t task, mach_port_t name, struct tied *tied)
{
	mach_msg_type_name_t disposition;
	mach_port_t port = MACH_PORT_NULL;

	memset (tied, 0, sizeof *tied);
	if (mach_port_extract_right (task, name, MACH_MSG_TYPE_COPY_SEND, &port, &disposition) != KERN_SUCCESS
		|| !MACH_PORT_VALID (port))
		return MACH_PORT_NULL;
	tied->dead_name = moves_take_request (task, name, MACH_NOTIFY_DEAD_NAME);
	take_sends (task, name, tied);
	return port;
}

bool
exchange_give_send (mach_port_t task, mach_port_t name, mach_port_t port, mach_msg_type_name_t disposition,
	const struct tied *tied)
{
	bool given = give_sends (task, name, port, disposition, tied);

	moves_put_request (task, name, MACH_NOTIFY_DEAD_NAME, 1, tied->dead_name);
	return given;
}

mach_port_t
exchange_take_once (mach_port_t task, mach_port_t name, struct tied *tied)
{
	mach_msg_type_name_t disposition;
	mach_port_t port = MACH_PORT_NULL;

	memset (tied, 0, sizeof *tied);
	tied->dead_name = moves_take_request (task, name, MACH_NOTIFY_DEAD_NAME);
	mach_port_extract_right (task, name, MACH_MSG_TYPE_MOVE_SEND_ONCE, &port, &disposition);
	return port;
}

bool
exchange_give_once (mach_port_t task, mach_port_t name, mach_port_t port, mach_msg_type_name_t disposition,
	const struct tied *tied)
{
	bool given = mach_port_insert_right (task, name, port, disposition) == KERN_SUCCESS;

	moves_put_request (task, name, MACH_NOTIFY_DEAD_NAME, 1, tied->dead_name);
	return given;
}

bool
exchange_each (mach_port_t task, void (*visit) (void *ctx, mach_port_t name, mach_port_type_t type), void *ctx)
{
	mach_port_name_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count, types_count;

	if (mach_port_names (task, &names, &count, &types, &types_count) != KERN_SUCCESS)
		return false;
	for (mach_msg_type_number_t i = 0; i < count; i++)
		visit (ctx, names[i], types[i]);
	vm_deallocate (mach_task_self (), (vm_address_t) names, count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	return true;
}
