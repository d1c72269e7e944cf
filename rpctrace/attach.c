/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attach.h"

#include "exchange.h"
#include "moves.h"
#include "show.h"
#include "stop.h"
#include "tasks.h"

#include <hurd.h>
#include <hurd/process.h>
#include <mach/task_special_ports.h>
#include <unistd.h>

struct attaching
{
	struct relay *relay;
	struct party *party;
	mach_port_t task;
};

/* A thread that waits in mach_msg comes back from it and, as mach_msg says, goes there again: by then
   under its names are other rights. */
void
attach_abort_waits (mach_port_t task)
{
	mach_msg_type_number_t count = 0;
	thread_array_t threads;

	if (task_threads (task, &threads, &count) != KERN_SUCCESS)
		return;
	for (mach_msg_type_number_t i = 0; i < count; i++)
	{
		thread_abort (threads[i]);
		mach_port_deallocate (mach_task_self (), threads[i]);
	}
	vm_deallocate (mach_task_self (), (vm_address_t) threads, count * sizeof *threads);
}

/* --- attaching -------------------------------------------------------------------- */

/* A server has made the port and not yet told anybody.  A send right of ours that comes and goes would be the
   cause of a notification, by which the server ends what it is about to hand out.  The port stays as it is:
   when it is handed out we see it, as one that was made after attaching. */
static bool
is_not_handed_out (mach_port_t task, mach_port_t name)
{
	mach_port_status_t status;

	return mach_port_get_receive_status (task, name, &status) == KERN_SUCCESS && !status.mps_srights
		&& status.mps_msgcount == 0 && (status.mps_nsrequest || status.mps_sorights == 0);
}

/* The send-once right of a request may lead anywhere, and when we detach it can be taken back only by way of a port
   of ours. */
static void
stand_between (struct attaching *attaching, mach_port_t *request)
{
	struct rights *rights = &attaching->relay->rights;
	mach_msg_type_name_t type;
	struct end *end;

	if (!MACH_PORT_VALID (*request))
		return;
	end = rights_once (rights, *request, attaching->party, rights->world);
	end->hidden = true;	/* it is shown when it comes to where it leads */
	while (mach_port_extract_right (mach_task_self (), end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, request, &type)
		!= KERN_SUCCESS)
		rights->give_way (attaching->relay);
}

/* The world goes on sending to the port it knows, which is ours now. */
static void
attach_receive (void *ctx, mach_port_t name, mach_port_type_t type)
{
	struct attaching *attaching = ctx;
	struct rights *rights = &attaching->relay->rights;
	mach_port_t old, port = MACH_PORT_NULL;
	struct moving moving = { rights, rights->world, attaching->party, { .last = &moving.waiting.first } };
	struct queue *queue;
	struct tied tied;

	if (!(type & MACH_PORT_TYPE_RECEIVE) || is_not_handed_out (attaching->task, name)
		|| (old = exchange_take_receive (attaching->task, name, type, &tied)) == MACH_PORT_NULL)
		return;
	stand_between (attaching, &tied.dead_name);
	if (tied.status.mps_sorights == 0)	/* else it leads to this port itself, which is ours now */
		stand_between (attaching, &tied.no_senders);
	queue = rights_rehome (rights, old, rights->world, attaching->party, &port, moves_drain_both, &moving);
	queue->home_name = name;
	/* else each of our lines would be the cause of another one */
	queue->hidden = show_output_is (attaching->relay->show, old);
	mach_port_set_qlimit (mach_task_self (), old, tied.status.mps_qlimit);
	/* what it has sent to itself shall not be overtaken by what it sends there directly */
	moves_put_in_front (queue, &moving.waiting);
	moves_make_onces (queue, port, MOVES_ROOM);	/* the task is stopped */
	mach_port_set_qlimit (mach_task_self (), port, MOVES_ROOM);
	relay_pass_waiting (attaching->relay, queue);
	exchange_give_receive (attaching->task, name, port, &tied);
	exchange_give_requests (attaching->task, name, &tied);
}

