/* SPDX-License-Identifier: GPL-2.0-or-later */
/* file_lock and file_record_lock.  A lock belongs to the open description, as flock's does on
   the Hurd; who waits is a parked reply, not a thread. */
#include <stddef.h>
#include <stdlib.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "interrupt_S.h"
#include "limits.h"
#include "locks.h"
#include "objects.h"

/* What a waiting request is answered with when its lock is there. */
struct parked {
	mach_port_t reply;
	mach_msg_type_name_t reply_type;
	mach_msg_id_t id;
	mach_port_t port;	/* that the request came to */
	bool has_record;
	flock_t record;
};

struct lock_reply {
	mach_msg_header_t header;
	mach_msg_type_t result_type;
	int result;
	int result_pad;
	mach_msg_type_t record_type;
	flock_t record;
};

static size_t locks_waiting;

static void answer(struct parked *parked, error_t result)
{
	bool record = parked->has_record && !result;
	struct lock_reply message = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS(parked->reply_type, 0),
			.msgh_size = record ? sizeof(message) : offsetof(struct lock_reply, record_type),
			.msgh_id = parked->id,
		},
		.result_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1, .msgt_inline = TRUE },
		.result = result,
		.record_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_64, .msgt_size = 64, .msgt_number = sizeof(flock_t) / 8,
				 .msgt_inline = TRUE },
		.record = parked->record,
	};
	message.header.msgh_remote_port = parked->reply;
	if (mach_msg(&message.header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, message.header.msgh_size, 0, MACH_PORT_NULL, 0,
		     MACH_PORT_NULL))
		mach_msg_destroy(&message.header);
	free(parked);
}

static void finish(struct lock_wait *wait, error_t result)
{
	answer(wait->reply, result);
	free(wait);
	locks_waiting--;
}

static struct record_locks *locks_of(struct node *node)
{
	if (!node->locks)
		node->locks = calloc(1, sizeof(*node->locks));
	return node->locks;
}

static void after_change(struct node *node)
{
	struct lock_wait *wait;
	while ((wait = locks_next_granted(node->locks)))
		finish(wait, 0);
	if (locks_are_unused(node->locks)) {
		free(node->locks);
		node->locks = NULL;
	}
}

void record_locks_close(struct description *description)
{
	struct node *node = description->node;
	struct lock_wait *wait;
	if (!node->locks)
		return;
	while ((wait = locks_next_of(node->locks, description)))
		finish(wait, HURD_EBADF);
	locks_set(node->locks, description, LOCK_NONE, 0, LOCK_TO_THE_END);
	after_change(node);
}

static error_t park(struct node *node, struct description *description, enum lock_kind kind, int64_t start, int64_t end,
		    const struct parked *what)
{
	struct parked *parked = malloc(sizeof(*parked));
	if (!parked || locks_waiting >= TMPFS_LOCKS_WAITING_MAX) {
		free(parked);
		return HURD_ENOLCK;
	}
	*parked = *what;
	if (locks_wait(node->locks, description, kind, start, end, parked)) {
		free(parked);
		return HURD_ENOLCK;
	}
	locks_waiting++;
	return MIG_NO_REPLY;
}

/* WHAT is NULL when the caller does not wish to wait. */
static error_t change(open_t open, enum lock_kind kind, int64_t start, int64_t end, const struct parked *what)
{
	struct description *description = open->description;
	struct node *node = description->node;
	if (!locks_of(node))
		return HURD_ENOLCK;
	error_t error;
	if (kind != LOCK_NONE && node->locks->held_count >= TMPFS_LOCKS_HELD_MAX)
		error = HURD_ENOLCK;
	else if (!locks_conflict(node->locks, description, kind, start, end))
		error = locks_set(node->locks, description, kind, start, end) ? HURD_ENOLCK : 0;
	else
		error = what ? park(node, description, kind, start, end, what) : HURD_EAGAIN;
	after_change(node);
	return error;
}

kern_return_t S_file_lock(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int flags)
{
	struct parked parked = { .reply = reply, .reply_type = reply_type, .id = 20107,
				 .port = open ? open->object.port : MACH_PORT_NULL };
	enum lock_kind kind;
	if (!open)
		return HURD_EOPNOTSUPP;
	if (flags & HURD_LOCK_UN)
		kind = LOCK_NONE;
	else if (flags & HURD_LOCK_EX)
		kind = LOCK_WRITE;
	else if (flags & HURD_LOCK_SH)
		kind = LOCK_READ;
	else
		return HURD_EINVAL;
	return change(open, kind, 0, LOCK_TO_THE_END, flags & HURD_LOCK_NB ? NULL : &parked);
}

