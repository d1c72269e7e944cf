/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets: what is common to streams and datagrams, and the operations that
   wait on them.  One thread runs all of this, lwIP's callbacks included. */
#ifndef INET_SOCKET_H
#define INET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <lwip/raw.h>
#include <lwip/tcp.h>
#include <lwip/udp.h>
#include "message.h"
#include "object.h"
#include "packet_queue.h"

enum {
	socket_receive_limit_bytes = 512 << 10,		/* datagrams waiting, by default */
	socket_receive_limit_bytes_min = 4 << 10,
	socket_receive_limit_bytes_max = 8 << 20,
	socket_datagram_overhead_bytes = 256,		/* charged for each one waiting */
	socket_datagram_bytes_max = 65507,
	socket_segments_max = 64,	/* datagrams in one send or receive */
	socket_read_bytes_max = 1 << 20,		/* in one reply */
	socket_backlog_max = 128,
	sockets_max = 1024,
};

enum socket_type { socket_stream = 1, socket_datagram = 2, socket_raw = 3 };

/* Linux's numbers of options of IPPROTO_UDP; the Hurd has none. */
enum { udp_segment = 103, udp_coalesce = 104 };
/* And of IPPROTO_IP: never, or always, to forbid fragments. */
enum { ip_mtu_discover = 10, ip_pmtudisc_dont = 0, ip_pmtudisc_do = 2 };

enum socket_state {
	socket_unconnected,
	socket_listening,
	socket_connecting,
	socket_connected,
	socket_ended,		/* a stream whose connection is over or failed */
};

/* Network byte order, both. */
struct place {
	uint32_t ip;
	uint16_t port;
};

struct socket {
	enum socket_type type;
	int protocol;
	enum socket_state state;
	union {			/* NULL when a stream's has gone */
		struct tcp_pcb *tcp;
		struct udp_pcb *udp;
		struct raw_pcb *raw;
	};
	unsigned users;		/* ports */
	kern_return_t error;	/* to be reported once */
	bool nonblocking;
	bool end_of_input;	/* the peer sends no more */
	bool input_shut, output_shut;
	bool reset_on_close;	/* linger for zero seconds */
	struct place local, remote;	/* of a stream, once connected */
	struct packet_queue input;
	size_t receive_limit;
	uint64_t drops;
	uint64_t receive_timeout_ms, send_timeout_ms;	/* 0: for ever */
	struct operation *waiting, **waiting_end;
	unsigned waiting_count;
	/* A listening socket's connections that nobody has accepted yet. */
	struct socket *ready, **ready_end;
	unsigned ready_count;
	struct socket *next_ready;
	bool wake_due;
	struct socket *next_due;
	uint16_t segment_bytes;		/* UDP_SEGMENT: what is sent is cut into these */
	bool never_fragment;		/* IP_MTU_DISCOVER: what the interface does not take is refused */
	bool coalesce;			/* UDP_GRO: equal datagrams are received as one */
	struct socket *next, **link;	/* all sockets */
};

/* One port to a socket; io_duplicate makes more. */
struct user {
	struct object object;
	struct socket *socket;
};

enum operation_kind {
	operation_receive,	/* socket_recv */
	operation_read,		/* io_read */
	operation_send,		/* socket_send, io_write */
	operation_select,
	operation_accept,
	operation_connect,
};

/* One request that could not be answered at once, or is being tried. */
struct operation {
	struct operation *next;
	enum operation_kind kind;
	struct user *user;
	mach_port_t reply_port;			/* a right of ours until the reply is sent */
	mach_msg_type_name_t reply_type;
	mach_msg_id_t reply_id;
	uint64_t deadline_ms;			/* 0: none */
	int flags;				/* MSG_*, or io_select's types */
	size_t amount;				/* wanted */
	struct place to;			/* datagrams: where */
	bool has_to;
	const char *data;			/* to send */
	size_t length, done;
	enum { data_borrowed, data_malloced, data_out_of_line } data_owner;
	/* What to take once the reply has gone. */
	size_t take_bytes;
	unsigned take_packets;
	struct user *new_user;			/* accept: the connection's first port */
};

/* A try's outcome besides success and errors: not now. */
enum { operation_waits = MIG_NO_REPLY };

/* ---- socket.c ---- */

kern_return_t socket_make(int type, int protocol, struct socket **result);
/* For a stream that lwIP has accepted. */
struct socket *socket_of_connection(struct tcp_pcb *connection);
/* A new port for the socket; the receiver of the reply gets the send right. */
kern_return_t user_create(struct socket *socket, struct user **result);
/* The port's last sender is gone. */
void user_release(struct user *user);
void socket_destroy(struct socket *socket);
kern_return_t socket_take_error(struct socket *socket);
kern_return_t socket_bind_place(struct socket *socket, struct place place);
/* Success also while a stream is still connecting. */
kern_return_t socket_connect_place(struct socket *socket, struct place place);
struct place socket_local(const struct socket *socket);
bool socket_remote(const struct socket *socket, struct place *place);
int socket_ready_types(const struct socket *socket);	/* HURD_SELECT_* */
kern_return_t error_of(err_t error);			/* lwIP's as the Hurd's */
struct socket *sockets_first(void);
unsigned sockets_count(void);

static inline bool place_is_none(struct place place) { return !place.ip && !place.port; }

/* ---- stream.c ---- */

kern_return_t stream_open(struct socket *socket);
void stream_adopt(struct socket *socket, struct tcp_pcb *connection);
void stream_close(struct socket *socket);
kern_return_t stream_listen(struct socket *socket, int backlog);
kern_return_t stream_connect(struct socket *socket, struct place place);
kern_return_t stream_shutdown(struct socket *socket);
/* Gives lwIP as much as it takes; success when all has been given. */
kern_return_t stream_try_send(struct socket *socket, struct operation *operation);
void stream_taken(struct socket *socket, size_t bytes);	/* read: open the window */
bool stream_writable(const struct socket *socket);

/* ---- datagram.c: UDP and raw ---- */

kern_return_t datagram_open(struct socket *socket);
void datagram_close(struct socket *socket);
kern_return_t datagram_send(struct socket *socket, struct operation *operation);

/* ---- operation.c ---- */

/* Does it now, or makes it wait: returns what the call returns, with the
   reply's results written, or MIG_NO_REPLY when it has been put to wait (then
   the reply right and kept data are the operation's). */
kern_return_t operation_start(struct operation *operation, struct reply *reply, bool may_wait);
/* Something changed: answers whom it can. */
void socket_wake(struct socket *socket);
/* The same once the packets at hand are through lwIP: what came in one batch is
   read as one, and callers do not run in between. */
void socket_wake_later(struct socket *socket);
void sockets_wake_due(void);
void socket_wake_forget(struct socket *socket);
/* Answers all of USER's (all of the socket's when NULL) with CODE. */
void operations_cancel(struct socket *socket, struct user *user, kern_return_t code);
/* Answers those whose time is up; returns when to call again (0: no need). */
uint64_t operations_expire(uint64_t now_ms);
/* Forgets those whose callers have died. */
void operations_sweep(void);
unsigned operations_waiting(void);

#endif
