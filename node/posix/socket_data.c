/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sending to and receiving from sockets.  Descriptors are not passed along. */
#define _GNU_SOURCE
#include "sockets.h"
#include "prototypes.h"
#include "signals.h"
#include <limits.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <string.h>
#include <hurd/io.h>
#include <hurd/socket.h>


static const struct { int musl, hurd; } flag_pairs[] = {
	{ MSG_OOB, HURD_MSG_OOB }, { MSG_PEEK, HURD_MSG_PEEK }, { MSG_DONTROUTE, HURD_MSG_DONTROUTE },
	{ MSG_EOR, HURD_MSG_EOR }, { MSG_TRUNC, HURD_MSG_TRUNC }, { MSG_CTRUNC, HURD_MSG_CTRUNC },
	{ MSG_WAITALL, HURD_MSG_WAITALL }, { MSG_DONTWAIT, HURD_MSG_DONTWAIT }, { MSG_NOSIGNAL, HURD_MSG_NOSIGNAL },
};
enum { FLAG_PAIRS = sizeof flag_pairs / sizeof *flag_pairs };

static int flags_to_hurd(int flags)
{
	int result = 0;

	for (int i = 0; i < FLAG_PAIRS; i++)
		if (flags & flag_pairs[i].musl)
			result |= flag_pairs[i].hurd;
	return result;
}

static int flags_to_musl(int flags)
{
	int result = 0;

	for (int i = 0; i < FLAG_PAIRS; i++)
		if (flags & flag_pairs[i].hurd)
			result |= flag_pairs[i].musl;
	return result;
}

static int result_error(int error)
{
	return error == MIG_BAD_ID ? HURD_ENOTSOCK : error;
}

static long send_data(struct open_port *socket, const void *data, size_t size, int flags, const struct sockaddr *name,
		      socklen_t name_size)
{
	mach_port_t address = MACH_PORT_NULL;
	vm_size_t amount = 0;
	int error = name ? address_port(socket, name, name_size, &address) : 0;

	if (error)
		return posix_error(result_error(error));
	if (size > TRANSFER_MAX_BYTES)
		size = TRANSFER_MAX_BYTES;
	if (!socket_batch_send(socket, address, flags_to_hurd(flags), data, size, &amount, &error))
		error = INTERRUPTIBLE(socket_send(socket->port, address, flags_to_hurd(flags), (char *)data, size,
						  NULL, MACH_MSG_TYPE_COPY_SEND, 0, NULL, 0, &amount));
	drop_port(address);
	if (error == HURD_EPIPE && !(flags & MSG_NOSIGNAL))
		signal_raise_self(SIGPIPE);
	return error ? posix_error(result_error(error)) : (long)amount;
}

static void discard_ports(mach_port_t *ports, unsigned count, mach_port_t *own)
{
	for (unsigned i = 0; i < count; i++)
		drop_port(ports[i]);
	if (count && ports != own)
		vm_deallocate(mach_task_self(), (vm_address_t)ports, count * sizeof *ports);
}

/* The size of the datagrams that the server put together (UDP_GRO), from its
   control message in the Hurd's layout; 0 when there is none. */
static int segment_size(const char *control, size_t size)
{
	struct { uint32_t length; int32_t level, type, value; } item;

	if (size < sizeof item)
		return 0;
	memcpy(&item, control, sizeof item);
	return item.level == IPPROTO_UDP && item.type == UDP_GRO ? item.value : 0;
}

static void finish_address(struct open_port *socket, mach_port_t address, struct sockaddr *name, socklen_t *name_size)
{
	if (name && name_size)
		address_name(socket, address, name, name_size);
	else
		drop_port(address);
}

/* NAME may be NULL; *FLAGS goes in and out in musl's numbers. */
static long receive_data(struct open_port *socket, void *buffer, size_t size, int *flags, struct sockaddr *name,
			 socklen_t *name_size, int *segment)
{
	mach_port_t address = MACH_PORT_NULL, own_ports[4], *ports = own_ports;
	char own_control[256], *control = own_control, *data = buffer;
	mach_msg_type_number_t got, port_count = 4, control_size = sizeof own_control;
	struct batch_result batch;
	int out_flags = 0, error;

	if (socket_batch_receive(socket, &batch, flags_to_hurd(*flags), buffer, size, &error)) {
		if (error)
			return posix_error(result_error(error));
		*segment = segment_size(batch.control, batch.control_size);
		*flags = flags_to_musl(batch.flags);
		finish_address(socket, batch.address, name, name_size);
		return batch.size;
	}
	if (size > TRANSFER_MAX_BYTES)
		size = TRANSFER_MAX_BYTES;
	got = size;
	error = INTERRUPTIBLE(socket_recv(socket->port, &address, flags_to_hurd(*flags), &data, &got, &ports, &port_count,
					  &control, &control_size, &out_flags, size));
	if (error)
		return posix_error(result_error(error));
	discard_ports(ports, port_count, own_ports);
	*segment = segment_size(control, control_size);
	if (control_size && control != own_control)
		vm_deallocate(mach_task_self(), (vm_address_t)control, control_size);
	if (data != buffer) {
		size_t given = got;

		if (got > size)
			got = size;
		memcpy(buffer, data, got);
		if (given)
			vm_deallocate(mach_task_self(), (vm_address_t)data, given);
	}
	finish_address(socket, address, name, name_size);
	*flags = flags_to_musl(out_flags);
	return got;
}

