/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams and time.  One thread blocks in recvfrom; one sleeps until something is due; whoever
   leaves the bridge sends what has become ready. */
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER_BYTES (1 << 20)
#define RECEIVE_ERROR_PAUSE_US 10000
#define TIMER_SLACK_US 5000	/* a deadline may be missed by so much rather than cost a wake-up */
#define TIMER_PAUSE_US 5000	/* the timer never turns faster */
#define TIMER_BUSY_US 10000	/* while datagrams come and go it turns this often by itself: waking it for
				   each would cost more than all else that is done for one */
#define LATE_US 1000000		/* so late, the timer first looks for datagrams that waited */

/* Where the system can cut a buffer into datagrams, and put received ones together, many datagrams
   cost one call; elsewhere one datagram costs one. */
#define BATCH_BYTES 63888
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

/* A link address: version, port and IPv4 address, in network order. */
#define ADDRESS_VERSION 4
#define ADDRESS_BYTES 7

static void
address_pack (const struct sockaddr_in *from, struct link_address *to)
{
	*to = (struct link_address) { .bytes = ADDRESS_BYTES };
	to->data[0] = ADDRESS_VERSION;
	memcpy (to->data + 1, &from->sin_port, 2);
	memcpy (to->data + 3, &from->sin_addr, 4);
}

static bool
address_unpack (const struct link_address *from, struct sockaddr_in *to)
{
	if (from->bytes != ADDRESS_BYTES || from->data[0] != ADDRESS_VERSION)
		return false;
	*to = (struct sockaddr_in) { .sin_family = AF_INET };
	memcpy (&to->sin_port, from->data + 1, 2);
	memcpy (&to->sin_addr, from->data + 3, 4);
	return true;
}

void
net_address_text (const struct link_address *address, char *text, size_t bytes)
{
	struct sockaddr_in socket_address;
	char host[INET_ADDRSTRLEN];

	if (address_unpack (address, &socket_address)
		&& inet_ntop (AF_INET, &socket_address.sin_addr, host, sizeof host) != NULL)
		snprintf (text, bytes, "%s:%u", host, ntohs (socket_address.sin_port));
	else
		snprintf (text, bytes, "-");
}

