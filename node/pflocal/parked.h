/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that may have to wait.  A request waits as a record with its reply right, not as a
   thread; it is tried again whenever what it waits for was touched. */
#ifndef PFLOCAL_PARKED_H
#define PFLOCAL_PARKED_H

#include "socket.h"

enum wait_kind { WAIT_READ, WAIT_WRITE, WAIT_ACCEPT, WAIT_CONNECT, WAIT_SEND, WAIT_RECEIVE, WAIT_SELECT, WAIT_SELECT_UNTIL };

struct parked {
	struct parked *next;
	enum wait_kind kind;
	struct user *user;		/* whose port the request came to */
	struct socket *socket;		/* counted */
	mach_port_t reply;
	mach_msg_type_name_t reply_type;
	mach_msg_id_t request_id;
	mach_port_seqno_t seqno;
	bool never_waits;		/* EWOULDBLOCK instead */
	char *data;			/* of a write; malloc'ed once it waits */
	size_t bytes, done;
	struct cargo cargo;
	struct address *to;		/* counted, or NULL */
	int flags;			/* MSG_ of a receive, SELECT_ of a select */
	int64_t deadline_ns;		/* of CLOCK_REALTIME; -1: none */
};

/* The request that is being served: the stubs do not tell these. */
extern struct current_request { mach_msg_id_t id; mach_port_seqno_t seqno; } current_request;

/* Does what REQUEST asks and answers it, now or later; takes over everything in it, but of DATA it
   makes a copy if it must wait.  The result is for the stub: MIG_NO_REPLY. */
kern_return_t parked_start(struct parked *request);
/* After every message: tries those again whose sockets were touched. */
void parked_retry(void);
/* Answers with ERROR what waits on USER's port and was sent before BEFORE (0: all). */
void parked_end_of(struct user *user, mach_port_seqno_t before, error_t error);
/* Ends those whose clients have died; returns how many are left. */
unsigned parked_sweep(void);
/* How long until the next deadline; MACH_MSG_TIMEOUT_NONE (0) if there is none. */
mach_msg_timeout_t parked_next_timeout_ms(void);

#endif