long sys_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *name, socklen_t name_size)
{
	struct open_port *socket = fd_get(fd);
	long result;

	if (!socket)
		return -EBADF;
	result = send_data(socket, data, size, flags, name, name_size);
	open_port_put(socket);
	return result;
}

long sys_recvfrom(int fd, void *buffer, size_t size, int flags, struct sockaddr *name, socklen_t *name_size)
{
	struct open_port *socket = fd_get(fd);
	long result;
	int segment;

	if (!socket)
		return -EBADF;
	result = receive_data(socket, buffer, size, &flags, name, name_size, &segment);
	open_port_put(socket);
	return result;
}

static long total_size(const struct msghdr *message)
{
	size_t total = 0;

	if (message->msg_iovlen < 0 || message->msg_iovlen > IOV_MAX)
		return -EMSGSIZE;
	for (int i = 0; i < message->msg_iovlen; i++) {
		if (message->msg_iov[i].iov_len > INT_MAX - total)
			return -EMSGSIZE;
		total += message->msg_iov[i].iov_len;
	}
	return total > TRANSFER_MAX_BYTES ? (long)TRANSFER_MAX_BYTES : (long)total;
}

/* A buffer for the parts together: one part is its own. */
static void *gather_buffer(const struct msghdr *message, size_t size)
{
	vm_address_t memory = 0;

	if (message->msg_iovlen == 1)
		return message->msg_iov[0].iov_base;
	if (size == 0)
		return (void *)message;
	return vm_allocate(mach_task_self(), &memory, size, TRUE) == KERN_SUCCESS ? (void *)memory : NULL;
}

static void release_buffer(const struct msghdr *message, void *buffer, size_t size)
{
	if (message->msg_iovlen != 1 && size > 0)
		vm_deallocate(mach_task_self(), (vm_address_t)buffer, size);
}

static void copy_parts(const struct msghdr *message, char *buffer, size_t size, bool out)
{
	size_t at = 0;

	for (int i = 0; message->msg_iovlen != 1 && i < message->msg_iovlen && at < size; i++) {
		size_t part = message->msg_iov[i].iov_len < size - at ? message->msg_iov[i].iov_len : size - at;

		if (out)
			memcpy(buffer + at, message->msg_iov[i].iov_base, part);
		else
			memcpy(message->msg_iov[i].iov_base, buffer + at, part);
		at += part;
	}
}

long sys_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct open_port *socket;
	long size = total_size(message), result;
	void *buffer;

	if (size < 0)
		return size;
	if (message->msg_controllen > 0 && message->msg_control)
		return -EOPNOTSUPP;
	socket = fd_get(fd);
	if (!socket)
		return -EBADF;
	buffer = gather_buffer(message, size);
	result = -ENOMEM;
	if (buffer) {
		copy_parts(message, buffer, size, true);
		result = send_data(socket, buffer, size, flags, message->msg_name, message->msg_namelen);
		release_buffer(message, buffer, size);
	}
	open_port_put(socket);
	return result;
}

static void put_segment_size(struct msghdr *message, int segment)
{
	struct cmsghdr *item = CMSG_FIRSTHDR(message);

	if (segment == 0 || !item || message->msg_controllen < CMSG_SPACE(sizeof segment)) {
		message->msg_controllen = 0;
		return;
	}
	*item = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof segment), .cmsg_level = IPPROTO_UDP, .cmsg_type = UDP_GRO };
	memcpy(CMSG_DATA(item), &segment, sizeof segment);
	message->msg_controllen = CMSG_SPACE(sizeof segment);
}

long sys_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct open_port *socket;
	long size = total_size(message), result;
	void *buffer;
	int segment = 0;

	if (size < 0)
		return size;
	socket = fd_get(fd);
	if (!socket)
		return -EBADF;
	buffer = gather_buffer(message, size);
	result = -ENOMEM;
	if (buffer) {
		result = receive_data(socket, buffer, size, &flags, message->msg_name, &message->msg_namelen, &segment);
		if (result > 0)
			copy_parts(message, buffer, result, false);
		release_buffer(message, buffer, size);
	}
	if (result >= 0) {
		message->msg_flags = flags;
		put_segment_size(message, segment);
	}
	open_port_put(socket);
	return result;
}
