/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the link and the rights engine: sessions come and go, messages pass both ways. */
#include "service.h"

#include "hurd_numbers.h"
#include "readonly.h"
#include "reauth.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MEMORY_PAUSE_NS 10000000

bool
sessions_init (struct service *service, struct complaint *complaint)
{
	struct link_address address;
	struct complaint ignored;

	bridge_condition_init (&service->changed);
	service->members = calloc (service->peers.count + 1, sizeof *service->members);
	if (service->members == NULL)
		return complain (complaint, "out of memory");
	for (size_t i = 0; i < service->peers.count; i++)
	{
		struct member *member = &service->members[i];
		const struct peer *peer = &service->peers.list[i];
		enum dr_status status;

		member->peer = peer;
		member->held_last = &member->held;
		if (memcmp (peer->key, service->keys.public, KEY_BYTES) == 0)
			continue;	/* one list may serve all nodes: this line is ourselves */
		/* only numeric addresses now: looking names up could take long, and is done when connecting */
		status = link_peer_add (service->link, peer->key,
			peer->address[0] >= '0' && peer->address[0] <= '9'
			&& net_resolve (peer, service->options->port, &address, &ignored) ? &address : NULL,
			member, &member->link);
		if (status != DR_OK)
			return complain (complaint, "%s: peer %s: %s", service->options->peers_file, peer->name,
				status == DR_INVALID ? "not a usable public key" : dr_status_text (status));
	}
	return true;
}

struct member *
sessions_by_number (struct service *service, uint64_t session)
{
	for (size_t i = 0; session != 0 && i < service->peers.count; i++)
		if (service->members[i].session == session)
			return &service->members[i];
	return NULL;
}

static struct member *
member_by_key (struct service *service, const struct rights_key *key)
{
	for (size_t i = 0; i < service->peers.count; i++)
		if (memcmp (service->members[i].peer->key, key->bytes, KEY_BYTES) == 0)
			return &service->members[i];
	return NULL;
}

static struct rights_key
key_of (const struct member *member)
{
	struct rights_key key;

	memcpy (key.bytes, member->peer->key, sizeof key.bytes);
	return key;
}

/* --- sending ------------------------------------------------------------------ */

static void
drop_slices (const struct dr_slice *slices, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		dr_buf_drop (slices[i].buf);
}

static void
drop_held (struct member *member)
{
	struct held_send *held;

	while ((held = member->held) != NULL)
	{
		member->held = held->next;
		drop_slices (held->slices, held->count);
		free (held);
	}
	member->held_last = &member->held;
}

static enum dr_status
give_link (struct service *service, struct member *member, uint64_t stream, const struct dr_slice *slices, uint32_t count,
	bool lazy)
{
	return (lazy ? link_send_lazily : link_send) (service->link, member->link, stream, slices, count, bridge_now ());
}

/* Sends what waits, in order, as far as the link takes it. */
static void
send_held (struct service *service, struct member *member)
{
	struct held_send *held;

	while ((held = member->held) != NULL)
	{
		enum dr_status status = give_link (service, member, held->stream, held->slices, held->count, held->lazy);

		if (status == DR_LIMIT || status == DR_NO_MEMORY)
			return;
		member->held = held->next;
		if (member->held == NULL)
			member->held_last = &member->held;
		drop_slices (held->slices, held->count);
		free (held);
	}
	rights_session_blocked (bridge_rights (service->bridge), member->session, false);
}

void
sessions_retry_held (struct service *service)
{
	for (size_t i = 0; i < service->peers.count; i++)
		if (service->members[i].held != NULL)
			send_held (service, &service->members[i]);
}

static void
hold (struct service *service, struct member *member, uint64_t stream, const struct dr_slice *slices, uint32_t count,
	bool lazy)
{
	struct held_send *held;
	struct timespec pause = { 0, MEMORY_PAUSE_NS };

	while ((held = malloc (sizeof *held + count * sizeof *slices)) == NULL)
		nanosleep (&pause, NULL);
	*held = (struct held_send) { NULL, stream, count, lazy };
	memcpy (held->slices, slices, count * sizeof *slices);
	if (member->held == NULL)
		rights_session_blocked (bridge_rights (service->bridge), member->session, true);
	*member->held_last = held;
	member->held_last = &held->next;
}

static void
driver_send (void *argument, uint64_t session, uint64_t stream, const struct dr_slice *slices, uint32_t count, bool lazy)
{
	struct service *service = argument;
	struct member *member = sessions_by_number (service, session);
	enum dr_status status = DR_SESSION_OVER;

	if (member != NULL && member->held == NULL)
		status = give_link (service, member, stream, slices, count, lazy);
	else if (member != NULL)
		status = DR_LIMIT;
	if (status == DR_LIMIT || status == DR_NO_MEMORY)
		hold (service, member, stream, slices, count, lazy);
	else
	{
		drop_slices (slices, count);	/* on success the link has its own references */
		if (status != DR_OK && status != DR_SESSION_OVER)
			service_log (service, "message of %u slices not sent: %s", count, dr_status_text (status));
	}
}

/* --- connecting ----------------------------------------------------------------- */

