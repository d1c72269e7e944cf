/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets: a server for each domain at /servers/socket/NUMBER. */
#define _GNU_SOURCE
#include "sockets.h"
#include "prototypes.h"
#include "signals.h"
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <hurd/fs.h>
#include <hurd/ifsock.h>
#include <hurd/io.h>
#include <hurd/socket.h>

#define SOCKET_SERVERS "/servers/socket/"

/* What is no socket does not know these requests. */
static int socket_error(int error)
{
	return error == MIG_BAD_ID || error == HURD_EOPNOTSUPP ? HURD_ENOTSOCK : error;
}

/* Some answer EOPNOTSUPP rightly, being sockets. */
static long refused(int error)
{
	return error == MIG_BAD_ID ? -ENOTSOCK : posix_error(error);
}

static int domain_server(int domain, mach_port_t *server)
{
	char path[sizeof SOCKET_SERVERS + 12];

	snprintf(path, sizeof path, SOCKET_SERVERS "%d", domain == AF_INET6 ? HURD_AF_INET6 : domain);
	return path_lookup(AT_FDCWD, path, 0, 0, server) ? HURD_EAFNOSUPPORT : 0;
}

/* Takes SOCKET over. */
static long install(mach_port_t socket, int type)
{
	if (type & SOCK_NONBLOCK) {
		int error = io_set_some_openmodes(socket, HURD_O_NONBLOCK);

		if (error) {
			drop_port(socket);
			return posix_error(error);
		}
	}
	return fd_install(socket, type & SOCK_CLOEXEC, 0);
}

long sys_socket(int domain, int type, int protocol)
{
	mach_port_t server, socket;
	int error = domain_server(domain, &server);

	if (error)
		return posix_error(error);
	error = socket_create(server, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, &socket);
	drop_port(server);
	return error ? posix_error(error) : install(socket, type);
}

/* Two sockets of one domain that talk to each other. */
static int create_pair(int domain, int type, int protocol, mach_port_t pair[2])
{
	mach_port_t server;
	int error = domain_server(domain, &server);

	if (error)
		return error;
	error = socket_create(server, type, protocol, &pair[0]);
	if (error == 0) {
		error = socket_create(server, type, protocol, &pair[1]);
		if (error == 0)
			error = socket_connect2(pair[0], pair[1]);
		else
			pair[1] = MACH_PORT_NULL;
		if (error) {
			drop_port(pair[0]);
			drop_port(pair[1]);
		}
	}
	drop_port(server);
	return error;
}

static long install_pair(mach_port_t pair[2], int type, int *fds)
{
	long first = install(pair[0], type), second;

	if (first < 0) {
		drop_port(pair[1]);
		return first;
	}
	second = install(pair[1], type);
	if (second < 0) {
		sys_close(first);
		return second;
	}
	fds[0] = first;
	fds[1] = second;
	return 0;
}

long sys_socketpair(int domain, int type, int protocol, int *fds)
{
	mach_port_t pair[2];
	int error = create_pair(domain, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), protocol, pair);

	return error ? posix_error(error) : install_pair(pair, type, fds);
}

/* A pipe is a pair of local sockets, each shut down one way. */
long sys_pipe2(int *fds, int flags)
{
	int type = (flags & O_CLOEXEC ? SOCK_CLOEXEC : 0) | (flags & O_NONBLOCK ? SOCK_NONBLOCK : 0);
	mach_port_t pair[2];
	int error;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	error = create_pair(AF_UNIX, SOCK_STREAM, 0, pair);
	if (error)
		return posix_error(error);
	error = socket_shutdown(pair[0], SHUT_WR);
	if (error == 0)
		error = socket_shutdown(pair[1], SHUT_RD);
	if (error) {
		drop_port(pair[0]);
		drop_port(pair[1]);
		return posix_error(error);
	}
	return install_pair(pair, type, fds);
}

long sys_pipe(int *fds)
{
	return sys_pipe2(fds, 0);
}

/* ---- naming */

