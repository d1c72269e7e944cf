/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "sockets.h"
#include "prototypes.h"
#include <string.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/time.h>
#include <hurd/socket.h>

#define OPTION_MAX_BYTES 256

static const struct { int musl, hurd; } option_pairs[] = {
	{ SO_DEBUG, HURD_SO_DEBUG }, { SO_ACCEPTCONN, HURD_SO_ACCEPTCONN }, { SO_REUSEADDR, HURD_SO_REUSEADDR },
	{ SO_KEEPALIVE, HURD_SO_KEEPALIVE }, { SO_DONTROUTE, HURD_SO_DONTROUTE }, { SO_BROADCAST, HURD_SO_BROADCAST },
	{ SO_LINGER, HURD_SO_LINGER }, { SO_OOBINLINE, HURD_SO_OOBINLINE }, { SO_REUSEPORT, HURD_SO_REUSEPORT },
	{ SO_SNDBUF, HURD_SO_SNDBUF }, { SO_RCVBUF, HURD_SO_RCVBUF }, { SO_SNDLOWAT, HURD_SO_SNDLOWAT },
	{ SO_RCVLOWAT, HURD_SO_RCVLOWAT }, { SO_SNDTIMEO, HURD_SO_SNDTIMEO }, { SO_RCVTIMEO, HURD_SO_RCVTIMEO },
	{ SO_ERROR, HURD_SO_ERROR }, { SO_TYPE, HURD_SO_TYPE },
};
enum { OPTION_PAIRS = sizeof option_pairs / sizeof *option_pairs };

/* Other levels (TCP, IP) have the same numbers in both. */
static bool convert(int *level, int *option)
{
	if (*level != SOL_SOCKET)
		return true;
	*level = HURD_SOL_SOCKET;
	for (int i = 0; i < OPTION_PAIRS; i++)
		if (option_pairs[i].musl == *option) {
			*option = option_pairs[i].hurd;
			return true;
		}
	return false;
}

long sys_setsockopt(int fd, int level, int option, const void *value, socklen_t size)
{
	struct open_port *socket = fd_get(fd);
	int error;

	if (!socket)
		return -EBADF;
	if (!convert(&level, &option))
		error = HURD_ENOPROTOOPT;
	else
		error = socket_setopt(socket->port, level, option, (char *)value, size);
	if (error == 0 && level == IPPROTO_UDP && (option == UDP_SEGMENT || option == UDP_GRO))
		socket_batch_enable(socket);
	open_port_put(socket);
	return error == MIG_BAD_ID ? -ENOTSOCK : posix_error(error);
}

/* A pending error is a number that travels as the Hurd's. */
static void fix_value(int level, int option, void *value, socklen_t size)
{
	int number;

	if (level != HURD_SOL_SOCKET || option != HURD_SO_ERROR || size < sizeof number)
		return;
	memcpy(&number, value, sizeof number);
	if (number > 0 && number < 0x4000)
		number = HURD_ERRNO(number);
	number = hurd_to_errno(number);
	memcpy(value, &number, sizeof number);
}

long sys_getsockopt(int fd, int level, int option, void *value, socklen_t *size)
{
	struct open_port *socket = fd_get(fd);
	char own[OPTION_MAX_BYTES], *data = own;
	mach_msg_type_number_t got = sizeof own;
	int error = HURD_ENOPROTOOPT;

	if (!socket)
		return -EBADF;
	if (convert(&level, &option))
		error = socket_getopt(socket->port, level, option, &data, &got);
	open_port_put(socket);
	if (error)
		return error == MIG_BAD_ID ? -ENOTSOCK : posix_error(error);
	fix_value(level, option, data, got);
	memcpy(value, data, got < *size ? got : *size);
	if (data != own)
		vm_deallocate(mach_task_self(), (vm_address_t)data, got);
	if (got < *size)
		*size = got;
	return 0;
}
