/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advisory locks on ranges of a file, and who waits for one.  Pure. */
#ifndef TMPFS_LOCKS_H
#define TMPFS_LOCKS_H

#include <stdbool.h>
#include <stdint.h>

enum lock_kind { LOCK_NONE, LOCK_READ, LOCK_WRITE };

#define LOCK_TO_THE_END INT64_MAX

struct record_lock {
	struct record_lock *next;
	const void *owner;	/* compared only */
	enum lock_kind kind;
	int64_t start, end;	/* bytes, END not included */
};

struct lock_wait {
	struct lock_wait *next;
	struct record_lock wanted;
	void *reply;		/* the server's */
};

struct record_locks {
	struct record_lock *held;	/* one owner's do not overlap */
	unsigned held_count;
	struct lock_wait *waiting;	/* in order of arrival */
};

/* The first lock that keeps OWNER from having this one, or NULL. */
const struct record_lock *locks_conflict(const struct record_locks *locks, const void *owner,
					 enum lock_kind kind, int64_t start, int64_t end);
/* Gives OWNER the lock, or with LOCK_NONE takes it away, in [START, END) only.  There must
   be no conflict.  0 or ENOMEM, and then nothing has changed. */
int locks_set(struct record_locks *locks, const void *owner, enum lock_kind kind, int64_t start, int64_t end);
/* 0 or ENOMEM. */
int locks_wait(struct record_locks *locks, const void *owner, enum lock_kind kind, int64_t start, int64_t end, void *reply);
/* The next one waiting whose conflict has gone: given its lock and taken off the line, or NULL.
   Call it until it returns NULL after locks went; the caller frees it. */
struct lock_wait *locks_next_granted(struct record_locks *locks);
/* The next one of OWNER's that waits, taken off the line, or NULL; the caller frees it. */
struct lock_wait *locks_next_of(struct record_locks *locks, const void *owner);
bool locks_are_unused(const struct record_locks *locks);

#endif
