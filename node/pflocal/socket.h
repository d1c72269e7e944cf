/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local sockets, their ports and their addresses. */
#ifndef PFLOCAL_SOCKET_H
#define PFLOCAL_SOCKET_H

#include "channel.h"
#include "objects.h"

enum socket_type { TYPE_STREAM = 1, TYPE_DATAGRAM = 2, TYPE_PACKETS = 5 };	/* SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET */

struct socket;

/* A name for a socket.  Counted: by its port while somebody else has a right to it, by sockets
   and by packets. */
struct address {
	struct object object;
	unsigned references;
	struct socket *bound;	/* not counted; NULL when unbound or closed */
};

struct socket {
	unsigned references;
	enum socket_type type;
	struct channel *in, *out;	/* NULL while there is no other side; a datagram socket always has IN */
	struct address *name, *peer_name;
	bool listening, connected;
	struct socket **backlog;	/* connections not yet accepted, each counted */
	unsigned backlog_count, backlog_limit;
	bool nonblocking;
	bool touched;
	pid_t owner;
};

/* One port of a socket. */
struct user {
	struct object object;
	struct socket *socket;
};

/* NULL when out of memory.  The caller has the one reference. */
struct socket *socket_make(enum socket_type type);
struct socket *socket_hold(struct socket *socket);
void socket_drop(struct socket *socket);	/* the last one hangs up */
/* Another port for it, to be sent with MAKE_SEND. */
error_t user_make(struct socket *socket, struct user **made);
/* Ends its waiting requests too. */
void user_close(struct user *user);

error_t address_make(struct address **made);
struct address *address_hold(struct address *address);
void address_drop(struct address *address);
/* The name of SOCKET, made if it has none. */
error_t socket_get_name(struct socket *socket, struct address **name);

/* Connects the two, both ways. */
error_t socket_pair(struct socket *one, struct socket *other);
/* Makes CLIENT a connection to the listener that ADDRESS names.  EAGAIN: its backlog is full. */
error_t socket_connect_to(struct socket *client, struct address *address);
error_t socket_listen_with(struct socket *socket, unsigned backlog);
/* The oldest connection, counted for the caller; NULL if there is none. */
struct socket *socket_next_connection(struct socket *listener);
enum { SHUT_READING, SHUT_WRITING, SHUT_BOTH };
error_t socket_shut(struct socket *socket, int direction);
bool socket_ready_to_read(const struct socket *socket);
bool socket_ready_to_write(const struct socket *socket);
/* Frees the rights, memory and address of a cargo that nobody took. */
void cargo_drop(struct cargo *cargo);

#endif
