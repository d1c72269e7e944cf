/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The descriptor table.  Nothing here allocates: open() may be called in a
   signal handler that interrupted malloc. */
#define _GNU_SOURCE
#include "files.h"
#include "prototypes.h"
#include "sockets.h"
#include <fcntl.h>
#include <hurd/io.h>
#include <string.h>

struct descriptor {
	struct open_port *open_port;	/* NULL: free */
	bool close_on_exec;
};

static struct {
	posix_lock_t lock;
	struct descriptor fds[FD_MAX];
	struct open_port open_ports[FD_MAX + OPEN_PORTS_SPARE];
} table;

static bool is_open(int fd)
{
	return fd >= 0 && fd < FD_MAX && table.fds[fd].open_port;
}

struct open_port *fd_get(int fd)
{
	struct open_port *found = NULL;

	posix_lock(&table.lock);
	if (is_open(fd)) {
		found = table.fds[fd].open_port;
		found->references++;
	}
	posix_unlock(&table.lock);
	return found;
}

void open_port_put(struct open_port *open_port)
{
	mach_port_t port = MACH_PORT_NULL;
	struct address_cache *addresses = NULL;
	struct socket_batch *batch = NULL;

	posix_lock(&table.lock);
	if (--open_port->references == 0) {
		port = open_port->port;
		addresses = open_port->addresses;
		batch = open_port->batch;
		memset(open_port, 0, sizeof *open_port);
	}
	posix_unlock(&table.lock);
	if (addresses)
		address_cache_free(addresses);
	if (batch)
		socket_batch_free(batch);
	drop_port(port);
}

/* With the lock held. */
static struct open_port *new_open_port(mach_port_t port)
{
	for (int i = 0; i < FD_MAX + OPEN_PORTS_SPARE; i++) {
		struct open_port *candidate = &table.open_ports[i];

		if (candidate->references == 0) {
			*candidate = (struct open_port){ .port = port, .references = 1 };
			return candidate;
		}
	}
	return NULL;
}

static int lowest_free(int from)
{
	for (int fd = from; fd < FD_MAX; fd++)
		if (!table.fds[fd].open_port)
			return fd;
	return -1;
}

long fd_install(mach_port_t port, bool close_on_exec, int lowest)
{
	struct open_port *open_port = NULL;
	int fd;

	posix_lock(&table.lock);
	fd = lowest_free(lowest);
	if (fd >= 0)
		open_port = new_open_port(port);
	if (open_port)
		table.fds[fd] = (struct descriptor){ open_port, close_on_exec };
	posix_unlock(&table.lock);
	if (open_port)
		return fd;
	drop_port(port);
	return -EMFILE;
}

long sys_close(int fd)
{
	struct open_port *open_port = NULL;

	posix_lock(&table.lock);
	if (is_open(fd)) {
		open_port = table.fds[fd].open_port;
		table.fds[fd].open_port = NULL;
	}
	posix_unlock(&table.lock);
	if (!open_port)
		return -EBADF;
	open_port_put(open_port);
	return 0;
}

/* Makes NEW_FD (or, if negative, the lowest free from LOWEST on) stand for FD's open port. */
static long duplicate(int fd, int new_fd, int lowest, bool close_on_exec)
{
	struct open_port *old = NULL;
	long result = -EBADF;

	posix_lock(&table.lock);
	if (is_open(fd)) {
		if (new_fd < 0)
			new_fd = lowest_free(lowest);
		result = new_fd < 0 ? -EMFILE : new_fd;
	}
	if (result >= 0) {
		old = table.fds[new_fd].open_port;
		table.fds[fd].open_port->references++;
		table.fds[new_fd] = (struct descriptor){ table.fds[fd].open_port, close_on_exec };
	}
	posix_unlock(&table.lock);
	if (old)
		open_port_put(old);
	return result;
}

long sys_dup(int fd)
{
	return duplicate(fd, -1, 0, false);
}

long sys_dup2(int fd, int new_fd)
{
	if (new_fd < 0 || new_fd >= FD_MAX)
		return -EBADF;
	if (fd == new_fd) {
		struct open_port *open_port = fd_get(fd);

		if (!open_port)
			return -EBADF;
		open_port_put(open_port);
		return fd;
	}
	return duplicate(fd, new_fd, 0, false);
}

long sys_dup3(int fd, int new_fd, int flags)
{
	if (flags & ~O_CLOEXEC || fd == new_fd)
		return -EINVAL;
	if (new_fd < 0 || new_fd >= FD_MAX)
		return -EBADF;
	return duplicate(fd, new_fd, 0, flags & O_CLOEXEC);
}

long fd_duplicate_from(int fd, int lowest, bool close_on_exec)
{
	if (lowest < 0 || lowest >= FD_MAX)
		return -EINVAL;
	return duplicate(fd, -1, lowest, close_on_exec);
}

long fd_close_on_exec(int fd, int set)
{
	long result = -EBADF;

	posix_lock(&table.lock);
	if (is_open(fd)) {
		if (set >= 0)
			table.fds[fd].close_on_exec = set;
		result = table.fds[fd].close_on_exec;
	}
	posix_unlock(&table.lock);
	return result;
}

mach_port_t *fd_table_for_exec(unsigned *count)
{
	vm_address_t memory = 0;
	mach_port_t *ports = NULL;

	*count = 0;
	if (vm_allocate(mach_task_self(), &memory, FD_MAX * sizeof *ports, TRUE) != KERN_SUCCESS)
		return NULL;
	ports = (mach_port_t *)memory;
	posix_lock(&table.lock);
	for (int fd = 0; fd < FD_MAX; fd++)
		if (table.fds[fd].open_port && !table.fds[fd].close_on_exec) {
			ports[fd] = table.fds[fd].open_port->port;
			*count = fd + 1;
		}
	posix_unlock(&table.lock);
	return ports;
}

/* At the start of a program: what it was given, in order. */
void fd_table_start(const mach_port_t *ports, unsigned count)
{
	for (unsigned fd = 0; fd < count && fd < FD_MAX; fd++) {
		struct open_port *open_port;

		if (!MACH_PORT_VALID(ports[fd]))
			continue;
		open_port = new_open_port(ports[fd]);
		table.fds[fd] = (struct descriptor){ open_port, false };
	}
}

void fd_table_lock(void) { posix_lock(&table.lock); }
void fd_table_unlock(void) { posix_unlock(&table.lock); }
