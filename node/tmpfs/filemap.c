/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filemap.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <hurd/pager.h>
#include <hurd/pager_extra.h>
#include <hurd_abi.h>

#include "limits.h"

/* libpager's name for what belongs to a pager.  It is reached by the node as long as the
   pager lives: libpager frees the pager only after pager_clear_user_data, which takes it out. */
struct user_pager_info {
	struct node *node;		/* held */
	struct pager *pager;
	bool writable;			/* kernels may have changed pages */
	bool changing;			/* see filemap_begin_change */
	struct user_pager_info *next, **link;	/* of all */
};

struct filemap_counts filemap_counts;

static struct {
	struct port_bucket *bucket;
	struct user_pager_info *all;
	pthread_cond_t changed;		/* one's CHANGING ended */
} maps = { .changed = PTHREAD_COND_INITIALIZER };

static const char zeros[TMPFS_PAGE_BYTES];

error_t filemap_start(void)
{
	struct pager_requests *requests;
	maps.bucket = ports_create_bucket();
	if (!maps.bucket)
		return HURD_ENOMEM;
	return hurd_from_errno(pager_start_workers(maps.bucket, &requests));
}

static uint64_t page_end(uint64_t offset)
{
	return (offset + TMPFS_PAGE_BYTES - 1) & ~(uint64_t)(TMPFS_PAGE_BYTES - 1);
}

/* ---- making one */

static struct user_pager_info *filemap_make(struct node *node)
{
	struct user_pager_info *map = calloc(1, sizeof(*map));
	if (!map)
		return NULL;
	map->node = node;
	map->pager = pager_create(map, maps.bucket, FALSE, MEMORY_OBJECT_COPY_DELAY, FALSE);
	if (!map->pager) {
		free(map);
		return NULL;
	}
	node_hold(node);
	node->filemap = map;
	map->next = maps.all;
	map->link = &maps.all;
	if (map->next)
		map->next->link = &map->next;
	maps.all = map;
	filemap_counts.maps++;
	return map;
}

/* Null when the pager is about to end. */
static mach_port_t send_right(struct user_pager_info *map, bool writable)
{
	if (!writable)
		return pager_create_ro_port(map->pager);
	map->writable = true;
	mach_port_t right = pager_get_port(map->pager);
	if (right != MACH_PORT_NULL && mach_port_insert_right(mach_task_self(), right, right, MACH_MSG_TYPE_MAKE_SEND))
		return MACH_PORT_NULL;
	return right;
}

/* Set while this thread is inside libpager with the server's lock held, where
   pager_clear_user_data must not take it again. */
static __thread bool locked_here;

/* Drops a reference, perhaps the last, with the lock held. */
static void drop_pager(struct pager *pager)
{
	locked_here = true;
	ports_port_deref(pager);
	locked_here = false;
}

error_t filemap_right(struct node *node, bool writable, mach_port_t *right)
{
	*right = node->filemap ? send_right(node->filemap, writable) : MACH_PORT_NULL;
	if (*right != MACH_PORT_NULL)
		return 0;
	/* There is none, or one that ends just now: its last thread waits for our lock. */
	struct user_pager_info *map = filemap_make(node);
	if (!map)
		return HURD_ENOMEM;
	*right = send_right(map, writable);
	drop_pager(map->pager);		/* from here on its send rights keep it */
	return *right != MACH_PORT_NULL ? 0 : HURD_ENOMEM;
}

/* ---- bringing together what kernels and the store have */

/* A reference keeps the pager over a time without the lock.  NULL: there is none, or it
   ends just now, when no kernel has anything. */
static struct pager *hold_pager(const struct user_pager_info *map)
{
	return map ? ports_lookup_payload(maps.bucket, (uintptr_t)map->pager, NULL) : NULL;
}

error_t filemap_sync(struct node *node, uint64_t offset, uint64_t bytes)
{
	struct pager *pager = node->filemap && node->filemap->writable && bytes ? hold_pager(node->filemap) : NULL;
	if (!pager)
		return 0;
	error_t error = server_wait_begin();
	if (!error) {
		pager_sync_some(pager, offset, bytes, TRUE);
		server_wait_end();
	}
	drop_pager(pager);
	return error;
}

