/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the rights engine wants done, in terms of the kernel. */
#include "mach/bridge_internal.h"

#include "mach/give.h"

#include <mach/notify.h>
#include <mach_debug/mach_debug.h>
#include <stdlib.h>
#include <time.h>

#define NO_MEMORY_PAUSE_NS 10000000

/* A message on its way to a destination that may make us wait. */
struct delivery
{
	struct job job;
	struct bridge *bridge;
	uint64_t ticket;
	struct given given;
};

/* --- delivering ------------------------------------------------------------ */

static void
delivered (struct bridge *bridge, uint64_t ticket)
{
	/* an owned message's rights were made or moved, whether or not somebody got them */
	rights_delivered (bridge->rights, bridge_now (), ticket, RIGHTS_DELIVERED);
}

static void
deliver_waiting (struct job *job)
{
	struct delivery *delivery = (struct delivery *) job;
	struct bridge *bridge = delivery->bridge;

	if (!objects_take (&bridge->objects, &delivery->given) && give_wait (&delivery->given) != MACH_MSG_SUCCESS)
		give_destroy (&delivery->given);
	bridge_enter (bridge);
	delivered (bridge, delivery->ticket);
	bridge_leave (bridge);
	free (delivery);
}

/* The message must be owned by now. */
static void
deliver_later (struct bridge *bridge, uint64_t ticket, const struct given *given)
{
	struct timespec pause = { 0, NO_MEMORY_PAUSE_NS };
	struct delivery *delivery;

	while ((delivery = malloc (sizeof *delivery)) == NULL)
		nanosleep (&pause, NULL);
	*delivery = (struct delivery) { { NULL, deliver_waiting }, bridge, ticket, *given };
	workers_submit (bridge->workers, &delivery->job);
}

/* What a pager answers a fault with (mach.defs).  The kernel takes it without waiting for anybody but
   the pages themselves, which are busy for moments; so it needs no thread of its own.  Not so
   memory_object_lock_request, which waits while a page is wired. */
enum
{
	ID_MEMORY_OBJECT_DATA_UNAVAILABLE = 2039,
	ID_MEMORY_OBJECT_DATA_ERROR = 2090,
	ID_MEMORY_OBJECT_DATA_SUPPLY = 2093,
};

static bool
never_waits (int32_t id)
{
	return id == ID_MEMORY_OBJECT_DATA_SUPPLY || id == ID_MEMORY_OBJECT_DATA_ERROR
		|| id == ID_MEMORY_OBJECT_DATA_UNAVAILABLE;
}

/* Whether sending to a local send right can block us by more than a full queue. */
static bool
may_run_in_kernel (struct bridge *bridge, mach_port_t name)
{
	uintptr_t known = (uintptr_t) map_get (&bridge->destinations, name);
	vm_offset_t address;
	unsigned type;

	if (known == DESTINATION_UNKNOWN)
	{
		known = mach_port_kernel_object (mach_task_self (), name, &type, &address) == KERN_SUCCESS && type == 0
			? DESTINATION_TASK : DESTINATION_KERNEL;
		map_put (&bridge->destinations, name, (void *) known);
	}
	return known != DESTINATION_TASK;
}

static mach_port_t
destination (const struct bridge *bridge, const struct rights_action *action, mach_msg_type_name_t *disposition)
{
	const struct wire_right *to = &action->to;
	struct proxy *proxy;

	if (to->reference == WIRE_PROXY)
	{
		proxy = proxies_by_number (&bridge->proxies, to->proxy);
		*disposition = action->always ? MACH_MSG_TYPE_MAKE_SEND_ONCE : MACH_MSG_TYPE_MAKE_SEND;
		return proxy != NULL ? proxy->port : MACH_PORT_DEAD;
	}
	*disposition = to->disposition == WIRE_SEND_ONCE ? MACH_MSG_TYPE_MOVE_SEND_ONCE : MACH_MSG_TYPE_COPY_SEND;
	return to->reference == WIRE_LOCAL ? to->name : MACH_PORT_DEAD;
}

