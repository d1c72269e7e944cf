/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random work of several nodes on the pages of one mapped file:
     stress FILE make PAGES
     stress FILE work NODE NODES OPERATIONS [lossy]
     stress FILE check NODES OPERATIONS
   Each page has a slot for each node, which alone writes it: a number that only grows, twice.
   A read of any slot may return: one's own slot, exactly what was written last; another's,
   never less than what this node saw before; and, since the second copy is written first and
   read last, no second less than the first.  What the numbers are in the end follows from
   the seed, which is the node's number: so CHECK knows every slot.
   With LOSSY, a page may be lost with a node that died: reading it is SIGBUS, and counted;
   what can be read obeys the same rules.  tests/cluster/mmap-stress.sh runs it. */
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include "map.h"

enum { NODES_MAX = 4, PAGES_MAX = 1000, SLOT_BYTES = 64, UNDER_WAY = 300 /* operations */ };

struct slot { volatile uint32_t first, second; char rest[SLOT_BYTES - 8]; };

static struct {
	const char *file;
	int fd;
	unsigned node;
	size_t pages;
	char *at;
	uint32_t own[PAGES_MAX];		/* what we wrote */
	uint32_t seen[PAGES_MAX][NODES_MAX + 1];
	long reads, writes, syncs, maps, calls, lost, bad, longest_us;
} work;

static sigjmp_buf fault;

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static struct slot *slot_of(size_t page, unsigned node)
{
	return (struct slot *)(work.at + page * MAP_PAGE + node * SLOT_BYTES);
}

static void complain(const char *what, size_t page, unsigned node, uint32_t first, uint32_t second, uint32_t known)
{
	if (work.bad++ < 10)
		printf("BAD %s: page %zu, slot %u: %u %u, known %u\n", what, page, node, first, second, known);
}

static void judge(size_t page, unsigned node, uint32_t first, uint32_t second, const char *how)
{
	uint32_t known = node == work.node ? work.own[page] : work.seen[page][node];
	bool good = second >= first && first >= known && (node != work.node || (first == known && second == known));
	if (!good)
		complain(how, page, node, first, second, known);
	work.seen[page][node] = first;
}

static void read_slot(size_t page, unsigned node)
{
	struct slot *slot = slot_of(page, node);
	uint32_t first = slot->first;
	uint32_t second = slot->second;
	judge(page, node, first, second, "read");
	work.reads++;
}

static void write_slot(size_t page)
{
	struct slot *slot = slot_of(page, work.node);
	uint32_t value = work.own[page] + 1;
	slot->second = value;
	slot->first = value;
	work.own[page] = value;
	work.writes++;
}

/* By the file server. */
static void call_slot(size_t page, unsigned node, bool writes)
{
	uint32_t pair[2];
	off_t offset = (off_t)(page * MAP_PAGE + node * SLOT_BYTES);
	work.calls++;
	if (!writes) {
		if (pread(work.fd, pair, sizeof pair, offset) == sizeof pair)
			judge(page, node, pair[0], pair[1], "pread");
		else
			work.lost++;
		return;
	}
	pair[0] = pair[1] = work.own[page] + 1;
	if (pwrite(work.fd, pair, sizeof pair, offset) == sizeof pair)
		work.own[page]++;
	else
		work.lost++;
}

static void map_again(void)
{
	munmap(work.at, work.pages * MAP_PAGE);
	close(work.fd);
	work.at = map_file(work.file, work.pages * MAP_PAGE, true, &work.fd);
	work.maps++;
}

/* PRETEND: only what becomes of our slots. */
static void step(uint32_t *seed, unsigned nodes, bool pretend)
{
	unsigned what = next(seed) % 1000;
	size_t page = next(seed) % work.pages;
	unsigned node = next(seed) % nodes + 1;
	if (pretend) {
		if ((what >= 450 && what < 950) || (what >= 965 && what < 975))
			work.own[page]++;
	} else if (what < 450) {
		read_slot(page, node);
	} else if (what < 950) {
		write_slot(page);
	} else if (what < 975) {
		call_slot(page, what < 965 ? node : work.node, what >= 965);
	} else if (what < 997) {
		size_t length = (work.pages - page < 50 ? work.pages - page : 50) * MAP_PAGE;
		if (msync(work.at + page * MAP_PAGE, length, MS_SYNC))
			work.lost++;
		work.syncs++;
	} else {
		map_again();
	}
}

static void on_fault(int signal)
{
	siglongjmp(fault, 1);
}

static int run(unsigned nodes, long operations, bool lossy)
{
	uint32_t seed = work.node;
	volatile long done = 0;
	long start = now_us();
	if (lossy)
		signal(SIGBUS, on_fault);
	if (sigsetjmp(fault, 1))
		work.lost++;
	while (done < operations) {
		long before = now_us();
		done++;
		step(&seed, nodes, false);
		long took = now_us() - before;
		if (took > work.longest_us)
			work.longest_us = took;
		if (done == UNDER_WAY) {
			puts("under way");
			fflush(stdout);
		}
	}
	printf("node %u: reads %ld writes %ld syncs %ld calls %ld maps %ld lost %ld, %ld ms, longest %ld ms, bad %ld\n", work.node,
	       work.reads, work.writes, work.syncs, work.calls, work.maps, work.lost, (now_us() - start) / 1000,
	       work.longest_us / 1000, work.bad);
	return work.bad != 0;
}

static int check_all(unsigned nodes, long operations)
{
	for (unsigned node = 1; node <= nodes; node++) {
		uint32_t seed = node;
		memset(work.own, 0, sizeof work.own);
		for (long i = 0; i < operations; i++)
			step(&seed, nodes, true);
		for (size_t page = 0; page < work.pages; page++) {
			struct slot *slot = slot_of(page, node);
			if (slot->first != work.own[page] || slot->second != work.own[page])
				complain("end", page, node, slot->first, slot->second, work.own[page]);
		}
	}
	printf("checked %zu slots, bad %ld\n", nodes * work.pages, work.bad);
	return work.bad != 0;
}

static void make(const char *file, size_t pages)
{
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || pages == 0 || pages > PAGES_MAX || ftruncate(fd, (off_t)(pages * MAP_PAGE)))
		die(file);
	puts("made");
}

static void open_work(const char *file, bool writes)
{
	work.file = file;
	work.fd = open(file, O_RDONLY);
	off_t size = work.fd < 0 ? -1 : lseek(work.fd, 0, SEEK_END);
	if (size <= 0 || size / MAP_PAGE > PAGES_MAX)
		die(file);
	close(work.fd);
	work.pages = (size_t)size / MAP_PAGE;
	work.at = map_file(file, (size_t)size, writes, &work.fd);
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[2], "make")) {
		make(argv[1], (size_t)atol(argv[3]));
		return 0;
	}
	if (argc >= 6 && !strcmp(argv[2], "work")) {
		open_work(argv[1], true);
		work.node = (unsigned)atoi(argv[3]);
		return run((unsigned)atoi(argv[4]), atol(argv[5]), argc > 6);
	}
	if (argc == 5 && !strcmp(argv[2], "check")) {
		open_work(argv[1], false);
		return check_all((unsigned)atoi(argv[3]), atol(argv[4]));
	}
	fputs("usage: stress FILE make PAGES | work NODE NODES OPERATIONS [lossy] | check NODES OPERATIONS\n", stderr);
	return 2;
}