static void
attach_send (struct attaching *attaching, mach_port_t name)
{
	struct rights *rights = &attaching->relay->rights;
	mach_port_t port;
	struct tied tied;
	struct end *end;

	if ((port = exchange_take_send (attaching->task, name, &tied)) == MACH_PORT_NULL)
		return;
	stand_between (attaching, &tied.dead_name);
	end = rights_end (rights, rights_identify (rights, port, rights->world), attaching->party);
	if (exchange_give_send (attaching->task, name, end->port, MACH_MSG_TYPE_MAKE_SEND, &tied))
		end->makes++;
	else
		rights_make (rights, end);	/* the end goes with this one */
}

static void
attach_once (struct attaching *attaching, mach_port_t name)
{
	struct rights *rights = &attaching->relay->rights;
	struct tied tied;
	mach_port_t port = exchange_take_once (attaching->task, name, &tied);
	struct end *end;

	if (!MACH_PORT_VALID (port))
		return;
	stand_between (attaching, &tied.dead_name);
	end = rights_once (rights, port, attaching->party, rights->world);
	if (exchange_give_once (attaching->task, name, end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &tied))
		return;
	rights_once_used (rights, end);
	mach_port_deallocate (mach_task_self (), port);
}

static void
attach_other (void *ctx, mach_port_t name, mach_port_type_t type)
{
	if (type & MACH_PORT_TYPE_RECEIVE)
		return;
	if (type & MACH_PORT_TYPE_SEND)
		attach_send (ctx, name);
	else if (type & MACH_PORT_TYPE_SEND_ONCE)
		attach_once (ctx, name);
}

static bool
is_traced (mach_port_t task)
{
	mach_port_t self = MACH_PORT_NULL;

	if (task_get_special_port (task, TASK_KERNEL_PORT, &self) != KERN_SUCCESS)
		return false;
	mach_port_deallocate (mach_task_self (), self);
	return self != task;
}

/* The kernel's own task, which a GNU/Hurd lists as process 3: it has the thread that runs when no other can,
   and without it the machine stops. */
static bool
is_kernel (mach_port_t task)
{
	mach_msg_type_number_t count = 0;
	thread_array_t threads;
	bool idles = false;

	if (task_threads (task, &threads, &count) != KERN_SUCCESS)
		return false;
	for (mach_msg_type_number_t i = 0; i < count; i++)
	{
		thread_basic_info_data_t info;
		mach_msg_type_number_t words = THREAD_BASIC_INFO_COUNT;

		idles |= thread_info (threads[i], THREAD_BASIC_INFO, (thread_info_t) &info, &words) == KERN_SUCCESS
			&& info.flags & TH_FLAGS_IDLE;
		mach_port_deallocate (mach_task_self (), threads[i]);
	}
	vm_deallocate (mach_task_self (), (vm_address_t) threads, count * sizeof *threads);
	return idles;
}

static bool
attach (struct relay *relay, mach_port_t task, int pid)
{
	struct attaching attaching = { relay, NULL, task };

	if (!stop_task (task))
		return false;
	pthread_mutex_lock (&relay->lock);
	attach_abort_waits (task);
	attaching.party = tasks_track (relay, task, pid);
	show_attached (relay->show, attaching.party);
	exchange_each (task, attach_receive, &attaching);
	exchange_each (task, attach_other, &attaching);
	task_resume (task);
	pthread_mutex_unlock (&relay->lock);
	return true;
}

bool
attach_pid (struct relay *relay, int pid, struct complaint *complaint)
{
	mach_port_t task;

	if (pid == getpid () || pid == getppid ())
		return complain (complaint, "%d is rpctrace itself", pid);
	if (proc_pid2task (getproc (), pid, &task) != 0 || !MACH_PORT_VALID (task))
		return complain (complaint, "there is no process %d, or it is not yours", pid);
	if (is_kernel (task))
		return complain (complaint, "process %d is the kernel", pid);
	if (is_traced (task))
		return complain (complaint, "process %d is being traced already", pid);
	return attach (relay, task, pid)
		|| complain (complaint, "process %d cannot be stopped: a thread of it is in the kernel for good", pid);
}

