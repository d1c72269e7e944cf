/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "parked.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <hurd_abi.h>

#include "io_reply.h"
#include "limits.h"
#include "socket_reply.h"

struct current_request current_request;

static struct {
	struct parked *first, **end;
	unsigned count;
	unsigned sweep_at;
} line = { .end = &line.first, .sweep_at = PFLOCAL_PARKED_SWEEP_MIN };

/* ---- answers; each uses the reply right up */

static void give_up_reply(struct parked *request)
{
	if (MACH_PORT_VALID(request->reply))
		mach_port_deallocate(mach_task_self(), request->reply);
}

/* PORT was handed out in an answer that did not go: as if the receiver had dropped it at once, so
   that we are told that it has no senders. */
static void never_arrived(mach_port_t port)
{
	if (mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND) == KERN_SUCCESS)
		mach_port_deallocate(mach_task_self(), port);
}

static void answer_error(struct parked *request, error_t error)
{
	mig_reply_header_t reply = {
		.Head = { .msgh_bits = MACH_MSGH_BITS(request->reply_type, 0), .msgh_size = sizeof(reply),
			  .msgh_id = request->request_id + 100 },
		.RetCodeType = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE },
		.RetCode = error,
	};
	reply.Head.msgh_remote_port = request->reply;
	if (!MACH_PORT_VALID(request->reply))
		return;
	if (mach_msg(&reply.Head, MACH_SEND_MSG | MACH_SEND_TIMEOUT, sizeof(reply), 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		give_up_reply(request);
}

/* ---- attempts: 0 when answered, HURD_EAGAIN to wait, another error to answer with */

static error_t try_write(struct parked *request, struct channel *out)
{
	size_t taken;
	if (!out)
		return HURD_ENOTCONN;
	do {
		error_t error = hurd_from_errno(channel_write(out, request->data + request->done, request->bytes - request->done,
							      &request->cargo, &taken));
		request->done += taken;
		/* What was taken before the other side hung up, or before waiting is refused, is the answer. */
		if (error == HURD_EAGAIN && !(request->never_waits && request->done))
			return error;
		if (error && !request->done)
			return error;
		if (error)
			break;
	} while (request->done < request->bytes);
	return 0;
}

static error_t attempt_write(struct parked *request)
{
	error_t error = try_write(request, request->socket->out);
	if (!error && io_write_reply(request->reply, request->reply_type, 0, request->done))
		give_up_reply(request);
	return error;
}

static error_t attempt_send(struct parked *request)
{
	struct channel *out = request->socket->out;
	if (request->to) {
		if (request->socket->type != TYPE_DATAGRAM)
			return HURD_EISCONN;
		if (!request->to->bound || request->to->bound->type != TYPE_DATAGRAM)
			return HURD_ECONNREFUSED;
		out = request->to->bound->in;
	} else if (request->socket->type == TYPE_DATAGRAM && !out) {
		return HURD_EDESTADDRREQ;
	}
	error_t error = try_write(request, out);
	if (error == HURD_EPIPE && request->socket->type == TYPE_DATAGRAM)
		error = HURD_ECONNREFUSED;
	if (!error && socket_send_reply(request->reply, request->reply_type, 0, request->done))
		give_up_reply(request);
	return error;
}

/* A buffer for BYTES, outside of the heap if it is large so that it goes back at once. */
static char *read_buffer(struct parked *request, size_t *room)
{
	struct channel *in = request->socket->in;
	*room = channel_readable(in);
	if (*room > request->bytes)
		*room = request->bytes;
	return malloc(*room ? *room : 1);
}

static error_t attempt_read(struct parked *request)
{
	struct channel *in = request->socket->in;
	size_t room, given;
	bool cut;
	if (!in)
		return HURD_ENOTCONN;
	char *buffer = read_buffer(request, &room);
	if (!buffer)
		return HURD_ENOMEM;
	error_t error = hurd_from_errno(channel_read(in, buffer, room, false, NULL, &given, &cut));
	if (!error && io_read_reply(request->reply, request->reply_type, 0, buffer, (mach_msg_type_number_t)given))
		give_up_reply(request);
	free(buffer);
	return error;
}

static void answer_receive(struct parked *request, const char *data, size_t bytes, struct cargo *cargo, int flags)
{
	struct address *sender = cargo->sender;
	mach_port_t from = MACH_PORT_NULL;
	if (sender) {
		from = sender->object.port;
		if (!sender->object.handed_out)
			address_hold(sender);
		object_hand_out(&sender->object);
	}
	if (socket_recv_reply(request->reply, request->reply_type, 0, from, MACH_MSG_TYPE_MAKE_SEND, data,
			      (mach_msg_type_number_t)bytes, cargo->rights, MACH_MSG_TYPE_MOVE_SEND, cargo->right_count,
			      cargo->control, (mach_msg_type_number_t)cargo->control_bytes, flags) == 0) {
		cargo->right_count = 0;		/* they are the receiver's */
	} else {
		give_up_reply(request);
		if (sender)
			never_arrived(from);
	}
	cargo_drop(cargo);
}

static error_t attempt_receive(struct parked *request)
{
	struct channel *in = request->socket->in;
	struct cargo cargo = { 0 };
	size_t room, given;
	bool cut, peek = request->flags & HURD_MSG_PEEK;
	if (!in)
		return HURD_ENOTCONN;
	char *buffer = read_buffer(request, &room);
	if (!buffer)
		return HURD_ENOMEM;
	error_t error = hurd_from_errno(channel_read(in, buffer, room, peek, &cargo, &given, &cut));
	if (!error)
		answer_receive(request, buffer, given, &cargo, cut ? HURD_MSG_TRUNC : 0);
	free(buffer);
	return error;
}

static error_t attempt_accept(struct parked *request)
{
	struct socket *listener = request->socket;
	struct user *user;
	if (!listener->listening)
		return HURD_EINVAL;
	struct socket *connection = socket_next_connection(listener);
	if (!connection)
		return HURD_EAGAIN;
	error_t error = user_make(connection, &user);
	struct address *peer = connection->peer_name;
	if (!error) {
		if (!peer->object.handed_out)
			address_hold(peer);
		object_hand_out(&peer->object);
		if (socket_accept_reply(request->reply, request->reply_type, 0, user->object.port, MACH_MSG_TYPE_MAKE_SEND,
					peer->object.port, MACH_MSG_TYPE_MAKE_SEND)) {
			give_up_reply(request);
			never_arrived(peer->object.port);
			user_close(user);
		}
	}
	socket_drop(connection);
	return error;
}

static error_t attempt_connect(struct parked *request)
{
	error_t error = socket_connect_to(request->socket, request->to);
	if (!error)
		answer_error(request, 0);
	return error;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * 1000000000ll + now.tv_nsec;
}

static error_t attempt_select(struct parked *request)
{
	int ready = 0;
	if ((request->flags & HURD_SELECT_READ) && socket_ready_to_read(request->socket))
		ready |= HURD_SELECT_READ;
	if ((request->flags & HURD_SELECT_WRITE) && socket_ready_to_write(request->socket))
		ready |= HURD_SELECT_WRITE;
	if (!ready && (request->deadline_ns < 0 || request->deadline_ns > now_ns()))
		return HURD_EAGAIN;
	kern_return_t (*answer)(mach_port_t, mach_msg_type_name_t, kern_return_t, int) =
		request->kind == WAIT_SELECT ? io_select_reply : io_select_timeout_reply;
	if (answer(request->reply, request->reply_type, 0, ready))
		give_up_reply(request);
	return 0;
}

static error_t attempt(struct parked *request)
{
	static error_t (*const attempts[])(struct parked *) = {
		[WAIT_READ] = attempt_read,	  [WAIT_WRITE] = attempt_write,	  [WAIT_ACCEPT] = attempt_accept,
		[WAIT_CONNECT] = attempt_connect, [WAIT_SEND] = attempt_send,	  [WAIT_RECEIVE] = attempt_receive,
		[WAIT_SELECT] = attempt_select,	  [WAIT_SELECT_UNTIL] = attempt_select,
	};
	return attempts[request->kind](request);
}

/* ---- the line */

/* Frees what a request holds besides its reply right. */
static void release(struct parked *request)
{
	cargo_drop(&request->cargo);
	if (request->to)
		address_drop(request->to);
	socket_drop(request->socket);
}

static void finish(struct parked *request, error_t error)
{
	if (error)
		answer_error(request, error);
	release(request);
	free(request->data);
	free(request);
	line.count--;
}

static bool client_is_dead(const struct parked *request)
{
	mach_port_type_t type;
	return mach_port_type(mach_task_self(), request->reply, &type) != KERN_SUCCESS || (type & MACH_PORT_TYPE_DEAD_NAME);
}

/* Takes off the line whatever ENDS says has ended. */
static void walk(bool (*ends)(struct parked *request, void *context), void *context)
{
	for (struct parked **link = &line.first; *link;) {
		struct parked *request = *link;
		if (!ends(request, context)) {
			link = &request->next;
			continue;
		}
		*link = request->next;
		if (!*link)
			line.end = link;
		finish(request, *(error_t *)context);
	}
}

static bool dies(struct parked *request, void *error)
{
	*(error_t *)error = 0;
	if (!client_is_dead(request))
		return false;
	give_up_reply(request);
	return true;
}

/* Selects that nobody waits for any more pile up: whoever waited for several objects left when
   the first was ready. */
unsigned parked_sweep(void)
{
	error_t error;
	walk(dies, &error);
	line.sweep_at = 2 * line.count > PFLOCAL_PARKED_SWEEP_MIN ? 2 * line.count : PFLOCAL_PARKED_SWEEP_MIN;
	return line.count;
}

static error_t park(const struct parked *request)
{
	if (line.count >= line.sweep_at)
		parked_sweep();
	struct parked *waiting = malloc(sizeof(*waiting));
	char *data = request->bytes && request->data ? malloc(request->bytes) : NULL;
	if (!waiting || (request->bytes && request->data && !data)) {
		free(waiting);
		free(data);
		return HURD_ENOMEM;
	}
	*waiting = *request;
	if (data)
		memcpy(data, request->data, request->bytes);
	waiting->data = data;
	waiting->next = NULL;
	*line.end = waiting;
	line.end = &waiting->next;
	line.count++;
	return 0;
}

kern_return_t parked_start(struct parked *request)
{
	request->request_id = current_request.id;
	request->seqno = current_request.seqno;
	error_t error = attempt(request);
	if (error == HURD_EAGAIN && !request->never_waits && (error = park(request)) == 0)
		return MIG_NO_REPLY;
	if (error)
		answer_error(request, error);
	release(request);
	return MIG_NO_REPLY;
}

static bool was_touched(const struct parked *request)
{
	const struct socket *socket = request->socket;
	return socket->touched || (socket->in && socket->in->touched) || (socket->out && socket->out->touched) ||
	       (request->to && request->to->bound && (request->to->bound->touched ||
						      (request->to->bound->in && request->to->bound->in->touched)));
}

static void untouch(struct socket *socket)
{
	socket->touched = false;
	if (socket->in)
		socket->in->touched = false;
	if (socket->out)
		socket->out->touched = false;
}

/* What one of them does may touch what another waits for, so this goes round until all is still. */
void parked_retry(void)
{
	bool again = true;
	while (again) {
		again = false;
		for (struct parked **link = &line.first; *link;) {
			struct parked *request = *link;
			bool late = request->deadline_ns >= 0 && request->deadline_ns <= now_ns();
			error_t error = HURD_EAGAIN;
			if (late || was_touched(request)) {
				/* Data must not go to a client that died while it waited. */
				error = client_is_dead(request) ? HURD_EINTR : attempt(request);
				again = again || error != HURD_EAGAIN;
			}
			if (error == HURD_EAGAIN) {
				link = &request->next;
				continue;
			}
			*link = request->next;
			if (!*link)
				line.end = link;
			finish(request, error);
		}
		if (!again)
			for (struct parked *request = line.first; request; request = request->next) {
				untouch(request->socket);
				if (request->to && request->to->bound)
					untouch(request->to->bound);
			}
	}
}

struct ending { error_t error; struct user *user; mach_port_seqno_t before; };

static bool is_ended(struct parked *request, void *context)
{
	const struct ending *ending = context;
	return request->user == ending->user && (!ending->before || request->seqno < ending->before);
}

void parked_end_of(struct user *user, mach_port_seqno_t before, error_t error)
{
	struct ending ending = { error, user, before };
	walk(is_ended, &ending);
}

mach_msg_timeout_t parked_next_timeout_ms(void)
{
	int64_t next = -1;
	for (const struct parked *request = line.first; request; request = request->next)
		if (request->deadline_ns >= 0 && (next < 0 || request->deadline_ns < next))
			next = request->deadline_ns;
	if (next < 0)
		return MACH_MSG_TIMEOUT_NONE;
	int64_t left_ms = (next - now_ns()) / 1000000 + 1;
	return left_ms < 1 ? 1 : left_ms > 3600000 ? 3600000 : (mach_msg_timeout_t)left_ms;
}