bool
net_resolve (const struct peer *peer, unsigned short port, struct link_address *address, struct complaint *complaint)
{
	const char *host = peer->address[0] != 0 ? peer->address : peer->name;
	struct addrinfo hints = { .ai_family = AF_INET, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *found = NULL;
	struct sockaddr_in socket_address;
	int result = getaddrinfo (host, NULL, &hints, &found);

	if (result != 0 || found == NULL)
		return complain (complaint, "%s: unknown host: %s; write its address behind its name in the list of peers",
			host, gai_strerror (result));
	memcpy (&socket_address, found->ai_addr, sizeof socket_address);
	freeaddrinfo (found);
	socket_address.sin_port = htons (peer->port != 0 ? peer->port : port);
	address_pack (&socket_address, address);
	return true;
}

/* Whether what is sent on SOCKET arrives whole or not at all. */
static bool
forbid_fragments (int socket)
{
#if defined IP_MTU_DISCOVER && defined IP_PMTUDISC_DO
	int how = IP_PMTUDISC_DO;

	return setsockopt (socket, IPPROTO_IP, IP_MTU_DISCOVER, &how, sizeof how) == 0;
#else
	return false;
#endif
}

bool
net_open (struct service *service, struct complaint *complaint)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons (service->options->port) };
	int bytes = SOCKET_BUFFER_BYTES, on = 1;

	service->socket = socket (AF_INET, SOCK_DGRAM, 0);
	if (service->socket < 0)
		return complain (complaint, "no UDP socket: %s; is the network server running?", strerror (errno));
	/* larger buffers help and are not needed */
	setsockopt (service->socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt (service->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
	service->whole = forbid_fragments (service->socket);
	service->segment = NET_DATAGRAM_BYTES;
	service->batches = setsockopt (service->socket, IPPROTO_UDP, UDP_SEGMENT, &service->segment, sizeof service->segment)
		== 0;
	setsockopt (service->socket, IPPROTO_UDP, UDP_GRO, &on, sizeof on);
	if (bind (service->socket, (struct sockaddr *) &any, sizeof any) == 0)
		return true;
	if (errno == EADDRINUSE)
		return complain (complaint, "UDP port %u is in use; choose another one with -p", service->options->port);
	return complain (complaint, "UDP port %u: %s", service->options->port, strerror (errno));
}

static uint64_t
earliest_deadline (const struct service *service)
{
	uint64_t by_link = link_deadline (service->link);
	uint64_t by_bridge = bridge_deadline (service->bridge);

	return by_link < by_bridge ? by_link : by_bridge;
}

struct batch
{
	struct link_address to;
	size_t bytes, segment;
};

/* Fills service->output with datagrams for one address, all but the last of one size.  One that does
   not fit to the others is kept for the next call.  Small ones are not worth it. */
static bool
collect_batch (struct service *service, struct batch *batch)
{
	size_t bytes = service->kept_bytes;

	if (bytes > 0)
	{
		memcpy (service->output, service->kept, bytes);
		batch->to = service->kept_to;
		service->kept_bytes = 0;
	}
	else
		bytes = link_output (service->link, bridge_now (), service->output, NET_DATAGRAM_BYTES_MOST, &batch->to);
	batch->bytes = batch->segment = bytes;
	while (service->batches && bytes >= NET_DATAGRAM_BYTES_FIRST && bytes == batch->segment
		&& batch->bytes + bytes <= BATCH_BYTES)
	{
		bytes = link_output (service->link, bridge_now (), service->kept, NET_DATAGRAM_BYTES_MOST, &service->kept_to);
		if (bytes == 0)
			break;
		if (bytes > batch->segment || memcmp (&service->kept_to, &batch->to, sizeof batch->to) != 0)
		{
			service->kept_bytes = bytes;
			break;
		}
		memcpy (service->output + batch->bytes, service->kept, bytes);
		batch->bytes += bytes;
	}
	return batch->bytes > 0;
}

/* A batch, or a datagram, that cannot be sent counts as lost. */
static void
send_batch (struct service *service, const struct batch *batch)
{
	struct sockaddr_in to;
	bool cut = batch->bytes > batch->segment || batch->bytes > (size_t) service->segment;

	if (!address_unpack (&batch->to, &to))
		return;
	if (service->batches && cut && (int) batch->segment != service->segment)
	{
		service->segment = batch->segment;
		setsockopt (service->socket, IPPROTO_UDP, UDP_SEGMENT, &service->segment, sizeof service->segment);
	}
	sendto (service->socket, service->output, batch->bytes, MSG_NOSIGNAL, (struct sockaddr *) &to, sizeof to);
}

/* With the bridge entered.  One thread sends at a time; what others make ready meanwhile it takes
   along. */
void
net_flush (void *argument)
{
	struct service *service = argument;
	struct batch batch;

	sessions_retry_held (service);
	if (!service->sending)
	{
		service->sending = true;
		while (collect_batch (service, &batch))
		{
			bridge_unlock (service->bridge);
			send_batch (service, &batch);
			bridge_lock (service->bridge);
		}
		service->sending = false;
	}
	if (earliest_deadline (service) + TIMER_SLACK_US < service->timer_deadline)
		pthread_cond_signal (&service->timer);
}

/* Datagrams of one peer that came together: all but the last of SEGMENT bytes. */
struct arrival
{
	struct link_address from;
	size_t bytes, segment;
};

static size_t
segment_size (struct msghdr *message)
{
	struct cmsghdr *item = message->msg_controllen > 0 ? CMSG_FIRSTHDR (message) : NULL;
	int segment = 0;

	if (item != NULL && item->cmsg_level == IPPROTO_UDP && item->cmsg_type == UDP_GRO)
		memcpy (&segment, CMSG_DATA (item), sizeof segment);
	return segment > 0 ? segment : DATAGRAM_BYTES_MAX;
}

static bool
receive (struct service *service, void *buffer, int flags, struct arrival *arrival)
{
	struct sockaddr_in from;
	union { char bytes[CMSG_SPACE (sizeof (int))]; struct cmsghdr aligned; } control;
	struct iovec part = { buffer, DATAGRAM_BYTES_MAX };
	struct msghdr message = { .msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof control };
	ssize_t bytes = recvmsg (service->socket, &message, flags);

	if (bytes < 0)
		return false;
	address_pack (&from, &arrival->from);
	arrival->bytes = bytes;
	arrival->segment = segment_size (&message);
	return true;
}

/* With the bridge entered. */
static void
take_in (struct service *service, const struct arrival *arrival, uint8_t *buffer)
{
	for (size_t at = 0; at < arrival->bytes; at += arrival->segment)
	{
		size_t left = arrival->bytes - at;

		link_input (service->link, bridge_now (), &arrival->from, buffer + at,
			left < arrival->segment ? left : arrival->segment);
	}
}

static void *
receive_thread (void *argument)
{
	struct service *service = argument;
	uint8_t *buffer = malloc (DATAGRAM_BYTES_MAX);
	struct arrival arrival;

	dr_assert (buffer != NULL);
	for (;;)
	{
		if (!receive (service, buffer, 0, &arrival))
		{
			usleep (RECEIVE_ERROR_PAUSE_US);	/* an earlier datagram's error; never spin on it */
			continue;
		}
		bridge_enter (service->bridge);
		service->busy = true;
		take_in (service, &arrival, buffer);
		sessions_handle_events (service);
		bridge_leave (service->bridge);
	}
	return NULL;
}

/* A machine that stood still must not take its own absence for the peers' silence. */
static void
catch_up (struct service *service, uint8_t *buffer)
{
	struct arrival arrival;

	while (receive (service, buffer, MSG_DONTWAIT, &arrival))
		take_in (service, &arrival, buffer);
}

/* When the timer is to turn again. */
static uint64_t
next_turn (struct service *service)
{
	uint64_t now = bridge_now (), at = earliest_deadline (service);

	if (service->busy && at > now + TIMER_BUSY_US)
		at = now + TIMER_BUSY_US;
	service->busy = false;
	/* what is due already may only wait for the thread that is sending */
	return at > now + TIMER_PAUSE_US ? at : now + TIMER_PAUSE_US;
}

static void *
timer_thread (void *argument)
{
	struct service *service = argument;
	uint8_t *buffer = malloc (DATAGRAM_BYTES_MAX);

	dr_assert (buffer != NULL);
	bridge_enter (service->bridge);
	for (;;)
	{
		uint64_t now = bridge_now ();

		if (now > service->timer_deadline && now - service->timer_deadline > LATE_US)
			catch_up (service, buffer);
		link_tick (service->link, now);
		bridge_tick (service->bridge);
		sessions_handle_events (service);
		/* bridge_wait runs and flushes first; a deadline that this brings nearer signals us */
		service->timer_deadline = 0;
		bridge_settle (service->bridge);
		service->timer_deadline = next_turn (service);
		bridge_sleep (service->bridge, &service->timer, service->timer_deadline);
	}
	return NULL;
}

static bool
start_thread (void *(*body) (void *), struct service *service)
{
	pthread_t thread;

	return pthread_create (&thread, NULL, body, service) == 0 && pthread_detach (thread) == 0;
}

bool
net_start (struct service *service)
{
	bridge_condition_init (&service->timer);
	return start_thread (receive_thread, service) && start_thread (timer_thread, service);
}
