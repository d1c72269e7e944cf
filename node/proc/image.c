/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <hurd_abi.h>
#include <hurd/io.h>

#define READ_MAX_BYTES (UINT64_C(1) << 20)

/* Of a mapped file: its header, its program headers, the ends of writable segments. */
#define PIECES_MAX 6
#define PIECE_MAX_BYTES 4096

struct piece { uint64_t offset; size_t size; char *bytes; };

struct image {
	vm_address_t pages;		/* of the whole file: read, or mapped */
	uint64_t size;
	/* Of a mapped one.  PAGES is then only there so that the kernel keeps what it has
	   of the object between two runs. */
	mach_port_t object;		/* else null */
	mach_port_t file;
	pthread_mutex_t lock;		/* of the pieces */
	unsigned piece_count;
	struct piece pieces[PIECES_MAX];
};

static void drop(mach_port_t right)
{
	if (MACH_PORT_VALID(right))
		mach_port_deallocate(mach_task_self(), right);
}

/* ---- read as a whole */

static bool read_all(mach_port_t file, vm_address_t pages, uint64_t size)
{
	for (uint64_t done = 0; done < size;) {
		uint64_t part = size - done < READ_MAX_BYTES ? size - done : READ_MAX_BYTES;
		data_t data = NULL;
		mach_msg_type_number_t got = 0;

		if (io_read(file, &data, &got, done, part) || got == 0)
			return false;
		memcpy((char *)pages + done, data, got < part ? got : part);
		vm_deallocate(mach_task_self(), (vm_address_t)data, got);
		done += got < part ? got : part;
	}
	return true;
}

static bool fill(struct image *image, mach_port_t file)
{
	if (image->size > IMAGE_READ_MAX_BYTES || vm_allocate(mach_task_self(), &image->pages, image->size, TRUE))
		return false;
	if (read_all(file, image->pages, image->size))
		return true;
	vm_deallocate(mach_task_self(), image->pages, image->size);
	return false;
}

static int read_kept(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
	struct image *image = cookie;
	uint64_t start = trunc_page(offset);
	mach_msg_type_number_t count;
	vm_address_t copy;
	int error;

	*got = 0;
	if (offset >= image->size)
		return 0;
	if (want > image->size - offset)
		want = image->size - offset;
	/* A virtual copy; it begins at a page, what lies before the offset is skipped. */
	error = vm_read(mach_task_self(), image->pages + start, round_page(offset + want) - start, &copy, &count);
	if (error)
		return error;
	*data = copy + (offset - start);
	*got = want;
	return 0;
}

/* ---- mapped */

static bool map(struct image *image, mach_port_t file)
{
	mach_port_t readable = MACH_PORT_NULL, writable = MACH_PORT_NULL;

	if (io_map(file, &readable, &writable))
		return false;
	drop(writable);
	image->pages = 0;
	if (!MACH_PORT_VALID(readable)
	    || vm_map(mach_task_self(), &image->pages, round_page(image->size), 0, TRUE, readable, 0, FALSE, VM_PROT_READ,
		      VM_PROT_READ, VM_INHERIT_NONE)) {
		drop(readable);
		return false;
	}
	if (mach_port_mod_refs(mach_task_self(), file, MACH_PORT_RIGHT_SEND, 1)) {
		vm_deallocate(mach_task_self(), image->pages, round_page(image->size));
		drop(readable);
		return false;
	}
	image->object = readable;
	image->file = file;
	return true;
}

static int give(const char *bytes, size_t size, vm_address_t *data, size_t *got)
{
	int error = vm_allocate(mach_task_self(), data, size, TRUE);

	if (error)
		return error;
	memcpy((void *)*data, bytes, size);
	*got = size;
	return 0;
}

static void keep_piece(struct image *image, uint64_t offset, const char *bytes, size_t size)
{
	char *copy = size <= PIECE_MAX_BYTES ? malloc(size) : NULL;

	if (!copy)
		return;
	memcpy(copy, bytes, size);
	pthread_mutex_lock(&image->lock);
	if (image->piece_count < PIECES_MAX) {
		image->pieces[image->piece_count++] = (struct piece){ offset, size, copy };
		copy = NULL;
	}
	pthread_mutex_unlock(&image->lock);
	free(copy);
}

static int read_piece(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
	struct image *image = cookie;
	data_t bytes = NULL;
	mach_msg_type_number_t count = 0;
	const struct piece *found = NULL;
	int error;

	*got = 0;
	pthread_mutex_lock(&image->lock);
	for (unsigned i = 0; i < image->piece_count; i++)
		if (image->pieces[i].offset == offset && image->pieces[i].size >= want)
			found = &image->pieces[i];
	pthread_mutex_unlock(&image->lock);
	if (found)		/* pieces never change or move */
		return give(found->bytes, want, data, got);
	error = io_read(image->file, &bytes, &count, offset, want);
	if (error)
		return error;
	if (count >= want)
		keep_piece(image, offset, bytes, want);
	*data = (vm_address_t)bytes;
	*got = count;
	return 0;
}

static int map_pages(void *cookie, uint64_t offset, size_t size, mach_port_t task, vm_address_t address, vm_prot_t protection)
{
	struct image *image = cookie;

	return vm_map(task, &address, size, 0, FALSE, image->object, offset, TRUE, protection, VM_PROT_ALL, VM_INHERIT_COPY);
}

/* ---- either */

struct image *image_make(mach_port_t file, uint64_t size, bool may_read)
{
	struct image *image = calloc(1, sizeof *image);

	if (!image)
		return NULL;
	pthread_mutex_init(&image->lock, NULL);
	image->size = size;
	if (map(image, file) || (may_read && fill(image, file)))
		return image;
	free(image);
	return NULL;
}

static bool is_dead(mach_port_t right)
{
	mach_port_type_t type;

	return mach_port_type(mach_task_self(), right, &type) || (type & MACH_PORT_TYPE_DEAD_NAME);
}

bool image_is_there(const struct image *image)
{
	return !MACH_PORT_VALID(image->object) || (!is_dead(image->object) && !is_dead(image->file));
}

void image_free(struct image *image)
{
	vm_deallocate(mach_task_self(), image->pages, round_page(image->size));
	drop(image->object);
	drop(image->file);
	for (unsigned i = 0; i < image->piece_count; i++)
		free(image->pieces[i].bytes);
	free(image);
}

struct elf_source image_source(struct image *image)
{
	if (MACH_PORT_VALID(image->object))
		return (struct elf_source){ .read = read_piece, .map = map_pages, .cookie = image };
	return (struct elf_source){ .read = read_kept, .cookie = image };
}

uint64_t image_bytes(const struct image *image)
{
	return MACH_PORT_VALID(image->object) ? 0 : image->size;
}
