/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmsg status: text for people, one fact per line. */
#include "service.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void
print_member (FILE *out, const struct member *member)
{
	struct link_status status;
	char address[64];

	if (member->link == NULL)
	{
		fprintf (out, "peer %s this node\n", member->peer->name);
		return;
	}
	link_peer_status (member->link, &status);
	net_address_text (&status.address, address, sizeof address);
	fprintf (out, "peer %s %s %s user %s%s", member->peer->name, address,
		status.state == LINK_CONNECTED ? "up" : status.state == LINK_CONNECTING ? "connecting" : "down",
		member->peer->user, member->peer->read_only ? " read-only" : "");
	if (status.state == LINK_CONNECTED)
		fprintf (out, " session %" PRIx64 " rtt %" PRIu64 ".%03" PRIu64 " ms window %" PRIu64 " flight %" PRIu64
			" queued %" PRIu64 " messages %" PRIu64 "/%" PRIu64 " bytes %" PRIu64 "/%" PRIu64
			" datagrams %" PRIu64 "/%" PRIu64 " lost %" PRIu64 " of %" PRIu32 " bytes", status.session, status.rtt_us / 1000, status.rtt_us % 1000,
			status.window_bytes, status.flight_bytes, status.queue_messages, status.messages_sent,
			status.messages_received, status.bytes_sent, status.bytes_received, status.datagrams_sent,
			status.datagrams_received, status.datagrams_lost, status.datagram_bytes);
	fputc ('\n', out);
}

static void
print_relay (void *argument, const struct rights_queue_status *queue)
{
	if (queue->place == RIGHTS_RELAYED)
		fprintf (argument, "relayed queue %" PRIu64 " proxy %u\n", queue->serial, queue->proxy);
}

static void
print_queue (void *argument, const struct rights_queue_status *queue)
{
	static const char *const places[] = { "home", "imported", "claiming", "flushing", "relayed", "leaving", "arriving",
		"dead" };

	fprintf (argument, "queue %02x%02x/%" PRIu64 " %s%s name %u proxy %u holders %u holds %" PRIu64 " received %" PRIu64
		" waiting %u window %u pins %u\n", queue->origin.bytes[0], queue->origin.bytes[1], queue->serial,
		places[queue->place], queue->once ? " once" : "", queue->name, queue->proxy, queue->holders, queue->holds,
		queue->received, queue->waiting, queue->in_window, queue->pins);
}

static void
print_counts (FILE *out, struct service *service)
{
	struct link_counters link;
	struct rights_counts rights;
	struct workers_status workers;

	rights_count (bridge_rights (service->bridge), &rights);
	link_counters (service->link, &link);
	bridge_worker_status (service->bridge, &workers);
	fprintf (out, "rights: sessions %" PRIu64 " queues %" PRIu64 " exports %" PRIu64 " imports %" PRIu64 " proxies %" PRIu64
		" locals %" PRIu64 " handoffs %" PRIu64 " messages %" PRIu64 " bytes %" PRIu64 "\n", rights.sessions, rights.queues,
		rights.exports, rights.imports, rights.proxies, rights.locals, rights.handoffs, rights.messages,
		rights.message_bytes);
	fprintf (out, "link: in %" PRIu64 " out %" PRIu64 " garbage %" PRIu64 " forged %" PRIu64 " unknown %" PRIu64
		" replayed %" PRIu64 " index %" PRIu64 " load %" PRIu64 " memory %" PRIu64 " late %" PRIu64 " cookies %" PRIu64 "\n",
		link.datagrams_in, link.datagrams_out, link.dropped_garbage, link.dropped_forged, link.dropped_unknown,
		link.dropped_replay, link.dropped_index, link.dropped_load, link.dropped_memory, link.dropped_late,
		link.cookies_sent);
	fprintf (out, "workers: threads %u idle %u waiting %zu\n", workers.threads, workers.idle, workers.waiting);
}

char *
status_report (struct service *service, size_t *bytes)
{
	char key[KEY_TEXT_BYTES];
	char *text = NULL;
	FILE *out = open_memstream (&text, bytes);

	if (out == NULL)
		return NULL;
	key_to_text (service->keys.public, key);
	bridge_enter (service->bridge);
	fprintf (out, "key %s\nport %u\nserving %s\n", key, service->options->port,
		service->served[0] != 0 ? service->served : "nothing");
	for (size_t i = 0; i < service->peers.count; i++)
		print_member (out, &service->members[i]);
	print_counts (out, service);
	rights_each_queue (bridge_rights (service->bridge), service->options->debug ? print_queue : print_relay, out);
	bridge_leave (service->bridge);
	if (fclose (out) == 0)
		return text;
	free (text);
	return NULL;
}