static void
deliver (struct bridge *bridge, const struct rights_action *action)
{
	bool to_local_send = action->to.reference == WIRE_LOCAL && action->to.disposition == WIRE_SEND;
	bool answers_fault = to_local_send && never_waits (action->message->id);
	mach_msg_type_name_t disposition;
	mach_port_t to = destination (bridge, action, &disposition);
	struct given given;
	int refusal = 0;

	if (!give_build (&given, action->message, to, disposition, &bridge->proxies, answers_fault))
	{
		bridge->driver.log (bridge->driver.ctx, "out of memory: a message of %zu bytes was lost",
			action->message->body.bytes);
		rights_delivered (bridge->rights, bridge_now (), action->ticket, RIGHTS_UNDELIVERABLE);
		return;
	}
	if (to_local_send && action->source != 0)
		refusal = bridge->driver.refusal (bridge->driver.ctx, action->source, given.message);
	if (refusal != 0)
	{
		give_own (&given, bridge->stage);
		give_refuse (&given, refusal);
		delivered (bridge, action->ticket);
		return;
	}
	if (to_local_send && !answers_fault && (may_run_in_kernel (bridge, to)
		|| objects_look_at (&bridge->objects, to, action->message->id)))
	{
		give_own (&given, bridge->stage);
		deliver_later (bridge, action->ticket, &given);
		return;
	}
	switch (give_try (&given))
	{
	case MACH_MSG_SUCCESS:
		delivered (bridge, action->ticket);
		return;
	case MACH_SEND_TIMED_OUT:
		deliver_later (bridge, action->ticket, &given);
		return;
	default:
		give_own (&given, bridge->stage);
		give_destroy (&given);
		delivered (bridge, action->ticket);
	}
}

static void
root_came (struct bridge *bridge, const struct rights_action *action)
{
	mach_port_t root = MACH_PORT_NULL;
	struct proxy *proxy;

	if (action->to.reference == WIRE_PROXY
		&& (proxy = proxies_by_number (&bridge->proxies, action->to.proxy)) != NULL
		&& mach_port_insert_right (mach_task_self (), proxy->port, proxy->port, MACH_MSG_TYPE_MAKE_SEND)
			== KERN_SUCCESS)
		root = proxy->port;
	else if (action->to.reference == WIRE_LOCAL
		&& mach_port_mod_refs (mach_task_self (), action->to.name, MACH_PORT_RIGHT_SEND, 1) == KERN_SUCCESS)
		root = action->to.name;
	rights_delivered (bridge->rights, bridge_now (), action->ticket,
		root != MACH_PORT_NULL || action->error != 0 ? RIGHTS_DELIVERED : RIGHTS_UNDELIVERABLE);
	bridge->driver.root_came (bridge->driver.ctx, action->request, root,
		root == MACH_PORT_NULL && action->error == 0 ? RIGHTS_ROOT_GONE : action->error);
}

/* --- proxies --------------------------------------------------------------- */

/* A request that stood before.  Dropping it makes the kernel tell its receiver, which is ourselves. */
static void
drop_request (struct proxy *proxy, mach_port_t previous)
{
	if (proxy->notify == MACH_PORT_NULL)
		proxy->ignore_send_once++;
	mach_port_deallocate (mach_task_self (), previous);
}

/* The notification comes by a send-once right to the proxy itself: so it tells which proxy it is
   about, and comes behind all messages that were queued before.  An adopted proxy has a port for it,
   and gets a marker when it comes, for the same reasons. */
static void
request_no_senders (struct bridge *bridge, struct proxy *proxy, mach_port_mscount_t sync)
{
	mach_port_t previous = MACH_PORT_NULL;
	mach_port_t to = proxy->notify != MACH_PORT_NULL ? proxy->notify : proxy->port;
	kern_return_t result = mach_port_request_notification (mach_task_self (), proxy->port, MACH_NOTIFY_NO_SENDERS,
		sync, to, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);

	if (result != KERN_SUCCESS)
		bridge->driver.log (bridge->driver.ctx, "no-senders request for proxy %u: %#x", proxy->number, result);
	else if (MACH_PORT_VALID (previous))
		drop_request (proxy, previous);
}

static void
cancel_no_senders (struct proxy *proxy)
{
	mach_port_t previous = MACH_PORT_NULL;

	if (mach_port_request_notification (mach_task_self (), proxy->port, MACH_NOTIFY_NO_SENDERS, 0, MACH_PORT_NULL,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous) == KERN_SUCCESS && MACH_PORT_VALID (previous))
		drop_request (proxy, previous);
}

void
bridge_mark (struct bridge *bridge, struct proxy *proxy, enum marker_kind kind, uint64_t cookie)
{
	struct marker marker =
	{
		.header =
		{
			.msgh_bits = MACH_MSGH_BITS (MACH_MSG_TYPE_MAKE_SEND_ONCE, 0),
			.msgh_size = sizeof marker,
			.msgh_remote_port = proxy->port,
			.msgh_id = MARKER_ID,
		},
		.secret = bridge->marker_secret,
		.kind = kind,
		.cookie = cookie,
	};
	mach_msg_return_t result = mach_msg (&marker.header, MACH_SEND_MSG, sizeof marker, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL);

	dr_assert (result == MACH_MSG_SUCCESS);	/* the receive right is ours, and send-once never blocks */
}

