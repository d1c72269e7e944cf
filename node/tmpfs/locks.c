/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "locks.h"

#include <errno.h>
#include <stdlib.h>

static bool overlap(const struct record_lock *lock, int64_t start, int64_t end)
{
	return lock->start < end && start < lock->end;
}

const struct record_lock *locks_conflict(const struct record_locks *locks, const void *owner,
					 enum lock_kind kind, int64_t start, int64_t end)
{
	if (kind == LOCK_NONE)
		return NULL;
	for (const struct record_lock *lock = locks->held; lock; lock = lock->next)
		if (lock->owner != owner && overlap(lock, start, end) && (kind == LOCK_WRITE || lock->kind == LOCK_WRITE))
			return lock;
	return NULL;
}

/* Takes [START, END) out of OWNER's locks.  SPARE is used if one of them falls in two. */
static void clear(struct record_locks *locks, const void *owner, int64_t start, int64_t end, struct record_lock **spare)
{
	for (struct record_lock **link = &locks->held; *link;) {
		struct record_lock *lock = *link;
		if (lock->owner != owner || !overlap(lock, start, end)) {
			link = &lock->next;
		} else if (lock->start >= start && lock->end <= end) {
			*link = lock->next;
			free(lock);
			locks->held_count--;
		} else if (lock->start < start && lock->end > end) {
			struct record_lock *tail = *spare;
			*spare = NULL;
			*tail = *lock;
			tail->start = end;
			lock->end = start;
			lock->next = tail;
			locks->held_count++;
			return;		/* the owner's others do not overlap this one */
		} else {
			if (lock->start < start)
				lock->end = start;
			else
				lock->start = end;
			link = &lock->next;
		}
	}
}

int locks_set(struct record_locks *locks, const void *owner, enum lock_kind kind, int64_t start, int64_t end)
{
	struct record_lock *spare = malloc(sizeof(*spare));
	struct record_lock *added = kind == LOCK_NONE ? NULL : malloc(sizeof(*added));
	if (!spare || (kind != LOCK_NONE && !added)) {
		free(spare);
		free(added);
		return ENOMEM;
	}
	clear(locks, owner, start, end, &spare);
	free(spare);
	if (added) {
		*added = (struct record_lock){ locks->held, owner, kind, start, end };
		locks->held = added;
		locks->held_count++;
	}
	return 0;
}

int locks_wait(struct record_locks *locks, const void *owner, enum lock_kind kind, int64_t start, int64_t end, void *reply)
{
	struct lock_wait *wait = malloc(sizeof(*wait)), **link = &locks->waiting;
	if (!wait)
		return ENOMEM;
	*wait = (struct lock_wait){ .wanted = { NULL, owner, kind, start, end }, .reply = reply };
	while (*link)
		link = &(*link)->next;
	*link = wait;
	return 0;
}

struct lock_wait *locks_next_granted(struct record_locks *locks)
{
	for (struct lock_wait **link = &locks->waiting; *link; link = &(*link)->next) {
		const struct record_lock *wanted = &(*link)->wanted;
		if (locks_conflict(locks, wanted->owner, wanted->kind, wanted->start, wanted->end))
			continue;
		if (locks_set(locks, wanted->owner, wanted->kind, wanted->start, wanted->end))
			return NULL;	/* no memory: it is tried again when the next lock goes */
		struct lock_wait *granted = *link;
		*link = granted->next;
		return granted;
	}
	return NULL;
}

struct lock_wait *locks_next_of(struct record_locks *locks, const void *owner)
{
	for (struct lock_wait **link = &locks->waiting; *link; link = &(*link)->next)
		if ((*link)->wanted.owner == owner) {
			struct lock_wait *found = *link;
			*link = found->next;
			return found;
		}
	return NULL;
}

bool locks_are_unused(const struct record_locks *locks)
{
	return !locks->held && !locks->waiting;
}