error_t filemap_sync_all(struct node *node, bool wait)
{
	struct pager *pager = node->filemap && node->filemap->writable ? hold_pager(node->filemap) : NULL;
	if (!pager)
		return 0;
	error_t error = server_wait_begin();
	if (!error) {
		pager_sync(pager, wait);
		server_wait_end();
	}
	drop_pager(pager);
	return error;
}

error_t filemap_sync_everything(bool wait)
{
	size_t count = 0;
	error_t error = 0;
	struct node **nodes = malloc((filemap_counts.maps + 1) * sizeof(*nodes));
	if (!nodes)
		return HURD_ENOMEM;
	for (struct user_pager_info *map = maps.all; map; map = map->next) {
		nodes[count++] = map->node;
		node_hold(map->node);
	}
	for (size_t i = 0; i < count; i++) {
		if (!error)
			error = filemap_sync_all(nodes[i], wait);
		node_drop(&server.store, nodes[i]);
	}
	free(nodes);
	return error;
}

/* ---- changes by requests */

error_t filemap_begin_change(struct node *node, struct user_pager_info **changed)
{
	*changed = NULL;
	while (hold_pager(node->filemap)) {
		struct user_pager_info *map = node->filemap;
		if (!map->changing) {
			map->changing = true;
			*changed = map;
			return 0;
		}
		error_t error = server_wait_on(&maps.changed);
		drop_pager(map->pager);
		if (error)
			return error;
	}
	return 0;
}

void filemap_end_change(struct user_pager_info *map)
{
	if (!map)
		return;
	map->changing = false;
	pthread_cond_broadcast(&maps.changed);
	drop_pager(map->pager);
}

/* Copies to the object.  WAITS. */
static error_t copy_in(struct user_pager_info *map, uint64_t offset, const void *data, size_t bytes)
{
	size_t done = bytes;
	if (!bytes)
		return 0;
	map->writable = true;
	mach_port_t object = send_right(map, true);
	error_t error = object == MACH_PORT_NULL ? HURD_EIO : server_wait_begin();
	if (error)
		return error;
	error = pager_memcpy(map->pager, object, offset, (void *)data, &done, VM_PROT_READ | VM_PROT_WRITE);
	mach_port_deallocate(mach_task_self(), object);
	server_wait_end();
	return error ? HURD_EIO : 0;
}

/* The last page as far as TO, behind what is (or will be) the end at FROM.  WAITS. */
static error_t clear_behind(struct user_pager_info *map, uint64_t from, uint64_t to)
{
	uint64_t end = page_end(from);
	return to > from ? copy_in(map, from, zeros, (size_t)((to < end ? to : end) - from)) : 0;
}

error_t filemap_write(struct user_pager_info *map, struct node *node, uint64_t offset, const void *data, size_t bytes,
		      size_t *written)
{
	if (!map)
		return hurd_from_errno(node_write(&server.store, node, offset, data, bytes, written));
	*written = 0;
	uint64_t old_size = node->size;
	/* Kernels may have written behind the end, what now becomes part of the file. */
	error_t error = map->writable ? clear_behind(map, old_size, offset) : 0;
	/* Room is made, and the size set, before kernels write there. */
	if (!error)
		error = hurd_from_errno(node_reserve(&server.store, node, offset, bytes, &bytes));
	if (!error)
		error = copy_in(map, offset, data, bytes);
	if (!error)
		*written = bytes;
	return error;
}

error_t filemap_set_size(struct user_pager_info *map, struct node *node, uint64_t size)
{
	uint64_t old_size = node->size;
	error_t error = 0;
	if (map && size > old_size && map->writable)
		error = clear_behind(map, old_size, size);
	else if (map && size < old_size)	/* kernels keep the last page: what is cut off must not show again */
		error = clear_behind(map, size, old_size);
	if (!error)
		error = hurd_from_errno(node_set_size(&server.store, node, size));
	if (error || !map || page_end(size) >= page_end(old_size))
		return error;
	error = server_wait_begin();
	if (error)
		return error;
	pager_flush_some(map->pager, page_end(size), page_end(old_size) - page_end(size), TRUE);
	server_wait_end();
	return 0;
}