static void
close_proxy (struct bridge *bridge, struct proxy *proxy)
{
	mach_port_set_qlimit (mach_task_self (), proxy->port, 0);
	cancel_no_senders (proxy);
	proxies_receive (&bridge->proxies, proxy, true);
	bridge_mark (bridge, proxy, MARKER_CLOSE, 0);
}

static void
make_proxy (struct bridge *bridge, const struct rights_action *action)
{
	struct proxy *proxy = action->kind == RIGHTS_PROXY_CREATE
		? proxies_create (&bridge->proxies, action->proxy, action->once)
		: proxies_adopt (&bridge->proxies, action->proxy, action->name);

	if (proxy == NULL)
		/* from now on it counts as destroyed */
		bridge->driver.log (bridge->driver.ctx, "no port for proxy %u", action->proxy);
	else if (!proxy->once)
		request_no_senders (bridge, proxy, action->sync);
}

static void
act_on_proxy (struct bridge *bridge, const struct rights_action *action)
{
	struct proxy *proxy = proxies_by_number (&bridge->proxies, action->proxy);

	if (proxy == NULL)
		return;
	switch (action->kind)
	{
	case RIGHTS_PROXY_ARM:
		request_no_senders (bridge, proxy, action->sync);
		break;
	case RIGHTS_PROXY_PAUSE:
	case RIGHTS_PROXY_RESUME:
		proxies_receive (&bridge->proxies, proxy, action->kind == RIGHTS_PROXY_RESUME);
		break;
	case RIGHTS_PROXY_MARK:
		bridge_mark (bridge, proxy, MARKER_MARK, action->cookie);
		break;
	case RIGHTS_PROXY_CLOSE:
		close_proxy (bridge, proxy);
		break;
	default:
		proxies_destroy (&bridge->proxies, proxy);
	}
}

/* --- local names ------------------------------------------------------------ */

static void
watch (struct bridge *bridge, mach_port_t name)
{
	mach_port_t previous = MACH_PORT_NULL;
	/* with sync 1 a name that is dead already is reported at once */
	kern_return_t result = mach_port_request_notification (mach_task_self (), name, MACH_NOTIFY_DEAD_NAME, 1,
		bridge->notices, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);

	if (result != KERN_SUCCESS)
		rights_local_dead (bridge->rights, bridge_now (), name);
	else if (MACH_PORT_VALID (previous))
		mach_port_deallocate (mach_task_self (), previous);
}

void
bridge_watch_due (struct bridge *bridge)
{
	mach_port_t name;

	while ((name = watches_due (&bridge->watches, bridge_now ())) != MACH_PORT_NULL)
		if (rights_watches (bridge->rights, name))
			watch (bridge, name);
}

static void
drop (struct bridge *bridge, mach_port_t name, uint32_t count)
{
	map_remove (&bridge->destinations, name);
	if (count <= 1 || mach_port_mod_refs (mach_task_self (), name, MACH_PORT_RIGHT_SEND, -(int) count) != KERN_SUCCESS)
		while (count-- > 0)
			mach_port_deallocate (mach_task_self (), name);
	objects_dropped (&bridge->objects, name);
}

void
bridge_execute (struct bridge *bridge, const struct rights_action *action)
{
	const struct bridge_driver *driver = &bridge->driver;

	switch (action->kind)
	{
	case RIGHTS_SEND:
		driver->send (driver->ctx, action->session, action->stream, action->slices, action->slices_count,
			action->lazy);
		break;
	case RIGHTS_CONNECT:
		driver->connect (driver->ctx, &action->key, &action->address);
		break;
	case RIGHTS_DELIVER:
		deliver (bridge, action);
		break;
	case RIGHTS_PROXY_CREATE:
	case RIGHTS_PROXY_ADOPT:
		make_proxy (bridge, action);
		break;
	case RIGHTS_LOCAL_WATCH:
		if (!watches_add (&bridge->watches, action->name, bridge_now ()))
			watch (bridge, action->name);
		break;
	case RIGHTS_LOCAL_DROP:
		drop (bridge, action->name, action->count);
		break;
	case RIGHTS_ROOT_WANTED:
		driver->root_wanted (driver->ctx, action->session, action->request);
		break;
	case RIGHTS_ROOT:
		root_came (bridge, action);
		break;
	default:
		act_on_proxy (bridge, action);
	}
}
