/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "sockets.h"
#include <string.h>
#include <stddef.h>
#include <sys/un.h>
#include <hurd/fs.h>
#include <hurd/socket.h>
#include <hurd/ifsock.h>

/* On the wire a length byte and a family byte come first; the rest is the same. */
struct wire_address {
	unsigned char length;
	unsigned char family;
	char rest[SOCKET_ADDRESS_MAX_BYTES - 2];
};

struct remembered {
	mach_port_t port;		/* one reference of ours; null: free */
	socklen_t size;
	char name[SOCKET_ADDRESS_MAX_BYTES];
};

struct address_cache {
	posix_lock_t lock;
	unsigned next;			/* to be replaced */
	struct remembered entries[ADDRESSES_REMEMBERED];
};

void address_cache_free(struct address_cache *cache)
{
	for (int i = 0; i < ADDRESSES_REMEMBERED; i++)
		drop_port(cache->entries[i].port);
	vm_deallocate(mach_task_self(), (vm_address_t)cache, sizeof *cache);
}

static struct address_cache *cache_of(struct open_port *socket)
{
	struct address_cache *none = NULL, *fresh;
	vm_address_t memory = 0;

	if (socket->addresses)
		return socket->addresses;
	if (vm_allocate(mach_task_self(), &memory, sizeof *fresh, TRUE) != KERN_SUCCESS)
		return NULL;
	fresh = (struct address_cache *)memory;
	if (__atomic_compare_exchange_n(&socket->addresses, &none, fresh, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		return fresh;
	vm_deallocate(mach_task_self(), memory, sizeof *fresh);
	return none;
}

static mach_port_t find_port(struct address_cache *cache, const void *name, socklen_t size)
{
	mach_port_t port = MACH_PORT_NULL;

	posix_lock(&cache->lock);
	for (int i = 0; i < ADDRESSES_REMEMBERED && port == MACH_PORT_NULL; i++) {
		struct remembered *entry = &cache->entries[i];

		if (MACH_PORT_VALID(entry->port) && entry->size == size && memcmp(entry->name, name, size) == 0)
			port = entry->port;
	}
	if (port != MACH_PORT_NULL && mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		port = MACH_PORT_NULL;		/* the server is gone */
	posix_unlock(&cache->lock);
	return port;
}

static bool find_name(struct address_cache *cache, mach_port_t port, void *name, socklen_t *size)
{
	bool found = false;

	posix_lock(&cache->lock);
	for (int i = 0; i < ADDRESSES_REMEMBERED && !found; i++) {
		struct remembered *entry = &cache->entries[i];

		if (entry->port == port) {
			memcpy(name, entry->name, entry->size);
			*size = entry->size;
			found = true;
		}
	}
	posix_unlock(&cache->lock);
	return found;
}

/* Takes a reference of its own. */
static void remember(struct address_cache *cache, mach_port_t port, const void *name, socklen_t size)
{
	mach_port_t old = MACH_PORT_NULL;

	if (size > SOCKET_ADDRESS_MAX_BYTES
	    || mach_port_mod_refs(mach_task_self(), port, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		return;
	posix_lock(&cache->lock);
	old = cache->entries[cache->next].port;
	cache->entries[cache->next].port = port;
	cache->entries[cache->next].size = size;
	memcpy(cache->entries[cache->next].name, name, size);
	cache->next = (cache->next + 1) % ADDRESSES_REMEMBERED;
	posix_unlock(&cache->lock);
	drop_port(old);
}

static int wire_family(int family)
{
	return family == AF_INET6 ? HURD_AF_INET6 : family;
}

static int musl_family(int family)
{
	return family == HURD_AF_INET6 ? AF_INET6 : family;
}

/* A local socket's name is a file: its node says which address it stands for. */
static int local_port(const struct sockaddr_un *name, socklen_t size, mach_port_t *port)
{
	char path[sizeof name->sun_path + 1] = "";
	size_t length = size - offsetof(struct sockaddr_un, sun_path);
	mach_port_t file;
	int error;

	if (length == 0 || length > sizeof name->sun_path)
		return HURD_EINVAL;
	memcpy(path, name->sun_path, length);
	error = path_lookup(AT_FDCWD, path, 0, 0, &file);
	if (error)
		return error;
	error = ifsock_getsockaddr(file, port);
	drop_port(file);
	return error == MIG_BAD_ID || error == HURD_EOPNOTSUPP ? HURD_ECONNREFUSED : error;
}

int address_port(struct open_port *socket, const struct sockaddr *name, socklen_t size, mach_port_t *port)
{
	struct address_cache *cache = cache_of(socket);
	struct wire_address wire;
	int error;

	if (!name || size < sizeof(sa_family_t) || size > SOCKET_ADDRESS_MAX_BYTES)
		return HURD_EINVAL;
	if (name->sa_family == AF_UNIX)
		return local_port((const struct sockaddr_un *)name, size, port);
	*port = cache ? find_port(cache, name, size) : MACH_PORT_NULL;
	if (MACH_PORT_VALID(*port))	/* a macro that looks twice: no call inside of it */
		return 0;
	memcpy(&wire, name, size);
	wire.length = size;
	wire.family = wire_family(name->sa_family);
	error = socket_create_address(socket->port, wire.family, (char *)&wire, size, port);
	if (error == 0 && cache)
		remember(cache, *port, name, size);
	return error;
}

/* Asks the server; NAME has room for SOCKET_ADDRESS_MAX_BYTES. */
static int ask_name(mach_port_t port, void *name, socklen_t *size)
{
	struct wire_address wire;
	data_t data = (char *)&wire;
	mach_msg_type_number_t length = sizeof wire;
	int family = 0, error = socket_whatis_address(port, &family, &data, &length);
	sa_family_t musl;

	if (error)
		return error;
	if (length > sizeof wire)
		length = sizeof wire;
	if (data != (char *)&wire) {
		memcpy(&wire, data, length);
		vm_deallocate(mach_task_self(), (vm_address_t)data, length);
	}
	if (length < sizeof musl)	/* nameless */
		length = sizeof musl;
	musl = musl_family(family);
	memcpy(name, &wire, length);
	memcpy(name, &musl, sizeof musl);
	*size = length;
	return 0;
}

int address_name(struct open_port *socket, mach_port_t port, struct sockaddr *name, socklen_t *size)
{
	struct address_cache *cache = cache_of(socket);
	char full[SOCKET_ADDRESS_MAX_BYTES];
	socklen_t length = 0;
	int error = 0;

	if (!MACH_PORT_VALID(port)) {
		*size = 0;
		return 0;
	}
	if (!cache || !find_name(cache, port, full, &length)) {
		error = ask_name(port, full, &length);
		if (error == 0 && cache)
			remember(cache, port, full, length);
	}
	drop_port(port);
	if (error)
		return error;
	memcpy(name, full, length < *size ? length : *size);
	*size = length;
	return 0;
}
