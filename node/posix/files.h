/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Descriptors, directories and path names of node/posix. */
#ifndef POSIX_FILES_H
#define POSIX_FILES_H

#include "posix.h"
#include "lock.h"
#include <hurd_abi.h>

#define FD_MAX 1024			/* descriptors of a process */
#define OPEN_PORTS_SPARE 64		/* open ports that only running calls still hold */
#define TRANSFER_MAX_BYTES (1ul << 20)	/* of one io_read or io_write */
#define SYMLINK_HOPS_MAX 32		/* retries of one name before ELOOP */

struct address_cache;			/* socket_address.c */
struct socket_batch;			/* socket_batch.c */

/* What a descriptor stands for; dup shares it.  Counted: the table holds one
   reference for each descriptor, a running call holds one too, so that a close
   by another thread does not pull the port away from under it. */
struct open_port {
	mach_port_t port;		/* send right, dropped with the last reference */
	int references;			/* 0: not in use */
	bool is_directory;		/* reads with getdents */
	int directory_entry;		/* index of the next one */
	struct address_cache *addresses;
	struct socket_batch *batch;
};

/* ---- fd.c.  These take the table's lock themselves. */
/* A reference to FD's open port, or NULL (EBADF). */
struct open_port *fd_get(int fd);
void open_port_put(struct open_port *open_port);
/* Puts PORT (a send right, taken over in any case) at the lowest free descriptor
   from LOWEST on; the descriptor or -EMFILE. */
long fd_install(mach_port_t port, bool close_on_exec, int lowest);
/* The ports of the descriptors that survive an exec, in memory from vm_allocate,
   each a borrowed right; *COUNT is one more than the highest.  NULL when there are none. */
mach_port_t *fd_table_for_exec(unsigned *count);

/* F_DUPFD. */
long fd_duplicate_from(int fd, int lowest, bool close_on_exec);
/* Sets (0, 1) or only asks for (negative) the flag; its value or -EBADF. */
long fd_close_on_exec(int fd, int set);
/* At the start of a program: the descriptors that it was given; takes the rights over. */
void fd_table_start(const mach_port_t *ports, unsigned count);
void fd_table_lock(void);
void fd_table_unlock(void);

/* ---- lookup.c.  Around fork: no other thread is inside the tables. */
void posix_files_fork_prepare(void);
void posix_files_fork_done(void);

/* These give Hurd error codes, 0 for success. */
/* Looks PATH up from DIRFD (AT_FDCWD: the current directory). */
int path_lookup(int dirfd, const char *path, int hurd_flags, unsigned mode, mach_port_t *port);
/* The directory that PATH's last name is in, and that name, in NAME (HURD_NAME_SIZE bytes). */
int path_lookup_parent(int dirfd, const char *path, mach_port_t *directory, char *name);
/* Follows the Hurd's retry protocol from DIRECTORY (borrowed; null: the root) on. */
int lookup_from(mach_port_t directory, const char *path, int hurd_flags, unsigned mode, mach_port_t *port);

/* The current and the root directory: each call gives a new reference. */
mach_port_t current_directory(void);
mach_port_t root_directory(void);
/* Replaces it, taking PORT over. */
void set_current_directory(mach_port_t port);
void set_root_directory(mach_port_t port);
unsigned current_umask(void);

/* ---- helpers */
static inline void drop_port(mach_port_t port)
{
	if (MACH_PORT_VALID(port))
		mach_port_deallocate(mach_task_self(), port);
}

/* One more reference to PORT.  If its server has died the name is a dead one, which must be counted
   too: it will be given back all the same. */
static inline void refer_port(mach_port_t port)
{
	if (mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_DEAD_NAME, 1);
}

/* Runs an RPC so that a signal may interrupt it.  An EINTR that no signal of
   ours asked for (the server cancelled another thread's request too) is repeated. */
#define INTERRUPTIBLE(rpc) ({ \
	int error_; \
	do { \
		posix_interruptible_begin(); \
		error_ = posix_signals_deliverable() ? HURD_EINTR : (rpc); \
		posix_interruptible_end(); \
	} while (error_ == HURD_EINTR && !posix_signals_deliverable()); \
	error_; })

#endif