/* Makes the file that a local socket is known by, and gives it the address. */
static int bind_local(mach_port_t socket, const struct sockaddr_un *name, socklen_t size)
{
	char path[sizeof name->sun_path + 1] = "", last[HURD_NAME_SIZE];
	size_t length = size - offsetof(struct sockaddr_un, sun_path);
	mach_port_t directory, node, address;
	int error;

	if (size < offsetof(struct sockaddr_un, sun_path) || length == 0 || length > sizeof name->sun_path)
		return HURD_EINVAL;
	memcpy(path, name->sun_path, length);
	error = path_lookup_parent(AT_FDCWD, path, &directory, last);
	if (error)
		return error;
	error = dir_mkfile(directory, HURD_O_NOTRANS, 0666 & ~current_umask(), &node);
	if (error == 0) {
		error = file_set_translator(node, FS_TRANS_EXCL | FS_TRANS_SET, FS_TRANS_EXCL | FS_TRANS_SET, 0,
					    HURD_IFSOCK_TRANSLATOR, sizeof HURD_IFSOCK_TRANSLATOR, MACH_PORT_NULL,
					    MACH_MSG_TYPE_COPY_SEND);
		if (error == 0) {
			mach_port_t opened;

			error = lookup_from(node, "", 0, 0, &opened);
			if (error == 0) {
				error = ifsock_getsockaddr(opened, &address);
				drop_port(opened);
			}
		}
		if (error == 0) {
			error = socket_bind(socket, address);
			drop_port(address);
		}
		if (error == 0) {
			error = dir_link(directory, node, last, 1);
			if (error == HURD_EEXIST)
				error = HURD_EADDRINUSE;
		}
		drop_port(node);
	}
	drop_port(directory);
	return error;
}

long sys_bind(int fd, const struct sockaddr *name, socklen_t size)
{
	struct open_port *socket = fd_get(fd);
	mach_port_t address;
	int error;

	if (!socket)
		return -EBADF;
	if (name && size >= sizeof(sa_family_t) && name->sa_family == AF_UNIX) {
		error = bind_local(socket->port, (const struct sockaddr_un *)name, size);
	} else {
		error = address_port(socket, name, size, &address);
		if (error == 0) {
			error = socket_bind(socket->port, address);
			drop_port(address);
		}
	}
	open_port_put(socket);
	return refused(error);
}

long sys_connect(int fd, const struct sockaddr *name, socklen_t size)
{
	struct open_port *socket = fd_get(fd);
	mach_port_t address = MACH_PORT_NULL;
	int error = 0;

	if (!socket)
		return -EBADF;
	if (name && size >= sizeof(sa_family_t) && name->sa_family != AF_UNSPEC)
		error = address_port(socket, name, size, &address);
	if (error == 0) {
		error = INTERRUPTIBLE(socket_connect(socket->port, address));
		drop_port(address);
	}
	open_port_put(socket);
	return refused(error);
}

long sys_listen(int fd, int backlog)
{
	struct open_port *socket = fd_get(fd);
	int error;

	if (!socket)
		return -EBADF;
	error = socket_listen(socket->port, backlog);
	open_port_put(socket);
	return refused(error);
}

/* The peer's name is asked for of the new socket, whose server knows it. */
static long accepted(mach_port_t connection, mach_port_t peer, struct sockaddr *name, socklen_t *size, int flags)
{
	long fd = install(connection, flags);
	struct open_port *socket = fd >= 0 ? fd_get(fd) : NULL;

	if (!socket || !name || !size) {
		drop_port(peer);
	} else {
		address_name(socket, peer, name, size);
	}
	if (socket)
		open_port_put(socket);
	return fd;
}

long sys_accept4(int fd, struct sockaddr *name, socklen_t *size, int flags)
{
	struct open_port *socket = fd_get(fd);
	mach_port_t connection, peer = MACH_PORT_NULL;
	int error;

	if (!socket)
		return -EBADF;
	error = INTERRUPTIBLE(socket_accept(socket->port, &connection, &peer));
	open_port_put(socket);
	return error ? refused(error) : accepted(connection, peer, name, size, flags);
}

long sys_accept(int fd, struct sockaddr *name, socklen_t *size)
{
	return sys_accept4(fd, name, size, 0);
}

static long name_call(int fd, struct sockaddr *name, socklen_t *size, kern_return_t (*ask)(mach_port_t, mach_port_t *))
{
	struct open_port *socket = fd_get(fd);
	mach_port_t address;
	int error;

	if (!socket)
		return -EBADF;
	error = ask(socket->port, &address);
	if (error == 0)
		error = address_name(socket, address, name, size);
	open_port_put(socket);
	return refused(error);
}

long sys_getsockname(int fd, struct sockaddr *name, socklen_t *size)
{
	return name_call(fd, name, size, socket_name);
}

long sys_getpeername(int fd, struct sockaddr *name, socklen_t *size)
{
	return name_call(fd, name, size, socket_peername);
}

long sys_shutdown(int fd, int how)
{
	struct open_port *socket = fd_get(fd);
	int error;

	if (!socket)
		return -EBADF;
	error = socket_shutdown(socket->port, how);
	open_port_put(socket);
	return posix_error(socket_error(error));
}
