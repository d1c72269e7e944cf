/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwIP's port: time, randomness, memory, diagnostics.  One thread only. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <sys/random.h>
#include <arch/cc.h>
#include <lwip/sys.h>
#include "port.h"

/* Blocks of 2^class bytes, header included, are kept in free lists: packets
   come and go by the ten thousand and in few sizes. */
enum { smallest_class = 6, largest_class = 12, class_count = largest_class + 1 };

/* No processor is so slow that these are more than about 1 ms. */
enum { clock_cycles = 1 << 20 };

/* In front of every block; 16 bytes keep the block aligned as malloc's are. */
struct block {
	struct block *next;
	size_t size;		/* with this header */
};

static struct {
	struct block *unused[class_count];
	size_t used;
	uint32_t random[256];
	unsigned random_left;
	bool warned;
	uint64_t milliseconds, clock_read_at;
} port;

size_t port_memory_used(void)
{
	return port.used;
}

static unsigned class_of(size_t size)
{
	unsigned class = smallest_class;
	while (((size_t)1 << class) < size)
		class++;
	return class;
}

void *port_malloc(size_t size)
{
	size += sizeof(struct block);
	unsigned class = class_of(size);
	if (class <= largest_class)
		size = (size_t)1 << class;
	if (port.used + size > port_memory_limit_bytes)
		return NULL;
	struct block *block;
	if (class <= largest_class && port.unused[class]) {
		block = port.unused[class];
		port.unused[class] = block->next;
	} else if (!(block = malloc(size))) {
		return NULL;
	}
	block->size = size;
	port.used += size;
	return block + 1;
}

void *port_calloc(size_t count, size_t size)
{
	void *block = port_malloc(count * size);
	return block ? memset(block, 0, count * size) : NULL;
}

void port_free(void *memory)
{
	if (!memory)
		return;
	struct block *block = (struct block *)memory - 1;
	port.used -= block->size;
	unsigned class = class_of(block->size);
	if (class > largest_class) {
		free(block);
		return;
	}
	block->next = port.unused[class];
	port.unused[class] = block;
}

static void read_clock(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	port.milliseconds = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Asked several times a packet, so the clock itself is read only when the cycle
   counter says that something like a millisecond has passed. */
uint64_t port_milliseconds(void)
{
	uint64_t cycles = __builtin_ia32_rdtsc();
	if (!port.milliseconds || cycles - port.clock_read_at >= clock_cycles) {
		port.clock_read_at = cycles;
		read_clock();
	}
	return port.milliseconds;
}

u32_t sys_now(void)
{
	return (u32_t)port_milliseconds();
}

/* Initial sequence numbers and ports must not be guessable. */
uint32_t port_random(void)
{
	if (!port.random_left) {
		/* Without a source of entropy they are at least distinct (getrandom
		   has filled them in all the same): networking must not end for that. */
		if (getrandom(port.random, sizeof port.random, 0) != (ssize_t)sizeof port.random && !port.warned) {
			port_diagnose("inet: no entropy: ports and sequence numbers can be guessed (give QEMU -cpu max)\n");
			port.warned = true;
		}
		port.random_left = sizeof port.random / sizeof *port.random;
	}
	return port.random[--port.random_left];
}

/* The Internet checksum, 8 bytes a step; lwIP takes the folded sum, in memory
   order, without the final complement. */
uint16_t port_checksum(const void *data, int length)
{
	const unsigned char *at = data;
	uint64_t sum = 0, word;
	for (; length >= 8; at += 8, length -= 8) {
		memcpy(&word, at, 8);
		sum += word;
		sum += sum < word;
	}
	if (length > 0) {
		word = 0;
		memcpy(&word, at, (size_t)length);
		sum += word;
		sum += sum < word;
	}
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 32) + (uint32_t)sum;
	sum = (sum >> 16) + (sum & 0xffff);
	sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)((sum >> 16) + sum);
}

void port_diagnose(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
}

void port_assert_failed(const char *what, const char *file, int line)
{
	fprintf(stderr, "inet: %s:%d: %s\n", file, line, what);
	abort();
}
