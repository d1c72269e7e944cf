/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include "server.h"

static struct open *opens;

kern_return_t open_make(int modes, mach_port_t *port)
{
	struct open *open = malloc(sizeof *open);
	mach_port_t old = MACH_PORT_NULL;
	if (!open)
		return HURD_ENOMEM;
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &open->port);
	if (!error)
		error = mach_port_move_member(mach_task_self(), open->port, console.port_set);
	if (!error)
		error = mach_port_request_notification(mach_task_self(), open->port, MACH_NOTIFY_NO_SENDERS, 1,
						       open->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
	if (error) {
		free(open);
		return HURD_ENOMEM;
	}
	open->modes = modes;
	open->next = opens;
	opens = open;
	*port = open->port;
	return 0;
}

struct open *open_find(mach_port_t port)
{
	struct open *open = opens;
	while (open && open->port != port)
		open = open->next;
	return open;
}

void open_drop(struct open *open)
{
	struct open **link = &opens;
	while (*link != open)
		link = &(*link)->next;
	*link = open->next;
	parked_cancel(open, HURD_EINTR);
	mach_port_mod_refs(mach_task_self(), open->port, MACH_PORT_RIGHT_RECEIVE, -1);
	free(open);
}
