/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every limit of the memory file server, in one place. */
#ifndef TMPFS_LIMITS_H
#define TMPFS_LIMITS_H

#define TMPFS_PAGE_BYTES		4096u
#define TMPFS_ARENA_PAGES		64u		/* pages taken from the kernel at once */
/* File data is bounded by --max-bytes, or half of the memory; by this if nobody knows that. */
#define TMPFS_BYTES_MAX_UNKNOWN		(256ull << 20)
#define TMPFS_FILE_BYTES_MAX		(64ll << 30)	/* a longer file is EFBIG; bounds the index of a sparse one */
#define TMPFS_NAME_BYTES_MAX		255u		/* of one name in a directory */
#define TMPFS_PATH_BYTES_MAX		1023u		/* what a string_t holds */
#define TMPFS_LINKS_MAX			65000u
#define TMPFS_SYMLINKS_MAX		16u		/* followed in one lookup */
#define TMPFS_READ_BYTES_MAX		(64u << 20)	/* in one reply; longer reads are short */
#define TMPFS_READDIR_BYTES_MAX		(1u << 20)	/* in one reply */
#define TMPFS_PASSIVE_BYTES_MAX		16384u		/* of a passive translator's arguments */
#define TMPFS_REPARENTED_DEPTH_MAX	64u		/* roots made within roots by file_reparent */
#define TMPFS_IDS_MAX			256u		/* user or group ids of one open */
#define TMPFS_LOCKS_HELD_MAX		4096u		/* of one file; one more is ENOLCK */
#define TMPFS_LOCKS_WAITING_MAX		4096u		/* in all */
#define TMPFS_THREADS_MAX		256u
#define TMPFS_THREADS_IDLE_MAX		4u
/* Calls into translators may hold this many threads, so that some are always left for
   everything else. */
#define TMPFS_THREADS_BLOCKED_MAX	(TMPFS_THREADS_MAX - 16u)
#define TMPFS_THREAD_STACK_BYTES	(64u << 10)
#define TMPFS_REQUEST_BYTES_MAX		(32u << 10)	/* inline part; a longer request is refused by the kernel */
#define TMPFS_RAMDISK_PIECE_BYTES	(256u << 10)

#endif
