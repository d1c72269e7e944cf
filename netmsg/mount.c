/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Roots: asking a peer for the one that it serves to us, and serving ours. */
#include "service.h"

#include "root.h"

#include <mach.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_SECOND UINT64_C (1000000)

/* --- asking ------------------------------------------------------------------- */

static bool
no_answer (struct service *service, const struct member *member, struct complaint *complaint)
{
	struct link_status status;
	char text[64];

	link_peer_status (member->link, &status);
	net_address_text (&status.address, text, sizeof text);
	return complain (complaint, "%s (%s): no answer within %u s; does netmsg -s run there, and does it list this"
		" node's key?", member->peer->name, text, service->options->silence_seconds);
}

/* With the bridge entered: waits for a session with MEMBER. */
static bool
have_session (struct service *service, struct member *member, uint64_t deadline, struct complaint *complaint)
{
	uint64_t failed = member->attempts_failed;

	sessions_connect (service, member);
	bridge_settle (service->bridge);
	while (member->session == 0)
		if (member->attempts_failed != failed || !bridge_sleep (service->bridge, &service->changed, deadline))
			return no_answer (service, member, complaint);
	return true;
}

static struct root_request *
find_request (struct service *service, uint64_t number)
{
	struct root_request *request = service->root_requests;

	while (request != NULL && request->request != number)
		request = request->next;
	return request;
}

static void
forget_request (struct service *service, struct root_request *request)
{
	struct root_request **link = &service->root_requests;

	while (*link != request)
		link = &(*link)->next;
	*link = request->next;
}

/* With the bridge entered and a session up. */
static bool
ask_root (struct service *service, struct member *member, uint64_t deadline, mach_port_t *root,
	struct complaint *complaint)
{
	struct root_request request = { 0 };

	if (rights_get_root (bridge_rights (service->bridge), bridge_now (), member->session, &request.request) != DR_OK)
		return complain (complaint, "%s: the session ended; try again", member->peer->name);
	request.next = service->root_requests;
	service->root_requests = &request;
	bridge_settle (service->bridge);
	while (!request.done && bridge_sleep (service->bridge, &service->changed, deadline))
		continue;
	forget_request (service, &request);
	if (!request.done)
		return no_answer (service, member, complaint);
	*root = request.root;
	if (request.root != MACH_PORT_NULL)
		return true;
	switch (request.error)
	{
	case ROOT_NOT_SERVED:
		return complain (complaint, "%s: netmsg runs there but serves nothing; run there: netmsg -s",
			member->peer->name);
	case ROOT_NOT_POSSIBLE:
		return complain (complaint, "%s: cannot serve its path to this node; netmsg -d there tells why",
			member->peer->name);
	default:
		return complain (complaint, "%s: the session ended; try again", member->peer->name);
	}
}

bool
mount_host (struct service *service, const char *host, mach_port_t *root, struct complaint *complaint)
{
	const struct peer *peer = peers_find_host (&service->peers, host);
	uint64_t deadline = bridge_now () + (service->options->silence_seconds + 1) * US_PER_SECOND;
	struct link_address address;
	struct member *member;
	bool good;

	if (peer == NULL)
		return complain (complaint, "%s: not in %s; add a line there: KEY %s ADDRESS", host,
			service->options->peers_file, host);
	member = &service->members[peer - service->peers.list];
	if (member->link == NULL)
		return complain (complaint, "%s: that is this node itself", host);
	if (!net_resolve (peer, DEFAULT_PORT, &address, complaint))
		return false;
	bridge_enter (service->bridge);
	link_peer_address (member->link, &address);
	good = have_session (service, member, deadline, complaint)
		&& ask_root (service, member, deadline, root, complaint);
	bridge_leave (service->bridge);
	return good;
}

void
mount_root_came (void *argument, uint64_t number, mach_port_t root, uint32_t error)
{
	struct service *service = argument;
	struct root_request *request = find_request (service, number);

	if (request == NULL)
	{
		/* whoever asked has given up */
		if (root != MACH_PORT_NULL)
			mach_port_deallocate (mach_task_self (), root);
		return;
	}
	request->done = true;
	request->root = root;
	request->error = error;
	pthread_cond_broadcast (&service->changed);
}

/* --- answering ------------------------------------------------------------------ */

struct root_answer
{
	struct job job;
	struct service *service;
	const struct peer *peer;
	uint64_t session, request;
	char served[SERVED_PATH_BYTES];
};

static void
give_root (struct service *service, uint64_t session, uint64_t request, mach_port_t root, uint32_t error)
{
	struct wire_right right = { .disposition = WIRE_SEND };

	if (root != MACH_PORT_NULL)
	{
		right.reference = WIRE_LOCAL;
		right.name = root;
	}
	if (rights_give_root (bridge_rights (service->bridge), bridge_now (), session, request, &right, error) != DR_OK
		&& root != MACH_PORT_NULL)
		mach_port_deallocate (mach_task_self (), root);
}

/* Looks the path up anew for every request: what was there before may be gone. */
static void
answer (struct job *job)
{
	struct root_answer *work = (struct root_answer *) job;
	struct service *service = work->service;
	struct complaint complaint;
	mach_port_t root = MACH_PORT_NULL;
	bool good = root_for_peer (work->peer, work->served, &root, &complaint);

	if (!good)
		service_log (service, "%s: %s", work->peer->name, complaint.text);
	bridge_enter (service->bridge);
	give_root (service, work->session, work->request, root, good ? 0 : ROOT_NOT_POSSIBLE);
	bridge_leave (service->bridge);
	free (work);
}

void
mount_root_wanted (void *argument, uint64_t session, uint64_t request)
{
	struct service *service = argument;
	struct member *member = sessions_by_number (service, session);
	struct root_answer *work;

	if (member == NULL)
		return;
	if (service->served[0] == 0)
	{
		give_root (service, session, request, MACH_PORT_NULL, ROOT_NOT_SERVED);
		return;
	}
	work = malloc (sizeof *work);
	if (work == NULL)
	{
		give_root (service, session, request, MACH_PORT_NULL, ROOT_NOT_POSSIBLE);
		return;
	}
	*work = (struct root_answer) { { NULL, answer }, service, member->peer, session, request, "" };
	strcpy (work->served, service->served);
	workers_submit (service->root_workers, &work->job);
}
