/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One name of a stopped task. */
#ifndef RPCTRACE_EXCHANGE_H
#define RPCTRACE_EXCHANGE_H

#include <mach.h>
#include <stdbool.h>

/* What is tied to a name and would be lost with the right. */
struct tied
{
	mach_port_urefs_t sends;		/* user references of send rights */
	mach_port_t dead_name;			/* requests for notifications */
	mach_port_t no_senders, port_destroyed;
	mach_port_status_t status;		/* of a receive right */
	mach_port_t set;			/* the set that it is in, a name of the task's */
};

/* Takes TASK's receive right NAME with everything that is tied to it; NAME is free then.  The receive
   right, under our name for it, or null. */
mach_port_t exchange_take_receive (mach_port_t task, mach_port_t name, mach_port_type_t type, struct tied *tied);

/* Gives it PORT, a receive right of ours, in its place, which dies when TASK has died; and then the requests for
   notifications, which the kernel may answer at once, where their send-once rights lead. */
void exchange_give_receive (mach_port_t task, mach_port_t name, mach_port_t port, const struct tied *tied);
void exchange_give_requests (mach_port_t task, mach_port_t name, const struct tied *tied);

/* The same for a send right; one to the same port is ours then. */
mach_port_t exchange_take_send (mach_port_t task, mach_port_t name, struct tied *tied);
/* False: no right was given, for TASK or what the name stood for has died. */
bool exchange_give_send (mach_port_t task, mach_port_t name, mach_port_t port, mach_msg_type_name_t disposition,
	const struct tied *tied);

mach_port_t exchange_take_once (mach_port_t task, mach_port_t name, struct tied *tied);
bool exchange_give_once (mach_port_t task, mach_port_t name, mach_port_t port, mach_msg_type_name_t disposition,
	const struct tied *tied);

/* Calls VISIT for each of TASK's names. */
bool exchange_each (mach_port_t task, void (*visit) (void *ctx, mach_port_t name, mach_port_type_t type), void *ctx);

#endif
