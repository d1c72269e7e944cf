/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mach/proxies.h"

#include "core/base/status.h"

#include <stdlib.h>

void
proxies_init (struct proxies *proxies, mach_port_t set)
{
	*proxies = (struct proxies) { .set = set };
}

void
proxies_free (struct proxies *proxies)
{
	for (size_t i = 0; i < proxies->by_port.slots; i++)
		if (proxies->by_port.keys[i] != 0
			&& ((struct proxy *) proxies->by_port.values[i])->port == proxies->by_port.keys[i])
			free (proxies->by_port.values[i]);
	map_free (&proxies->by_number);
	map_free (&proxies->by_port);
}

struct proxy *
proxies_by_number (const struct proxies *proxies, uint32_t number)
{
	return map_get (&proxies->by_number, number);
}

struct proxy *
proxies_by_port (const struct proxies *proxies, mach_port_t port)
{
	return map_get (&proxies->by_port, port);
}

static struct proxy *
enter (struct proxies *proxies, uint32_t number, mach_port_t port, bool once)
{
	struct proxy *proxy = malloc (sizeof *proxy);

	if (proxy == NULL)
		return NULL;
	*proxy = (struct proxy) { .number = number, .port = port, .once = once };
	if (!map_put (&proxies->by_number, number, proxy))
	{
		free (proxy);
		return NULL;
	}
	if (!map_put (&proxies->by_port, port, proxy))
	{
		map_remove (&proxies->by_number, number);
		free (proxy);
		return NULL;
	}
	return proxy;
}

static void
drop_notify (struct proxies *proxies, struct proxy *proxy)
{
	if (proxy->notify == MACH_PORT_NULL)
		return;
	map_remove (&proxies->by_port, proxy->notify);
	mach_port_mod_refs (mach_task_self (), proxy->notify, MACH_PORT_RIGHT_RECEIVE, -1);
	proxy->notify = MACH_PORT_NULL;
}

static void
let_go (struct proxy *proxy)
{
	if (proxy->held != NULL)
		*proxy->held = NULL;
	proxy->held = NULL;
}

static void
leave (struct proxies *proxies, struct proxy *proxy)
{
	let_go (proxy);
	map_remove (&proxies->by_number, proxy->number);
	map_remove (&proxies->by_port, proxy->port);
	drop_notify (proxies, proxy);
	free (proxy);
}

struct proxy *
proxies_create (struct proxies *proxies, uint32_t number, bool once)
{
	struct proxy *proxy;
	mach_port_t port;

	if (once && proxies->spares > 0)
		port = proxies->spare[--proxies->spares];
	else if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return NULL;
	else if (mach_port_move_member (mach_task_self (), port, proxies->set) != KERN_SUCCESS)
	{
		mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
		return NULL;
	}
	proxy = enter (proxies, number, port, once);
	if (proxy == NULL)
		mach_port_mod_refs (mach_task_self (), port, MACH_PORT_RIGHT_RECEIVE, -1);
	else
		proxy->wanted = proxy->received_from = true;
	return proxy;
}

struct proxy *
proxies_adopt (struct proxies *proxies, uint32_t number, mach_port_t port)
{
	struct proxy *proxy = enter (proxies, number, port, false);
	mach_port_t notify;

	if (proxy == NULL)
		return NULL;
	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &notify) == KERN_SUCCESS)
	{
		if (mach_port_move_member (mach_task_self (), notify, proxies->set) == KERN_SUCCESS
			&& map_put (&proxies->by_port, notify, proxy))
		{
			proxy->notify = notify;
			return proxy;
		}
		mach_port_mod_refs (mach_task_self (), notify, MACH_PORT_RIGHT_RECEIVE, -1);
	}
	leave (proxies, proxy);
	return NULL;
}

/* A send-once proxy has one message only: it may stay in the set while that is held. */
static void
settle (struct proxies *proxies, struct proxy *proxy)
{
	bool receive = proxy->wanted && (proxy->held == NULL || proxy->once);

	if (proxy->received_from == receive)
		return;
	proxy->received_from = receive;
	mach_port_move_member (mach_task_self (), proxy->port, receive ? proxies->set : MACH_PORT_NULL);
}

void
proxies_receive (struct proxies *proxies, struct proxy *proxy, bool receive)
{
	proxy->wanted = receive;
	settle (proxies, proxy);
}

void
proxies_keep (struct proxy *proxy, struct proxy **holder)
{
	*holder = proxy;
	proxy->held = holder;
}

void
proxies_hold (struct proxies *proxies, struct proxy *proxy, struct proxy **holder)
{
	proxies_keep (proxy, holder);
	settle (proxies, proxy);
}

void
proxies_go_on (struct proxies *proxies, struct proxy *proxy)
{
	proxy->held = NULL;
	settle (proxies, proxy);
}

void
proxies_destroy (struct proxies *proxies, struct proxy *proxy)
{
	let_go (proxy);
	if (proxy->once && proxy->used && proxies->spares < PROXIES_SPARE_MAX)
	{
		/* its only right is gone and its only message was received: as good as new */
		proxies_receive (proxies, proxy, true);
		proxies->spare[proxies->spares++] = proxy->port;
		leave (proxies, proxy);
		return;
	}
	/* the send right keeps the name */
	mach_port_insert_right (mach_task_self (), proxy->port, proxy->port, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_mod_refs (mach_task_self (), proxy->port, MACH_PORT_RIGHT_RECEIVE, -1);
	map_remove (&proxies->by_number, proxy->number);
	drop_notify (proxies, proxy);
	proxy->destroyed = true;
	proxy->next = proxies->destroyed;
	proxies->destroyed = proxy;
}

void
proxies_bury (struct proxies *proxies)
{
	struct proxy *proxy;

	while ((proxy = proxies->destroyed) != NULL)
	{
		proxies->destroyed = proxy->next;
		map_remove (&proxies->by_port, proxy->port);
		mach_port_deallocate (mach_task_self (), proxy->port);
		free (proxy);
	}
}

mach_port_t
proxies_release (struct proxies *proxies, struct proxy *proxy)
{
	mach_port_t port = proxy->port;

	dr_assert (proxy->held == NULL);	/* it was closed: all its messages have been passed on */
	proxies_receive (proxies, proxy, false);
	leave (proxies, proxy);
	return port;
}