static int lock_status(const struct record_lock *lock)
{
	return !lock ? HURD_LOCK_UN : lock->kind == LOCK_WRITE ? HURD_LOCK_EX : HURD_LOCK_SH;
}

kern_return_t S_file_lock_stat(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int *mine, int *others)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	*mine = *others = HURD_LOCK_UN;
	if (!open_node(open)->locks)
		return 0;
	for (const struct record_lock *lock = open_node(open)->locks->held; lock; lock = lock->next)
		*(lock->owner == open->description ? mine : others) = lock_status(lock);
	return 0;
}

/* The range that RECORD names. */
static error_t range(open_t open, const flock_t *record, int64_t *start, int64_t *end)
{
	int64_t base = record->l_whence == 0 ? 0 : record->l_whence == 1 ? open->description->offset :
		       record->l_whence == 2 ? (int64_t)open_node(open)->size : -1;
	if (base < 0 || __builtin_add_overflow(base, record->l_start, start))
		return HURD_EINVAL;
	if (record->l_len == 0) {
		*end = LOCK_TO_THE_END;
	} else if (record->l_len > 0) {
		if (__builtin_add_overflow(*start, record->l_len, end))
			*end = LOCK_TO_THE_END;
	} else {
		*end = *start;
		if (__builtin_add_overflow(*start, record->l_len, start))
			return HURD_EINVAL;
	}
	return *start < 0 ? HURD_EINVAL : 0;
}

static void report_conflict(open_t open, enum lock_kind kind, int64_t start, int64_t end, flock_t *record)
{
	const struct record_lock *lock = NULL;
	if (open_node(open)->locks)
		lock = locks_conflict(open_node(open)->locks, open->description, kind, start, end);
	if (!lock) {
		record->l_type = HURD_F_UNLCK;
		return;
	}
	record->l_type = lock->kind == LOCK_WRITE ? HURD_F_WRLCK : HURD_F_RDLCK;
	record->l_whence = 0;
	record->l_start = lock->start;
	record->l_len = lock->end == LOCK_TO_THE_END ? 0 : lock->end - lock->start;
	record->l_pid = -1;
}

kern_return_t S_file_record_lock(open_t open, mach_port_t reply, mach_msg_type_name_t reply_type, int command,
				 flock_t *record, mach_port_t rendezvous)
{
	int64_t start, end;
	if (!open)
		return HURD_EOPNOTSUPP;
	enum lock_kind kind = record->l_type == HURD_F_WRLCK ? LOCK_WRITE : record->l_type == HURD_F_RDLCK ? LOCK_READ : LOCK_NONE;
	if (kind == LOCK_NONE && record->l_type != HURD_F_UNLCK)
		return HURD_EINVAL;
	error_t error = range(open, record, &start, &end);
	if (error)
		return error;
	int flags = open->description->flags;
	if (command != HURD_F_GETLK64 && ((kind == LOCK_WRITE && !(flags & HURD_O_WRITE)) ||
					  (kind == LOCK_READ && !(flags & HURD_O_READ))))
		return HURD_EBADF;
	struct parked parked = { reply, reply_type, 20136, open->object.port, true, *record };
	switch (command) {
	case HURD_F_GETLK64: report_conflict(open, kind, start, end, record); break;
	case HURD_F_SETLK64: error = change(open, kind, start, end, NULL); break;
	case HURD_F_SETLKW64: error = change(open, kind, start, end, &parked); break;
	default: error = HURD_EINVAL;
	}
	/* A request that is answered later is not freed for us. */
	if ((!error || error == MIG_NO_REPLY) && MACH_PORT_VALID(rendezvous))
		mach_port_deallocate(mach_task_self(), rendezvous);
	return error;
}

/* Only waiting for a lock can be interrupted: nothing else here waits for anybody but a translator,
   which is the client's to interrupt. */
kern_return_t S_interrupt_operation(mach_port_t port, mach_port_seqno_t seqno)
{
	struct object *object = object_of_port(port);
	if (!object || object->kind != OBJECT_OPEN)
		return HURD_EOPNOTSUPP;
	struct node *node = open_node((open_t)object);
	if (!node->locks)
		return 0;
	for (struct lock_wait **link = &node->locks->waiting, *wait; (wait = *link);) {
		if (((struct parked *)wait->reply)->port != port) {
			link = &wait->next;
			continue;
		}
		*link = wait->next;
		finish(wait, HURD_EINTR);
	}
	after_change(node);
	return 0;
}
