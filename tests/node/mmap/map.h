/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs that share a file between nodes have in common. */
#ifndef TESTS_MMAP_MAP_H
#define TESTS_MMAP_MAP_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAP_PAGE = 4096 };

static inline long now_us(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * 1000000 + time.tv_nsec / 1000;
}

static inline void die(const char *what)
{
	perror(what);
	exit(1);
}

/* All of FILE, SIZE bytes, shared; *FD is its descriptor. */
static inline void *map_file(const char *file, size_t size, bool writes, int *fd)
{
	*fd = open(file, writes ? O_RDWR : O_RDONLY);
	if (*fd < 0)
		die(file);
	void *at = mmap(NULL, size, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, *fd, 0);
	if (at == MAP_FAILED)
		die("mmap");
	return at;
}

#endif
