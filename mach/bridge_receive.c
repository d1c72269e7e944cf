/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receive thread: what comes out of the proxies' queues, in order, into the engine.

   There is one such thread per bridge at a time, because the order of a proxy's messages, of the
   notifications among them and of our own markers is what the engine relies on. */
#include "mach/bridge_internal.h"

#include "mach/resident.h"
#include "mach/take.h"

#include <mach/notify.h>
#include <stdlib.h>
#include <time.h>

#define RETRY_NS 10000000	/* between attempts while the engine has no room */

static void
step_out_for_a_moment (struct bridge *bridge)
{
	struct timespec pause = { 0, RETRY_NS };

	bridge_leave (bridge);
	nanosleep (&pause, NULL);
	bridge_enter (bridge);
	rights_tick (bridge->rights, bridge_now ());
}

void
bridge_pass_on (struct bridge *bridge, uint32_t number, mach_msg_header_t *header)
{
	struct taken taken;
	enum dr_status status;

	while ((status = take_message (&taken, header, &bridge->proxies, &bridge->alloc)) == DR_NO_MEMORY)
		step_out_for_a_moment (bridge);
	if (status != DR_OK)
	{
		mach_msg_destroy (header);
		return;
	}
	while ((status = rights_message (bridge->rights, bridge_now (), number, &taken.message)) == DR_LIMIT
		|| status == DR_NO_MEMORY)
		step_out_for_a_moment (bridge);
	if (status == DR_OK)
		take_done (&taken);
	else
		take_destroy (&taken);
}

/* Everything that was queued before has been passed on, and with a queue limit of 0 no more comes. */
static void
finish_closing (struct bridge *bridge, struct proxy *proxy)
{
	proxies_receive (&bridge->proxies, proxy, false);
	mach_port_insert_right (mach_task_self (), proxy->port, proxy->port, MACH_MSG_TYPE_MAKE_SEND);
	rights_proxy_closed (bridge->rights, bridge_now (), proxy->number, proxy->port);
}

static void
take_marker (struct bridge *bridge, struct proxy *proxy, const struct marker *marker)
{
	uint64_t now = bridge_now ();

	switch (marker->kind)
	{
	case MARKER_CLOSE:
		finish_closing (bridge, proxy);
		break;
	case MARKER_NO_SENDERS:
		rights_no_senders (bridge->rights, now, proxy->number, marker->cookie);
		break;
	default:
		rights_marked (bridge->rights, now, proxy->number, marker->cookie);
	}
}

/* Send-once rights to a proxy that is neither `once` nor adopted are made only by us.  False: HEADER
   is a message like any other. */
static bool
take_notice (struct bridge *bridge, struct proxy *proxy, const mach_msg_header_t *header)
{
	const struct marker *marker = (const struct marker *) header;

	if (header->msgh_id == MARKER_ID && header->msgh_size == sizeof *marker && marker->secret == bridge->marker_secret)
	{
		take_marker (bridge, proxy, marker);
		return true;
	}
	if (proxy->notify != MACH_PORT_NULL)
		return false;
	if (header->msgh_id == MACH_NOTIFY_NO_SENDERS && header->msgh_size == sizeof (mach_no_senders_notification_t))
	{
		rights_no_senders (bridge->rights, bridge_now (), proxy->number,
			((const mach_no_senders_notification_t *) header)->not_count);
		return true;
	}
	if (header->msgh_id == MACH_NOTIFY_SEND_ONCE && proxy->ignore_send_once > 0)
	{
		proxy->ignore_send_once--;
		return true;
	}
	return false;
}

/* At the notify port of an adopted proxy. */
static void
take_own_notice (struct bridge *bridge, struct proxy *proxy, mach_msg_header_t *header)
{
	if (header->msgh_id == MACH_NOTIFY_NO_SENDERS && header->msgh_size == sizeof (mach_no_senders_notification_t))
		bridge_mark (bridge, proxy, MARKER_NO_SENDERS, ((mach_no_senders_notification_t *) header)->not_count);
	else
		mach_msg_destroy (header);	/* a request of ours was withdrawn */
}

static void
pass_on_shown (struct bridge *bridge, uint32_t number, mach_msg_header_t *header)
{
	if (bridge->driver.passing != NULL)
		bridge->driver.passing (bridge->driver.ctx, number, header);
	bridge_pass_on (bridge, number, header);
}

/* False: the caller is the receive thread no more. */
static bool
take_from_proxy (struct bridge *bridge, struct proxy *proxy, mach_msg_header_t *header)
{
	bool by_send_once = MACH_MSGH_BITS_LOCAL (header->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE;

	if (proxy->once)
		proxy->used = true;
	if (proxy->once && header->msgh_id == MACH_NOTIFY_SEND_ONCE && header->msgh_size == sizeof *header)
		rights_send_once_gone (bridge->rights, bridge_now (), proxy->number);
	else if (proxy->once || !by_send_once || !take_notice (bridge, proxy, header))
	{
		if (resident_needed (header))
			return bridge_touch_first (bridge, proxy, header);
		pass_on_shown (bridge, proxy->number, header);
	}
	return true;
}

/* About a name in our own task. */
static void
take_name_notice (struct bridge *bridge, mach_msg_header_t *header)
{
	const mach_dead_name_notification_t *notice = (const mach_dead_name_notification_t *) header;

	if (header->msgh_id != MACH_NOTIFY_DEAD_NAME || header->msgh_size < sizeof *notice)
	{
		mach_msg_destroy (header);	/* a request of ours was withdrawn */
		return;
	}
	map_remove (&bridge->destinations, notice->not_port);
	rights_local_dead (bridge->rights, bridge_now (), notice->not_port);
	mach_port_deallocate (mach_task_self (), notice->not_port);
}

struct receiving
{
	struct bridge *bridge;
	struct receiver receiver;
};

static void *
receive (void *argument)
{
	struct receiving *receiving = argument;
	struct bridge *bridge = receiving->bridge;
	bool ours = true;

	while (ours)
	{
		mach_msg_return_t result = receiver_next (&receiving->receiver, bridge->set, 0, MACH_MSG_TIMEOUT_NONE);
		mach_msg_header_t *header = receiving->receiver.buffer;
		struct proxy *proxy;

		dr_assert (result == MACH_MSG_SUCCESS);	/* the set lives as long as the program */
		bridge_enter (bridge);
		proxy = proxies_by_port (&bridge->proxies, header->msgh_local_port);
		if (header->msgh_local_port == bridge->notices)
			take_name_notice (bridge, header);
		else if (proxy == NULL || proxy->destroyed)
			mach_msg_destroy (header);
		else if (header->msgh_local_port == proxy->notify)
			take_own_notice (bridge, proxy, header);
		else
			ours = take_from_proxy (bridge, proxy, header);
		if (ours)
			proxies_bury (&bridge->proxies);
		bridge_leave (bridge);
	}
	receiver_free (&receiving->receiver);
	free (receiving);
	return NULL;
}

bool
bridge_start_receiving (struct bridge *bridge)
{
	struct receiving *receiving = malloc (sizeof *receiving);
	pthread_t thread;

	if (receiving == NULL)
		return false;
	receiving->bridge = bridge;
	if (receiver_init (&receiving->receiver))
	{
		if (pthread_create (&thread, NULL, receive, receiving) == 0)
		{
			pthread_detach (thread);
			return true;
		}
		receiver_free (&receiving->receiver);
	}
	free (receiving);
	return false;
}
