/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files that name local sockets: each has an address, made by the local socket server when
   first asked for. */
#include <string.h>
#include <hurd/fsys.h>
#include <hurd/socket.h>
#include <hurd_abi.h>

#include "ifsock_S.h"
#include "objects.h"

/* The control port of what sits on /servers/socket/1 in this very file system. */
static mach_port_t local_socket_control(void)
{
	static const char *const path[] = { "servers", "socket", "1" };
	struct node *node = server.store.root;
	for (unsigned i = 0; i < sizeof(path) / sizeof(path[0]); i++) {
		if (!node || !S_ISDIR(node->mode))
			return MACH_PORT_NULL;
		node = store_find(node, path[i], strlen(path[i]));
	}
	return node ? node->translator : MACH_PORT_NULL;
}

static error_t fabricate(mach_port_t control, mach_port_t *address)
{
	mach_port_t family;
	uid_t root[] = { 0 };
	retry_type retry;
	string_t name;
	error_t error = fsys_getroot(control, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, root, 1, root, 1, 0, &retry, name, &family);
	if (error)
		return error;
	error = socket_fabricate_address(family, HURD_AF_LOCAL, address);
	mach_port_deallocate(mach_task_self(), family);
	return error;
}

/* Of a socket server that died nothing is left but a dead name. */
static void forget_if_dead(struct node *node)
{
	mach_port_type_t type;
	if (node->address && (mach_port_type(mach_task_self(), node->address, &type) || (type & MACH_PORT_TYPE_DEAD_NAME))) {
		mach_port_deallocate(mach_task_self(), node->address);
		node->address = MACH_PORT_NULL;
	}
}

static error_t make_address(struct node *node)
{
	mach_port_t address, control = local_socket_control();
	if (!control)
		return HURD_EADDRNOTAVAIL;
	right_refer(control);
	error_t error = server_wait_begin();
	if (!error) {
		error = fabricate(control, &address);
		server_wait_end();
	}
	mach_port_deallocate(mach_task_self(), control);
	if (error)
		return error;
	if (node->address)	/* another request was faster */
		mach_port_deallocate(mach_task_self(), address);
	else
		node->address = address;
	return 0;
}

kern_return_t S_ifsock_getsockaddr(open_t open, mach_port_t *address)
{
	if (!open)
		return HURD_EOPNOTSUPP;
	struct node *node = open_node(open);
	if (!S_ISSOCK(node->mode))
		return HURD_ENOTSOCK;
	forget_if_dead(node);
	error_t error = node->address ? 0 : make_address(node);
	*address = node->address;	/* copied */
	return error;
}
