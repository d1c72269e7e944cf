/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests that wait for input, in the order in which they came. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "server.h"

enum { READ_REPLY_ID = 21101, SELECT_REPLY_ID = 21112, SELECT_TIMEOUT_REPLY_ID = 21131, READ_BYTES_MAX = 65536 };
enum { NS_PER_SECOND = 1000000000, NS_PER_MS = 1000000 };

struct parked {
	struct parked *next;
	const struct open *open;
	mach_port_t reply;
	mach_msg_type_name_t reply_type;
	mach_msg_id_t reply_id;
	vm_size_t amount;	/* of a read */
	int types;		/* of a select; 0: it is a read */
	long deadline_ns;
};

static struct { struct parked *first, **end; } queue = { NULL, &queue.first };

static const mach_msg_type_t int_type = {
	.msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE,
};

static mach_msg_header_t reply_header(const struct parked *parked, mach_msg_size_t size, bool complex)
{
	return (mach_msg_header_t){
		.msgh_bits = MACH_MSGH_BITS(parked->reply_type, 0) | (complex ? MACH_MSGH_BITS_COMPLEX : 0),
		.msgh_size = size, .msgh_remote_port = parked->reply, .msgh_id = parked->reply_id,
	};
}

/* Never waits; true when the receiver will get it.  The reply right is used up either way. */
static bool send(mach_msg_header_t *message)
{
	if (mach_msg(message, MACH_SEND_MSG | MACH_SEND_TIMEOUT, message->msgh_size, 0, MACH_PORT_NULL, 0,
		     MACH_PORT_NULL) == MACH_MSG_SUCCESS)
		return true;
	mach_msg_destroy(message);
	return false;
}

static bool send_error(const struct parked *parked, kern_return_t code)
{
	mig_reply_header_t reply = { .Head = reply_header(parked, sizeof reply, false), .RetCodeType = int_type,
				     .RetCode = code };
	return send(&reply.Head);
}

static bool send_select(const struct parked *parked, int types)
{
	struct {
		mig_reply_header_t head;
		mach_msg_type_t types_type;
		int types, pad;
	} reply = { { .Head = reply_header(parked, sizeof reply, false), .RetCodeType = int_type }, int_type, types, 0 };
	return send(&reply.head.Head);
}

/* Is the one who asked still there?  A reader that has died must not eat input. */
static bool alive(const struct parked *parked)
{
	mach_port_type_t type;
	return !mach_port_type(mach_task_self(), parked->reply, &type) && !(type & MACH_PORT_TYPE_DEAD_NAME);
}

static void send_read(const struct parked *parked)
{
	struct {
		mig_reply_header_t head;
		mach_msg_type_t data_type;
		char *data;
	} reply = { { .Head = reply_header(parked, sizeof reply, true), .RetCodeType = int_type },
		{ .msgt_name = MACH_MSG_TYPE_CHAR, .msgt_size = 8, .msgt_longform = TRUE, .msgt_deallocate = TRUE }, NULL };
	size_t room = parked->amount < READ_BYTES_MAX ? parked->amount : READ_BYTES_MAX;
	vm_address_t memory = 0;

	if (!alive(parked)) {
		mach_port_deallocate(mach_task_self(), parked->reply);
		return;
	}
	if (room > 0 && vm_allocate(mach_task_self(), &memory, room, TRUE)) {
		send_error(parked, HURD_ENOMEM);
		return;
	}
	size_t count = room > 0 ? line_read(&console.line, (char *)memory, room) : 0;
	reply.data_type.msgt_number = count;
	reply.data = (char *)memory;
	/* The kernel takes away the pages that carry data; the rest is ours. */
	size_t used = (count + vm_page_size - 1) & -vm_page_size, whole = (room + vm_page_size - 1) & -vm_page_size;
	if (whole > used)
		vm_deallocate(mach_task_self(), memory + used, whole - used);
	send(&reply.head.Head);
}

static long now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

/* Answers it if that is possible now. */
static bool serve(const struct parked *parked)
{
	bool readable = line_readable(&console.line);
	int types = parked->types & (HURD_SELECT_WRITE | (readable ? HURD_SELECT_READ : 0));
	if (parked->types) {
		if (!types)
			return false;
		send_select(parked, types);
	} else {
		if (!readable)
			return false;
		send_read(parked);
	}
	return true;
}

static kern_return_t park(const struct parked *wanted)
{
	/* A read must not overtake an earlier one, and then finds nothing. */
	if (serve(wanted))
		return MIG_NO_REPLY;
	struct parked *parked = malloc(sizeof *parked);
	if (!parked)
		return HURD_ENOMEM;
	*parked = *wanted;
	parked->next = NULL;
	*queue.end = parked;
	queue.end = &parked->next;
	return MIG_NO_REPLY;
}

kern_return_t park_read(struct open *open, mach_port_t reply, mach_msg_type_name_t reply_type, vm_size_t amount)
{
	if (!MACH_PORT_VALID(reply))
		return HURD_EINVAL;	/* nobody would get what is there */
	if (open->modes & HURD_O_NONBLOCK && !line_readable(&console.line))
		return HURD_EAGAIN;
	return park(&(struct parked){ .open = open, .reply = reply, .reply_type = reply_type, .reply_id = READ_REPLY_ID,
				      .amount = amount, .deadline_ns = LONG_MAX });
}

kern_return_t park_select(struct open *open, mach_port_t reply, mach_msg_type_name_t reply_type, int types,
			  long deadline_ns)
{
	struct parked wanted = { .open = open, .reply = reply, .reply_type = reply_type,
				 .reply_id = deadline_ns == LONG_MAX ? SELECT_REPLY_ID : SELECT_TIMEOUT_REPLY_ID,
				 .types = types & (HURD_SELECT_READ | HURD_SELECT_WRITE), .deadline_ns = deadline_ns };
	if (!MACH_PORT_VALID(reply))
		return HURD_EINVAL;
	/* Asked for nothing, or not willing to wait for what is not there. */
	if (wanted.types && serve(&wanted))
		return MIG_NO_REPLY;
	if (wanted.types && deadline_ns > now_ns())
		return park(&wanted);
	send_select(&wanted, 0);
	return MIG_NO_REPLY;
}

/* Takes *LINK out of the queue and frees it. */
static void unpark(struct parked **link)
{
	struct parked *parked = *link;
	*link = parked->next;
	if (queue.end == &parked->next)
		queue.end = link;
	free(parked);
}

void parked_serve(void)
{
	for (struct parked **link = &queue.first; *link;)
		if (serve(*link))
			unpark(link);
		else
			link = &(*link)->next;
}

void parked_cancel(const struct open *open, kern_return_t code)
{
	for (struct parked **link = &queue.first; *link;)
		if (!open || (*link)->open == open) {
			send_error(*link, code);
			unpark(link);
		} else {
			link = &(*link)->next;
		}
}

long parked_expire(void)
{
	long next = LONG_MAX, now = queue.first ? now_ns() : 0;
	for (struct parked **link = &queue.first; *link;)
		if ((*link)->deadline_ns <= now) {
			send_select(*link, 0);
			unpark(link);
		} else {
			next = (*link)->deadline_ns < next ? (*link)->deadline_ns : next;
			link = &(*link)->next;
		}
	return next == LONG_MAX ? -1 : (next - now) / NS_PER_MS + 1;
}