void
sessions_connect (struct service *service, struct member *member)
{
	if (member->session != 0 || member->connecting)
		return;
	if (link_connect (service->link, member->link, bridge_now ()) == DR_OK)
		member->connecting = true;
	else
		member->attempts_failed++;
}

static void
driver_connect (void *argument, const struct rights_key *key, const struct rights_address *address)
{
	struct service *service = argument;
	struct member *member = member_by_key (service, key);
	struct link_address to = { .bytes = address->bytes };
	struct link_status status;

	if (member == NULL || member->link == NULL)
	{
		/* a third node that is not listed here: the engine asks for a relay */
		rights_connect_failed (bridge_rights (service->bridge), bridge_now (), key);
		return;
	}
	link_peer_status (member->link, &status);
	if (status.address.bytes == 0 && address->bytes != 0)
	{
		memcpy (to.data, address->data, sizeof to.data);
		link_peer_address (member->link, &to);
	}
	sessions_connect (service, member);
	if (member->session == 0 && !member->connecting)
		rights_connect_failed (bridge_rights (service->bridge), bridge_now (), key);
}

static int
driver_refusal (void *argument, uint64_t session, const mach_msg_header_t *request)
{
	struct member *member = sessions_by_number (argument, session);

	return member != NULL && member->peer->read_only && !readonly_allows (request) ? WIRE_EROFS : 0;
}

void
sessions_driver (struct service *service, struct bridge_driver *driver)
{
	*driver = (struct bridge_driver)
	{
		.ctx = service, .send = driver_send, .connect = driver_connect, .refusal = driver_refusal,
		.root_wanted = mount_root_wanted, .root_came = mount_root_came, .flush = net_flush, .log = service_log,
		.passing = reauth_look,
	};
}

/* --- the link's events ------------------------------------------------------------ */

static void
session_up (struct service *service, struct member *member, const struct link_event *event)
{
	struct rights_key key = key_of (member);
	struct rights_address address = { .bytes = event->address.bytes };
	char text[64];

	memcpy (address.data, event->address.data, sizeof address.data);
	net_address_text (&event->address, text, sizeof text);
	member->connecting = false;
	drop_held (member);
	if (rights_session_up (bridge_rights (service->bridge), bridge_now (), &key, event->session, &address,
		&member->session) != DR_OK)
	{
		member->session = 0;
		link_close (service->link, member->link, false, bridge_now ());
	}
	service_log (service, "%s: session up with %s", member->peer->name, text);
	pthread_cond_broadcast (&service->changed);
}

static void
session_down (struct service *service, struct member *member)
{
	uint64_t session = member->session;

	member->session = 0;
	drop_held (member);
	if (session != 0)
		rights_session_down (bridge_rights (service->bridge), bridge_now (), session);
	pthread_cond_broadcast (&service->changed);
}

static void
connect_failed (struct service *service, struct member *member)
{
	struct rights_key key = key_of (member);

	member->connecting = false;
	member->attempts_failed++;
	rights_connect_failed (bridge_rights (service->bridge), bridge_now (), &key);
	service_log (service, "%s: no answer", member->peer->name);
	pthread_cond_broadcast (&service->changed);
}

static void
message_came (struct service *service, struct member *member, struct link_event *event)
{
	struct timespec pause = { 0, MEMORY_PAUSE_NS };
	enum dr_status status;

	while ((status = rights_frame (bridge_rights (service->bridge), bridge_now (), member->session, event->stream,
		event->message)) == DR_NO_MEMORY)
	{
		/* the same frame again, before any later one: SERVICE->handling keeps others away */
		bridge_unlock (service->bridge);
		nanosleep (&pause, NULL);
		bridge_lock (service->bridge);
	}
	dr_buf_drop (event->message);
	if (status == DR_PEER_FAULT)
	{
		service_log (service, "%s: broke the protocol; session closed", member->peer->name);
		session_down (service, member);
		link_close (service->link, member->link, true, bridge_now ());
	}
}

static void
handle_event (struct service *service, struct link_event *event)
{
	static const char *const reasons[] = { "?", "closed here", "closed by the peer", "the peer says we broke the protocol",
		"silence", "the peer began a new session", "the peer broke the link's protocol", "keys too old" };
	struct member *member = event->user;

	switch (event->kind)
	{
	case LINK_UP:
		session_up (service, member, event);
		break;
	case LINK_DOWN:
		service_log (service, "%s: session down: %s", member->peer->name,
			event->down < sizeof reasons / sizeof reasons[0] ? reasons[event->down] : "?");
		session_down (service, member);
		break;
	case LINK_FAILED:
		connect_failed (service, member);
		break;
	case LINK_MESSAGE:
		if (member->session != 0)
			message_came (service, member, event);
		else
			dr_buf_drop (event->message);
		break;
	case LINK_WRITABLE:
		send_held (service, member);
		break;
	}
}

/* Executes the engine's actions between events, so that what one message brought about is under way
   before the next one. */
void
sessions_handle_events (struct service *service)
{
	struct link_event event;

	if (service->handling)
		return;
	service->handling = true;
	while (link_event (service->link, &event))
		handle_event (service, &event);
	service->handling = false;
}
