/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image_cache.h"
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <hurd/io.h>

#define READ_MAX_BYTES (UINT64_C(1) << 20)

/* When two are equal they are the same contents. */
struct version {
	mach_port_t identity;		/* a reference is held for as long as the image is kept */
	int64_t size;
	struct timespec modified, changed;
};

struct image {
	struct image *next;
	struct version version;
	vm_address_t pages;
	int users;			/* sources in use */
	bool kept;			/* in the list */
};

static struct {
	pthread_mutex_t lock;
	struct image *first;		/* most recently used first */
} cache = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool same_version(const struct version *a, const struct version *b)
{
	return a->identity == b->identity && a->size == b->size && same_time(a->modified, b->modified)
		&& same_time(a->changed, b->changed);
}

static void drop(mach_port_t right)
{
	if (MACH_PORT_VALID(right))
		mach_port_deallocate(mach_task_self(), right);
}

/* Asks the file who it is (a new reference in VERSION); false when it cannot be kept. */
static bool ask_version(mach_port_t file, struct version *version)
{
	mach_port_t identity = MACH_PORT_NULL, filesystem = MACH_PORT_NULL;
	struct timespec now;
	io_statbuf_t status;
	ino64_t number;

	if (io_stat(file, &status) || io_identity(file, &identity, &filesystem, &number))
		return false;
	drop(filesystem);
	clock_gettime(CLOCK_REALTIME, &now);
	*version = (struct version){ identity, status.st_size, status.st_mtim, status.st_ctim };
	if (MACH_PORT_VALID(identity) && status.st_size > 0 && (uint64_t)status.st_size <= IMAGE_MAX_BYTES
	    && status.st_mtim.tv_sec + IMAGE_SETTLED_SECONDS < now.tv_sec)
		return true;
	drop(identity);
	return false;
}

static void free_image(struct image *image)
{
	vm_deallocate(mach_task_self(), image->pages, image->version.size);
	drop(image->version.identity);
	free(image);
}

/* Puts IMAGE in front. */
static void keep(struct image *image)
{
	image->next = cache.first;
	image->kept = true;
	cache.first = image;
}

static void unkeep(struct image **link)
{
	struct image *image = *link;

	*link = image->next;
	image->kept = false;
	if (image->users == 0)
		free_image(image);
}

/* Forgets the least recently used beyond the limits. */
static void trim(void)
{
	uint64_t bytes = 0;
	int count = 0;

	for (struct image **link = &cache.first; *link;) {
		bytes += (*link)->version.size;
		if (++count > IMAGES_KEPT || bytes > IMAGES_KEPT_BYTES)
			unkeep(link);
		else
			link = &(*link)->next;
	}
}

/* The kept image of that version, with one more user; older versions of the file go. */
static struct image *find(const struct version *version)
{
	struct image *found = NULL;

	for (struct image **link = &cache.first; *link;) {
		struct image *image = *link;

		if (image->version.identity != version->identity) {
			link = &image->next;
		} else if (same_version(&image->version, version)) {
			*link = image->next;
			found = image;
		} else {
			unkeep(link);
		}
	}
	if (found) {
		keep(found);
		found->users++;
	}
	return found;
}

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

/* Reads the file, which must still be of VERSION afterwards.  Takes the version's reference over on success. */
static struct image *read_image(mach_port_t file, const struct version *version)
{
	struct image *image = calloc(1, sizeof *image);
	struct version after = { 0 };
	bool good;

	if (!image)
		return NULL;
	if (vm_allocate(mach_task_self(), &image->pages, version->size, TRUE)) {
		free(image);
		return NULL;
	}
	image->version = *version;
	image->users = 1;
	good = read_all(file, image->pages, version->size) && ask_version(file, &after);
	if (good) {
		drop(after.identity);
		good = same_version(&after, version);
	}
	if (good)
		return image;
	vm_deallocate(mach_task_self(), image->pages, version->size);
	free(image);
	return NULL;
}

static int read_kept(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
	struct image *image = cookie;
	uint64_t size = image->version.size, start = trunc_page(offset);
	mach_msg_type_number_t count;
	vm_address_t copy;
	int error;

	*got = 0;
	if (offset >= size)
		return 0;
	if (want > size - offset)
		want = size - offset;
	/* A virtual copy; it begins at a page, what lies before the offset is skipped. */
	error = vm_read(mach_task_self(), image->pages + start, round_page(offset + want) - start, &copy, &count);
	if (error)
		return error;
	*data = copy + (offset - start);
	*got = want;
	return 0;
}

struct elf_source image_cache_source(mach_port_t *file, struct image **result)
{
	struct version version;
	struct image *image;

	*result = NULL;
	if (!ask_version(*file, &version))
		return elf_source_file(file);
	pthread_mutex_lock(&cache.lock);
	image = find(&version);
	pthread_mutex_unlock(&cache.lock);
	if (image) {
		drop(version.identity);		/* the image has its own */
	} else {
		image = read_image(*file, &version);
		if (!image) {
			drop(version.identity);
			return elf_source_file(file);
		}
		pthread_mutex_lock(&cache.lock);
		keep(image);
		trim();
		pthread_mutex_unlock(&cache.lock);
	}
	*result = image;
	return (struct elf_source){ read_kept, image };
}

void image_cache_done(struct image *image)
{
	if (!image)
		return;
	pthread_mutex_lock(&cache.lock);
	if (--image->users == 0 && !image->kept)
		free_image(image);
	pthread_mutex_unlock(&cache.lock);
}
