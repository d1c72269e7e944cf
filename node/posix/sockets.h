/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Socket addresses: names (struct sockaddr) and address ports.

   In messages an address is a port of the socket server.  A server gives one
   address one port, so the last few are remembered with each open socket: a
   datagram to or from a known peer is one RPC. */
#ifndef POSIX_SOCKETS_H
#define POSIX_SOCKETS_H

#include <sys/socket.h>
#include "files.h"

enum {
	SOCKET_ADDRESS_MAX_BYTES = 128,		/* sockaddr_storage */
	ADDRESSES_REMEMBERED = 16,		/* for each open socket */
};

/* ---- socket_address.c */
/* The address port for NAME (a reference for the caller) from the server of SOCKET. */
int address_port(struct open_port *socket, const struct sockaddr *name, socklen_t size, mach_port_t *port);
/* The name of PORT, which is taken over; cut to *SIZE bytes, *SIZE becoming its full
   length.  A null port has no name: *SIZE becomes 0. */
int address_name(struct open_port *socket, mach_port_t port, struct sockaddr *name, socklen_t *size);
/* Drops the address ports and the memory. */
void address_cache_free(struct address_cache *cache);

/* ---- socket_batch.c */
struct batch_result {
	mach_port_t address;		/* a reference for the caller */
	size_t size;
	char control[64];
	size_t control_size;
	int flags;
};

/* From now on the socket's server takes and gives much data inline. */
void socket_batch_enable(struct open_port *socket);
void socket_batch_free(struct socket_batch *batch);
/* False: nothing was done, use the ordinary call.  Else *ERROR is its result. */
bool socket_batch_send(struct open_port *socket, mach_port_t address, int flags, const void *data, size_t size,
		       vm_size_t *amount, int *error);
bool socket_batch_receive(struct open_port *socket, struct batch_result *result, int flags, void *data, size_t size,
			  int *error);

#endif
