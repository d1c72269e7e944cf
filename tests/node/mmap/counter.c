/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counters in a mapped file, under a process-shared mutex in the same file:
     counter FILE make            the file, with counters of 0
     counter FILE add N WITH      when WITH of them have come: adds 1, N times; counts how
                                  often the lock came from another one, and how often what
                                  it guards was found apart
     counter FILE turns WHO N     takes turns with the other (WHO is 0 or 1), N each, by a
                                  condition variable
     counter FILE watch N         reads, without the lock, until the counter is N; counts how
                                  often it went back
     counter FILE get
   tests/cluster/shared-mmap.sh runs it on several nodes at a time. */
#include <pthread.h>
#include <string.h>
#include "map.h"

struct shared {
	pthread_mutex_t mutex;
	pthread_cond_t turned;
	int whose, arrived, last;
	volatile long near;		/* on the page of the lock */
	char rest[MAP_PAGE];
	volatile long far;		/* on another one: always the same number, to who has the lock */
};

enum { THINK = 500, ARRIVE_LIMIT_US = 60 * 1000000, WATCH_LIMIT_US = 120 * 1000000, FILE_BYTES = 2 * MAP_PAGE };
_Static_assert(sizeof(struct shared) <= FILE_BYTES, "two pages");

static void make(const char *file)
{
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;
	int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || ftruncate(fd, FILE_BYTES))
		die(file);
	close(fd);
	struct shared *shared = map_file(file, FILE_BYTES, true, &fd);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&shared->mutex, &mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&shared->turned, &cond);
	if (msync(shared, FILE_BYTES, MS_SYNC))
		die("msync");
	puts("made");
}

/* Until WITH have come; a number of our own. */
static int arrive(struct shared *shared, int with)
{
	long start = now_us();
	pthread_mutex_lock(&shared->mutex);
	int self = ++shared->arrived;
	while (shared->arrived < with && now_us() - start < ARRIVE_LIMIT_US) {
		pthread_mutex_unlock(&shared->mutex);
		usleep(10000);
		pthread_mutex_lock(&shared->mutex);
	}
	pthread_mutex_unlock(&shared->mutex);
	return self;
}

static int add(struct shared *shared, long count, int with)
{
	int self = arrive(shared, with);
	long apart = 0, longest = 0, taken = 0, start = now_us();
	for (long i = 0; i < count; i++) {
		long before = now_us();
		pthread_mutex_lock(&shared->mutex);
		apart += shared->near != shared->far;
		shared->near++;
		shared->far++;
		taken += shared->last != self;
		shared->last = self;
		pthread_mutex_unlock(&shared->mutex);
		long took = now_us() - before;
		if (took > longest)
			longest = took;
		for (volatile int think = 0; think < THINK; think++)
			;
	}
	printf("added %ld in %ld ms, taken over %ld times, longest %ld ms, apart %ld\n", count, (now_us() - start) / 1000, taken,
	       longest / 1000, apart);
	return apart != 0;
}

static int turns(struct shared *shared, int who, long count)
{
	long start = now_us();
	for (long i = 0; i < count; i++) {
		pthread_mutex_lock(&shared->mutex);
		while (shared->whose != who)
			pthread_cond_wait(&shared->turned, &shared->mutex);
		shared->whose = !who;
		pthread_cond_signal(&shared->turned);
		pthread_mutex_unlock(&shared->mutex);
	}
	printf("turns %ld in %ld ms, %ld us each\n", count, (now_us() - start) / 1000, (now_us() - start) / count);
	return 0;
}

static int watch(struct shared *shared, long until)
{
	long reads = 0, back = 0, steps = 0, last = 0, start = now_us();
	while (last < until && now_us() - start < WATCH_LIMIT_US) {
		long value = shared->near;
		back += value < last;
		steps += value != last;
		last = value;
		/* Else it would only ever see its own copy of the page, for as long as that lasts. */
		if (++reads % 64 == 0)
			usleep(1000);
	}
	printf("watched: last %ld, reads %ld, steps %ld, back %ld\n", last, reads, steps, back);
	return last < until || back;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "";
	int fd;
	if (!strcmp(what, "make")) {
		make(argv[1]);
		return 0;
	}
	bool writes = !strcmp(what, "add") || !strcmp(what, "turns");
	struct shared *shared = argc > 2 ? map_file(argv[1], FILE_BYTES, writes, &fd) : NULL;
	if (!strcmp(what, "add") && argc == 5)
		return add(shared, atol(argv[3]), atoi(argv[4]));
	if (!strcmp(what, "turns") && argc == 5)
		return turns(shared, atoi(argv[3]), atol(argv[4]));
	if (!strcmp(what, "watch") && argc == 4)
		return watch(shared, atol(argv[3]));
	if (!strcmp(what, "get")) {
		printf("%ld %ld\n", shared->near, shared->far);
		return 0;
	}
	fputs("usage: counter FILE make | add N WITH | turns WHO N | watch N | get\n", stderr);
	return 2;
}
