/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that may have to wait.  A request is tried when it comes; if it has
   to wait it is kept in its socket's list and tried again, in order, whenever
   something changes there.  What a reply carries away is taken from the socket
   only after the reply has been sent, so a caller that died loses nothing that
   another one could read. */
#include "socket.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <hurd_abi.h>
#include "port.h"
#include "address.h"

enum { operations_per_socket_before_sweep = 32 };

static struct {
	unsigned waiting;
	struct socket *due;		/* to be woken */
	uint64_t next_deadline_ms;	/* no later than the first one that is due */
} all;

unsigned operations_waiting(void)
{
	return all.waiting;
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* ---- one try of each kind -------------------------------------------------- */

/* AMOUNT bytes of the front of the queue, as a data item. */
static kern_return_t put_data(struct socket *socket, const struct operation *operation, struct reply *reply, size_t amount)
{
	size_t inline_bytes = operation->flags & HURD_MSG_INLINE ? message_inline_bytes_max : message_stub_bytes_max;
	if (amount <= inline_bytes) {
		packet_queue_copy(&socket->input, reply_inline(reply, amount), amount);
		return KERN_SUCCESS;
	}
	vm_address_t memory = 0;
	if (vm_allocate(mach_task_self(), &memory, amount, TRUE))
		return HURD_ENOMEM;
	packet_queue_copy(&socket->input, (void *)memory, amount);
	reply_out_of_line(reply, (void *)memory, amount);
	return KERN_SUCCESS;
}

/* socket_recv has an address before the data and more after it; io_read has
   the data only. */
static void begin_received(struct operation *operation, struct reply *reply, struct place from)
{
	if (operation->kind != operation_receive)
		return;
	struct address *address = place_is_none(from) ? NULL : address_of(from.ip, from.port);
	if (address)
		reply_port(reply, address->object.port, MACH_MSG_TYPE_MAKE_SEND);
	else
		reply_port(reply, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
}

static void end_received(struct operation *operation, struct reply *reply)
{
	if (operation->kind != operation_receive)
		return;
	reply_no_ports(reply);
	reply_inline(reply, 0);
	reply_int(reply, 0);
}

static kern_return_t nothing_received(struct operation *operation, struct reply *reply)
{
	begin_received(operation, reply, (struct place){ 0 });
	reply_inline(reply, 0);
	end_received(operation, reply);
	return KERN_SUCCESS;
}

static bool enough(const struct socket *socket, const struct operation *operation)
{
	if (!(operation->flags & HURD_MSG_WAITALL))
		return socket->input.bytes > 0 || !operation->amount;
	/* All of it; but no more than a window can hold. */
	return socket->input.bytes >= smaller(operation->amount, TCP_WND / 2);
}

static kern_return_t try_stream_receive(struct socket *socket, struct operation *operation, struct reply *reply)
{
	bool over = socket->end_of_input || socket->input_shut || socket->error;
	if (!enough(socket, operation) && !(over && socket->input.bytes)) {
		if (socket->error)
			return socket_take_error(socket);
		if (over)
			return nothing_received(operation, reply);
		if (socket->state == socket_connected || socket->state == socket_connecting)
			return operation_waits;
		return HURD_ENOTCONN;
	}
	size_t amount = smaller(smaller(operation->amount, socket->input.bytes), socket_read_bytes_max);
	begin_received(operation, reply, (struct place){ 0 });
	kern_return_t error = put_data(socket, operation, reply, amount);
	if (error)
		return error;
	end_received(operation, reply);
	operation->take_bytes = operation->flags & HURD_MSG_PEEK ? 0 : amount;
	return KERN_SUCCESS;
}

/* How many datagrams go into one receive: all of the first one's source and
   size, where the last may be shorter, as far as they fit. */
static unsigned count_alike(const struct socket *socket, size_t room)
{
	const struct packet *first = packet_queue_first(&socket->input), *next;
	size_t size = first->pbuf->tot_len, total = size;
	unsigned count = 1;
	if (!socket->coalesce || !size)
		return 1;
	while (count < socket_segments_max && (next = packet_queue_at(&socket->input, count)) &&
			next->ip == first->ip && next->port == first->port &&
			next->pbuf->tot_len && next->pbuf->tot_len <= size && total + next->pbuf->tot_len <= room) {
		total += next->pbuf->tot_len;
		count++;
		if (next->pbuf->tot_len < size)
			break;
	}
	return count;
}

/* A control message in the Hurd's layout: the size of the datagrams that were
   put together. */
static void put_segment_size(struct reply *reply, size_t size)
{
	const int32_t control[] = { 16, IP_PROTO_UDP, udp_coalesce, (int32_t)size };
	memcpy(reply_inline(reply, sizeof control), control, sizeof control);
}

static kern_return_t try_datagram_receive(struct socket *socket, struct operation *operation, struct reply *reply)
{
	const struct packet *packet = packet_queue_first(&socket->input);
	if (!packet) {
		if (socket->error)
			return socket_take_error(socket);
		return socket->input_shut ? nothing_received(operation, reply) : operation_waits;
	}
	size_t length = 0, first = packet->pbuf->tot_len;
	unsigned count = count_alike(socket, operation->amount);
	for (unsigned i = 0; i < count; i++)
		length += packet_queue_at(&socket->input, i)->pbuf->tot_len;
	size_t amount = smaller(operation->amount, length);
	begin_received(operation, reply, (struct place){ packet->ip, packet->port });
	kern_return_t error = put_data(socket, operation, reply, amount);
	if (error)
		return error;
	if (operation->kind == operation_receive) {
		reply_no_ports(reply);
		if (count > 1)
			put_segment_size(reply, first);
		else
			reply_inline(reply, 0);
		reply_int(reply, amount < length ? HURD_MSG_TRUNC : 0);
	}
	operation->take_packets = operation->flags & HURD_MSG_PEEK ? 0 : count;
	return KERN_SUCCESS;
}

static kern_return_t try_send(struct socket *socket, struct operation *operation, struct reply *reply)
{
	kern_return_t error = socket->type == socket_stream ?
		stream_try_send(socket, operation) : datagram_send(socket, operation);
	/* What was already sent is success; the error comes with the next call. */
	if (error && error != operation_waits && operation->done && socket->type == socket_stream) {
		socket->error = error == HURD_EPIPE ? KERN_SUCCESS : error;
		error = KERN_SUCCESS;
	}
	if (!error)
		reply_u64(reply, operation->done);
	return error;
}

static kern_return_t try_select(struct socket *socket, struct operation *operation, struct reply *reply)
{
	int ready = socket_ready_types(socket) & operation->flags;
	if (!ready)
		return operation_waits;
	reply_int(reply, ready);
	return KERN_SUCCESS;
}

static kern_return_t try_accept(struct socket *socket, struct operation *operation, struct reply *reply)
{
	if (socket->state != socket_listening)
		return HURD_EINVAL;
	struct socket *connection = socket->ready;
	if (!connection)
		return operation_waits;
	struct address *address = address_of(connection->remote.ip, connection->remote.port);
	struct user *user;
	kern_return_t error = address ? user_create(connection, &user) : HURD_ENOBUFS;
	if (error)
		return error;
	reply_port(reply, user->object.port, MACH_MSG_TYPE_MAKE_SEND);
	reply_port(reply, address->object.port, MACH_MSG_TYPE_MAKE_SEND);
	socket->ready = connection->next_ready;
	if (!socket->ready)
		socket->ready_end = &socket->ready;
	socket->ready_count--;
	connection->next_ready = NULL;
	if (connection->tcp)
		tcp_backlog_accepted(connection->tcp);
	operation->new_user = user;
	return KERN_SUCCESS;
}

static kern_return_t try_connect(struct socket *socket)
{
	if (socket->state == socket_connecting)
		return operation_waits;
	if (socket->state == socket_connected)
		return KERN_SUCCESS;
	return socket->error ? socket_take_error(socket) : HURD_ECONNABORTED;
}

static kern_return_t try_operation(struct socket *socket, struct operation *operation, struct reply *reply)
{
	switch (operation->kind) {
	case operation_receive:
	case operation_read:
		return socket->type == socket_stream ? try_stream_receive(socket, operation, reply) :
			try_datagram_receive(socket, operation, reply);
	case operation_send: return try_send(socket, operation, reply);
	case operation_select: return try_select(socket, operation, reply);
	case operation_accept: return try_accept(socket, operation, reply);
	case operation_connect: return try_connect(socket);
	}
	assert(0);
}

/* The reply is on its way: what it carries is no longer the socket's. */
static void commit(struct socket *socket, struct operation *operation)
{
	for (unsigned i = 0; i < operation->take_packets; i++)
		packet_queue_drop_first(&socket->input);
	if (operation->take_bytes) {
		packet_queue_take(&socket->input, operation->take_bytes);
		stream_taken(socket, operation->take_bytes);
	}
}

/* ---- waiting ----------------------------------------------------------------- */

static void free_data(struct operation *operation)
{
	if (operation->data_owner == data_malloced)
		free((void *)operation->data);
	else if (operation->data_owner == data_out_of_line)
		vm_deallocate(mach_task_self(), (vm_address_t)operation->data, operation->length);
}

static void free_operation(struct operation *operation)
{
	free_data(operation);
	free(operation);
	all.waiting--;
}

/* The request's own buffer is used for the next request. */
static bool own_data(struct operation *operation)
{
	if (operation->kind != operation_send || operation->data_owner != data_borrowed)
		return true;
	char *copy = malloc(operation->length + 1);
	if (!copy)
		return false;
	memcpy(copy, operation->data, operation->length);
	operation->data = copy;
	operation->data_owner = data_malloced;
	return true;
}

static void set_deadline(struct socket *socket, struct operation *operation)
{
	uint64_t after = operation->kind == operation_send || operation->kind == operation_connect ?
		socket->send_timeout_ms : socket->receive_timeout_ms;
	if (operation->kind != operation_select)
		operation->deadline_ms = after ? port_milliseconds() + after : 0;
	if (operation->deadline_ms && (!all.next_deadline_ms || operation->deadline_ms < all.next_deadline_ms))
		all.next_deadline_ms = operation->deadline_ms;
}

static void sweep_socket(struct socket *socket);

static kern_return_t wait_in_line(struct socket *socket, struct operation *operation)
{
	struct operation *kept = malloc(sizeof *kept);
	if (!kept || !own_data(operation)) {
		free(kept);
		return HURD_ENOMEM;
	}
	if (socket->waiting_count >= operations_per_socket_before_sweep)
		sweep_socket(socket);
	set_deadline(socket, operation);
	*kept = *operation;
	kept->next = NULL;
	*socket->waiting_end = kept;
	socket->waiting_end = &kept->next;
	socket->waiting_count++;
	all.waiting++;
	return MIG_NO_REPLY;
}

static bool somebody_waits(const struct socket *socket, enum operation_kind kind)
{
	for (const struct operation *other = socket->waiting; other; other = other->next)
		if (other->kind == kind)
			return true;
	return false;
}

kern_return_t operation_start(struct operation *operation, struct reply *reply, bool may_wait)
{
	struct socket *socket = operation->user->socket;
	/* Two writers to one stream: whole writes, in order. */
	bool behind = operation->kind == operation_send && socket->type == socket_stream &&
		somebody_waits(socket, operation_send);
	kern_return_t code = behind ? operation_waits : try_operation(socket, operation, reply);
	if (code == operation_waits) {
		if (operation->kind == operation_send && operation->done && !may_wait) {
			reply_u64(reply, operation->done);
			code = KERN_SUCCESS;
		} else {
			code = may_wait ? wait_in_line(socket, operation) : HURD_EWOULDBLOCK;
			if (code == MIG_NO_REPLY)
				return code;
		}
	}
	if (code == KERN_SUCCESS)
		commit(socket, operation);
	free_data(operation);
	return code;
}

/* Removes *LINK's operation from the line. */
static struct operation *unlink_operation(struct socket *socket, struct operation **link)
{
	struct operation *operation = *link;
	*link = operation->next;
	if (!operation->next)
		socket->waiting_end = link;
	socket->waiting_count--;
	return operation;
}

/* Sends the reply; takes what it carries only if it went. */
static void answer(struct socket *socket, struct operation *operation, struct reply *reply, kern_return_t code)
{
	reply_finish(reply, code);
	if (reply_send(reply) == KERN_SUCCESS)
		commit(socket, operation);
	else if (operation->new_user)
		user_release(operation->new_user);	/* nobody got its port */
	free_operation(operation);
}

void socket_wake(struct socket *socket)
{
	for (struct operation **link = &socket->waiting; *link; ) {
		struct operation *operation = *link;
		struct reply reply;
		reply_begin(&reply, operation->reply_port, operation->reply_type, operation->reply_id);
		kern_return_t code = try_operation(socket, operation, &reply);
		if (code == operation_waits) {
			link = &operation->next;
			continue;
		}
		unlink_operation(socket, link);
		answer(socket, operation, &reply, code);
	}
}

/* ---- waking when a batch is done ---- */

void socket_wake_later(struct socket *socket)
{
	if (socket->wake_due || !socket->waiting)
		return;
	socket->wake_due = true;
	socket->next_due = all.due;
	all.due = socket;
}

void sockets_wake_due(void)
{
	for (struct socket *socket; (socket = all.due); ) {
		all.due = socket->next_due;
		socket->wake_due = false;
		socket_wake(socket);
	}
}

void socket_wake_forget(struct socket *socket)
{
	struct socket **link = &all.due;
	if (!socket->wake_due)
		return;
	while (*link != socket)
		link = &(*link)->next_due;
	*link = socket->next_due;
}

static void answer_code(struct socket *socket, struct operation *operation, kern_return_t code)
{
	struct reply reply;
	reply_begin(&reply, operation->reply_port, operation->reply_type, operation->reply_id);
	/* What was written before the interruption has been written. */
	if (operation->kind == operation_send && operation->done) {
		reply_u64(&reply, operation->done);
		code = KERN_SUCCESS;
	}
	answer(socket, operation, &reply, code);
}

void operations_cancel(struct socket *socket, struct user *user, kern_return_t code)
{
	for (struct operation **link = &socket->waiting; *link; ) {
		if (user && (*link)->user != user) {
			link = &(*link)->next;
			continue;
		}
		answer_code(socket, unlink_operation(socket, link), code);
	}
}

/* ---- time ----------------------------------------------------------------------- */

static void time_is_up(struct socket *socket, struct operation *operation)
{
	if (operation->kind != operation_select) {
		answer_code(socket, operation, operation->kind == operation_connect ? HURD_ETIMEDOUT : HURD_EWOULDBLOCK);
		return;
	}
	struct reply reply;
	reply_begin(&reply, operation->reply_port, operation->reply_type, operation->reply_id);
	reply_int(&reply, 0);
	answer(socket, operation, &reply, KERN_SUCCESS);
}

static void expire_socket(struct socket *socket, uint64_t now_ms)
{
	for (struct operation **link = &socket->waiting; *link; ) {
		uint64_t deadline = (*link)->deadline_ms;
		if (deadline && deadline <= now_ms) {
			time_is_up(socket, unlink_operation(socket, link));
			continue;
		}
		if (deadline && (!all.next_deadline_ms || deadline < all.next_deadline_ms))
			all.next_deadline_ms = deadline;
		link = &(*link)->next;
	}
}

uint64_t operations_expire(uint64_t now_ms)
{
	if (!all.next_deadline_ms || now_ms < all.next_deadline_ms)
		return all.next_deadline_ms;
	all.next_deadline_ms = 0;
	for (struct socket *socket = sockets_first(); socket; socket = socket->next)
		expire_socket(socket, now_ms);
	return all.next_deadline_ms;
}

/* ---- callers that died ------------------------------------------------------------ */

static bool caller_is_dead(const struct operation *operation)
{
	mach_port_type_t type;
	kern_return_t error = mach_port_type(mach_task_self(), operation->reply_port, &type);
	return error || (type & MACH_PORT_TYPE_DEAD_NAME);
}

static void sweep_socket(struct socket *socket)
{
	for (struct operation **link = &socket->waiting; *link; ) {
		if (!caller_is_dead(*link)) {
			link = &(*link)->next;
			continue;
		}
		struct operation *operation = unlink_operation(socket, link);
		if (MACH_PORT_VALID(operation->reply_port))
			mach_port_deallocate(mach_task_self(), operation->reply_port);
		free_operation(operation);
	}
}

void operations_sweep(void)
{
	for (struct socket *socket = sockets_first(); socket; socket = socket->next)
		if (socket->waiting)
			sweep_socket(socket);
}
