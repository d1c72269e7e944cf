/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A node's netmsg while it runs: the link to the peers, the bridge to the kernel, the sessions.

   One lock, the bridge's, is over everything here. */
#ifndef NETMSG_SERVICE_H
#define NETMSG_SERVICE_H

#include "core/link/link.h"
#include "keys.h"
#include "mach/bridge.h"
#include "mach/pool.h"
#include "options.h"
#include "peers.h"

#include <mach/port.h>
#include <pthread.h>
#include <sodium.h>
#include <sys/socket.h>

#define DATAGRAM_BYTES_MAX 65536
/* Of those that we send: fits any Ethernet, and IPv6.  Where the system promises not to cut datagrams
   into fragments they begin smaller and grow to what the path takes. */
#define NET_DATAGRAM_BYTES 1452
#define NET_DATAGRAM_BYTES_FIRST 1200
#define NET_DATAGRAM_BYTES_MOST 8952
#define SERVED_PATH_BYTES 1024
#define ROOT_WORKERS_MAX 8		/* lookups of served paths at once */

/* Error codes of rights_give_root: why a peer gets no root. */
enum root_error { ROOT_NOT_SERVED = 1, ROOT_NOT_POSSIBLE = 2 };

/* A message that the link had no room for; sent when it has. */
struct held_send
{
	struct held_send *next;
	uint64_t stream;
	uint32_t count;
	bool lazy;
	struct dr_slice slices[];
};

/* A peer's state. */
struct member
{
	const struct peer *peer;
	struct link_peer *link;
	uint64_t session;		/* the engine's number; 0: no session */
	bool connecting;		/* exactly one UP or FAILED will come */
	uint64_t attempts_failed;
	struct held_send *held, **held_last;
};

/* Somebody who waits for a root right. */
struct root_request
{
	struct root_request *next;
	uint64_t request;
	bool done;
	mach_port_t root;
	uint32_t error;
};

struct service
{
	const struct options *options;
	struct key_pair keys;
	uint8_t seal_key[crypto_generichash_KEYBYTES];	/* of the names of our queues, in this boot */
	struct peers peers;
	struct member *members;		/* in the order of peers.list */
	struct pool pool;
	struct dr_alloc alloc;		/* by POOL */
	struct bridge *bridge;
	struct link *link;
	struct workers *root_workers;
	struct workers *reauth_workers;
	struct forwards *forwards;	/* of reauthenticated rights; NULL: there is no auth server */
	char served[SERVED_PATH_BYTES];	/* empty: nothing */

	int socket;
	bool sending;			/* a thread is in net_flush; it sends for all */
	bool handling;			/* a thread is handling the link's events */
	bool whole;			/* what is sent arrives whole or not at all */
	bool batches;			/* the socket cuts what is sent into datagrams */
	int segment;			/* of so many bytes */
	uint8_t *output;
	uint8_t kept[NET_DATAGRAM_BYTES_MOST];	/* a datagram that begins the next batch */
	size_t kept_bytes;
	struct link_address kept_to;

	uint64_t timer_deadline;	/* when the timer thread will wake */
	bool busy;			/* datagrams came since it last turned */
	pthread_cond_t timer;
	pthread_cond_t changed;		/* sessions and roots */
	struct root_request *root_requests;

	mach_port_t control;		/* what administrators ask us through */
	mach_port_t visitor;		/* what others may ask status through */
	mach_port_t filesystem;		/* the control port of our place in the file system */
	mach_port_t place;		/* the node that we sit on */
};

/* net.c: datagrams in and out, time. */
bool net_open (struct service *service, struct complaint *complaint);
bool net_start (struct service *service);
void net_flush (void *service);
bool net_resolve (const struct peer *peer, unsigned short port, struct link_address *address,
	struct complaint *complaint);
void net_address_text (const struct link_address *address, char *text, size_t bytes);

/* sessions.c: between the link and the rights engine. */
bool sessions_init (struct service *service, struct complaint *complaint);
void sessions_handle_events (struct service *service);
void sessions_retry_held (struct service *service);
void sessions_connect (struct service *service, struct member *member);
struct member *sessions_by_number (struct service *service, uint64_t session);
void sessions_driver (struct service *service, struct bridge_driver *driver);

/* mount.c: asking a peer for its root, and answering the same question. */
bool mount_host (struct service *service, const char *host, mach_port_t *root, struct complaint *complaint);
void mount_root_came (void *service, uint64_t request, mach_port_t root, uint32_t error);
void mount_root_wanted (void *service, uint64_t session, uint64_t request);

/* status.c */
char *status_report (struct service *service, size_t *bytes);	/* malloc'd; NULL: no memory */

/* control.c: /servers/netmsg.  Does not return from control_serve. */
bool control_attach (struct service *service, struct complaint *complaint);
void control_serve (struct service *service);

/* log.c: only with -d. */
void service_log (void *service, const char *format, ...) __attribute__ ((format (printf, 2, 3)));

#endif
