/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image_cache.h"
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <hurd/io.h>

/* When two are equal they are the same contents. */
struct version {
	mach_port_t identity;		/* a reference is held for as long as the image is kept */
	int64_t size;
	struct timespec modified, changed;
	bool settled;			/* no comparison: may the image be kept? */
};

struct kept_image {
	struct kept_image *next;
	struct version version;
	struct image *image;
	int users;			/* sources in use */
	bool kept;			/* in the list */
};

static struct {
	pthread_mutex_t lock;
	struct kept_image *first;	/* most recently used first */
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

/* Asks the file who it is (a new reference in VERSION); false when it does not tell. */
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
	*version = (struct version){ identity, status.st_size, status.st_mtim, status.st_ctim,
		status.st_mtim.tv_sec < now.tv_sec - IMAGE_SETTLED_SECONDS };	/* what the file says may be any number */
	if (MACH_PORT_VALID(identity) && status.st_size > 0)
		return true;
	drop(identity);
	return false;
}

static void free_kept(struct kept_image *old)
{
	image_free(old->image);
	drop(old->version.identity);
	free(old);
}

/* Puts IMAGE in front. */
static void keep(struct kept_image *image)
{
	image->next = cache.first;
	image->kept = true;
	cache.first = image;
}

static void unkeep(struct kept_image **link)
{
	struct kept_image *image = *link;

	*link = image->next;
	image->kept = false;
	if (image->users == 0)
		free_kept(image);
}

/* Forgets the least recently used beyond the limits. */
static void trim(void)
{
	uint64_t bytes = 0;
	int count = 0;

	for (struct kept_image **link = &cache.first; *link;) {
		bytes += image_bytes((*link)->image);
		if (++count > IMAGES_KEPT || bytes > IMAGES_KEPT_BYTES)
			unkeep(link);
		else
			link = &(*link)->next;
	}
}

/* The kept image of that version, with one more user; older versions of the file go, and dead images. */
static struct kept_image *find(const struct version *version)
{
	struct kept_image *found = NULL;

	for (struct kept_image **link = &cache.first; *link;) {
		struct kept_image *image = *link;

		if (image->version.identity != version->identity) {
			link = &image->next;
		} else if (same_version(&image->version, version) && image_is_there(image->image)) {
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

/* The file must still be of VERSION afterwards.  Takes the version's reference over on success. */
static struct kept_image *make(mach_port_t file, const struct version *version)
{
	struct kept_image *new = calloc(1, sizeof *new);
	struct version after = { 0 };
	bool same;

	if (!new)
		return NULL;
	new->image = image_make(file, version->size, version->settled);
	if (!new->image) {
		free(new);
		return NULL;
	}
	new->version = *version;
	new->users = 1;
	same = ask_version(file, &after) && same_version(&after, version);
	drop(after.identity);
	if (same)
		return new;
	image_free(new->image);
	free(new);
	return NULL;
}

struct elf_source image_cache_source(mach_port_t *file, struct kept_image **used)
{
	struct version version;
	struct kept_image *image;

	*used = NULL;
	if (!ask_version(*file, &version))
		return elf_source_file(file);
	pthread_mutex_lock(&cache.lock);
	image = find(&version);
	pthread_mutex_unlock(&cache.lock);
	if (image) {
		drop(version.identity);		/* the image has its own */
	} else {
		image = make(*file, &version);
		if (!image) {
			drop(version.identity);
			return elf_source_file(file);
		}
		pthread_mutex_lock(&cache.lock);
		if (version.settled)
			keep(image);
		trim();
		pthread_mutex_unlock(&cache.lock);
	}
	*used = image;
	return image_source(image->image);
}

void image_cache_done(struct kept_image *used)
{
	if (!used)
		return;
	pthread_mutex_lock(&cache.lock);
	if (--used->users == 0 && !used->kept)
		free_kept(used);
	pthread_mutex_unlock(&cache.lock);
}