/* ---- what libpager calls, from its threads */

/* How many bytes from OFFSET on, of at most WANTED, are alike: pages that exist, or holes. */
static size_t run_of(const struct node *node, uint64_t offset, size_t wanted, bool *hole)
{
	uint64_t end = page_end(node->size);
	size_t run = 0;
	if (wanted > end - offset)
		wanted = (size_t)(end - offset);
	*hole = !file_pages_exist(&node->pages, offset);
	while (run < wanted && !file_pages_exist(&node->pages, offset + run) == *hole)
		run += TMPFS_PAGE_BYTES;
	return run;
}

error_t pager_read_pages(struct user_pager_info *map, vm_offset_t offset, vm_size_t length, vm_address_t *buffer,
			 vm_size_t *read, int *write_lock)
{
	bool hole;
	vm_address_t memory = 0;
	if (vm_allocate(mach_task_self(), &memory, length, TRUE))
		return EIO;
	server_lock();
	size_t bytes = offset < page_end(map->node->size) ? run_of(map->node, offset, length, &hole) : 0;
	if (bytes && !hole)
		file_pages_read(&map->node->pages, offset, (void *)memory, bytes);
	filemap_counts.pages_out += bytes / TMPFS_PAGE_BYTES;
	server_unlock();
	if (bytes < length)
		vm_deallocate(mach_task_self(), memory + bytes, length - bytes);
	if (!bytes)
		return EIO;	/* behind the end */
	*buffer = memory;
	*read = bytes;
	*write_lock = hole;	/* room for it is made when it is written */
	return 0;
}

error_t pager_read_page(struct user_pager_info *map, vm_offset_t page, vm_address_t *buffer, int *write_lock)
{
	vm_size_t read;
	return pager_read_pages(map, page, TMPFS_PAGE_BYTES, buffer, &read, write_lock);
}

/* What lies behind the end is not the file's, and never becomes it. */
error_t pager_write_pages(struct user_pager_info *map, vm_offset_t offset, vm_address_t data, vm_size_t length,
			  vm_size_t *written)
{
	size_t done, bytes = length;
	int error = 0;
	server_lock();
	struct node *node = map->node;
	if (offset >= node->size)
		bytes = 0;
	else if (bytes > node->size - offset)
		bytes = (size_t)(node->size - offset);
	if (bytes)
		error = node_write(&server.store, node, offset, (const void *)data, bytes, &done);
	if (!error && bytes && done < bytes)
		error = ENOSPC;
	filemap_counts.pages_in += length / TMPFS_PAGE_BYTES;
	server_unlock();
	*written = error ? 0 : length;
	return error;
}

error_t pager_write_page(struct user_pager_info *map, vm_offset_t page, vm_address_t buffer)
{
	vm_size_t written;
	return pager_write_pages(map, page, buffer, TMPFS_PAGE_BYTES, &written);
}

error_t pager_unlock_page(struct user_pager_info *map, vm_offset_t page)
{
	server_lock();
	bool room = page < page_end(map->node->size) &&
		file_pages_reserve(&server.store.pool, &map->node->pages, page, TMPFS_PAGE_BYTES) == TMPFS_PAGE_BYTES;
	server_unlock();
	return room ? 0 : ENOSPC;
}

void pager_notify_evict(struct user_pager_info *map, vm_offset_t page)
{
}

/* Without the lock: it may be asked while libpager's own are held. */
error_t pager_report_extent(struct user_pager_info *map, vm_address_t *offset, vm_size_t *size)
{
	*offset = 0;
	*size = page_end(__atomic_load_n(&map->node->size, __ATOMIC_RELAXED));
	return 0;
}

void pager_clear_user_data(struct user_pager_info *map)
{
	bool lock = !locked_here;
	if (lock)
		server_lock();
	if (map->node->filemap == map)
		map->node->filemap = NULL;
	*map->link = map->next;
	if (map->next)
		map->next->link = map->link;
	filemap_counts.maps--;
	node_drop(&server.store, map->node);
	free(map);
	server_end_if_forgotten();
	if (lock)
		server_unlock();
}

void pager_dropweak(struct user_pager_info *map)
{
}
