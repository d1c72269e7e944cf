/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Datagrams and time.  One thread blocks in recvfrom; one sleeps until something is due; whoever
   leaves the bridge sends what has become ready. */
#include "service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SOCKET_BUFFER_BYTES (1 << 20)
#define RECEIVE_ERROR_PAUSE_US 10000
#define LATE_US 1000000		/* so late, the timer first looks for datagrams that waited */

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

bool
net_open (struct service *service, struct complaint *complaint)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons (service->options->port) };
	int bytes = SOCKET_BUFFER_BYTES;

	service->socket = socket (AF_INET, SOCK_DGRAM, 0);
	if (service->socket < 0)
		return complain (complaint, "no UDP socket: %s; is the network server running?", strerror (errno));
	/* larger buffers help and are not needed */
	setsockopt (service->socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	setsockopt (service->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
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
	uint64_t by_rights = rights_deadline (bridge_rights (service->bridge));

	return by_link < by_rights ? by_link : by_rights;
}

/* With the bridge entered.  One thread sends at a time; what others make ready meanwhile it takes
   along. */
void
net_flush (void *argument)
{
	struct service *service = argument;
	struct sockaddr_in to;
	struct link_address address;
	size_t bytes;

	sessions_retry_held (service);
	if (!service->sending)
	{
		service->sending = true;
		while ((bytes = link_output (service->link, bridge_now (), service->output, DATAGRAM_BYTES_MAX, &address)) > 0)
		{
			if (!address_unpack (&address, &to))
				continue;
			bridge_unlock (service->bridge);
			/* a datagram that cannot be sent counts as lost */
			sendto (service->socket, service->output, bytes, MSG_NOSIGNAL, (struct sockaddr *) &to, sizeof to);
			bridge_lock (service->bridge);
		}
		service->sending = false;
	}
	if (earliest_deadline (service) < service->timer_deadline)
		pthread_cond_signal (&service->timer);
}

static ssize_t
receive (struct service *service, void *buffer, int flags, struct link_address *from)
{
	struct sockaddr_in socket_address;
	socklen_t length = sizeof socket_address;
	ssize_t bytes = recvfrom (service->socket, buffer, DATAGRAM_BYTES_MAX, flags, (struct sockaddr *) &socket_address,
		&length);

	if (bytes >= 0)
		address_pack (&socket_address, from);
	return bytes;
}

static void *
receive_thread (void *argument)
{
	struct service *service = argument;
	uint8_t *buffer = malloc (DATAGRAM_BYTES_MAX);
	struct link_address from;

	dr_assert (buffer != NULL);
	for (;;)
	{
		ssize_t bytes = receive (service, buffer, 0, &from);

		if (bytes < 0)
		{
			usleep (RECEIVE_ERROR_PAUSE_US);	/* an earlier datagram's error; never spin on it */
			continue;
		}
		bridge_enter (service->bridge);
		link_input (service->link, bridge_now (), &from, buffer, bytes);
		sessions_handle_events (service);
		bridge_leave (service->bridge);
	}
	return NULL;
}

/* A machine that stood still must not take its own absence for the peers' silence. */
static void
catch_up (struct service *service, uint8_t *buffer)
{
	struct link_address from;
	ssize_t bytes;

	while ((bytes = receive (service, buffer, MSG_DONTWAIT, &from)) >= 0)
		link_input (service->link, bridge_now (), &from, buffer, bytes);
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
		rights_tick (bridge_rights (service->bridge), now);
		sessions_handle_events (service);
		/* bridge_wait runs and flushes first; a deadline that this brings nearer signals us */
		service->timer_deadline = 0;
		bridge_settle (service->bridge);
		/* what is due may only wait for the thread that is sending: it must get the bridge back to
		   finish, and signals us then */
		service->timer_deadline = service->sending ? UINT64_MAX : earliest_deadline (service);
		if (service->timer_deadline > bridge_now ())
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
