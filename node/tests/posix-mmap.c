/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in memory: shared and private mappings, their coherence with reads and writes, the
   end of the file, protection, fork, msync; the mutexes and condition variables in them. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { PAGE = 4096, FILE_PAGES = 100 };

static char name[64];

static unsigned char byte_at(size_t offset)
{
	return (unsigned char)(offset * 7 + offset / PAGE * 13 + 1);
}

/* A file of SIZE bytes, by write; its descriptor. */
static int make_file(size_t size, int flags)
{
	static unsigned char contents[FILE_PAGES * PAGE];
	for (size_t i = 0; i < size; i++)
		contents[i] = byte_at(i);
	snprintf(name, sizeof name, "/tmp/posix-mmap.%d", getpid());
	int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool wrote = fd >= 0 && write(fd, contents, size) == (ssize_t)size;
	close(fd);
	fd = wrote ? open(name, flags) : -1;
	if (fd < 0)
		printf("# %s: errno %d\n", name, errno);
	return fd;
}

static unsigned char *map(int fd, size_t size, int prot, int flags, off_t offset)
{
	void *at = mmap(NULL, size, prot, flags, fd, offset);
	return at == MAP_FAILED ? NULL : at;
}

static sigjmp_buf fault_return;
static volatile sig_atomic_t fault_signal;

static void on_fault(int signal)
{
	fault_signal = signal;
	siglongjmp(fault_return, 1);
}

/* The signal that touching ADDRESS raises, or 0. */
static int touch(volatile unsigned char *address, bool writes)
{
	signal(SIGBUS, on_fault);
	signal(SIGSEGV, on_fault);
	fault_signal = 0;
	if (sigsetjmp(fault_return, 1) == 0) {
		if (writes)
			*address = 1;
		else
			(void)*address;
	}
	signal(SIGBUS, SIG_DFL);
	signal(SIGSEGV, SIG_DFL);
	return fault_signal;
}

static void test_reading(void)
{
	size_t size = FILE_PAGES * PAGE - 100, bad = 0;
	int fd = make_file(size, O_RDONLY);
	unsigned char *at = map(fd, size, PROT_READ, MAP_SHARED, 0);
	check(at, "shared-read", "errno %d", errno);
	if (!at)
		return;
	for (size_t i = 0; i < size; i++)
		bad += at[i] != byte_at(i);
	check(bad == 0, "shared-read-contents", "%zu bytes differ", bad);
	size_t tail = 0;
	for (size_t i = size; i < FILE_PAGES * PAGE; i++)
		tail += at[i];
	check(tail == 0, "zeros-behind-the-end", "sum %zu", tail);
	unsigned char *part = map(fd, 2 * PAGE, PROT_READ, MAP_PRIVATE, 50 * PAGE);
	check(part && part[0] == byte_at(50 * PAGE) && part[2 * PAGE - 1] == byte_at(52 * PAGE - 1), "private-at-an-offset",
	      "errno %d", errno);
	check(map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0) == NULL && errno == EACCES, "shared-write-of-read-only",
	      "errno %d", errno);
	check(mprotect(at, PAGE, PROT_READ | PROT_WRITE) == -1 && errno == EACCES, "no-write-later-either", "errno %d", errno);
	unsigned char *private = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	check(private && (private[0] ^= 255, private[0] != at[0]) && at[0] == byte_at(0), "private-write-of-read-only", "errno %d",
	      errno);
	close(fd);
	check(at[60 * PAGE] == byte_at(60 * PAGE), "mapped-after-close", "byte %d", at[60 * PAGE]);
	check(map(fd, PAGE, PROT_READ, MAP_SHARED, 0) == NULL && errno == EBADF, "closed-descriptor", "errno %d", errno);
	munmap(at, size);
	munmap(part, 2 * PAGE);
	munmap(private, PAGE);
}

/* What is written by one way is seen by the other, at once. */
static void test_coherence(void)
{
	size_t size = 10 * PAGE;
	int fd = make_file(size, O_RDWR);
	unsigned char *at = map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, 0), *again, buffer[8];
	check(at, "shared-write", "errno %d", errno);
	if (!at)
		return;
	memcpy(at + 3 * PAGE + 10, "mapped", 6);
	check(pread(fd, buffer, 6, 3 * PAGE + 10) == 6 && !memcmp(buffer, "mapped", 6), "read-sees-mapping", "%.6s", buffer);
	check(pwrite(fd, "written", 7, 3 * PAGE + 12) == 7 && !memcmp(at + 3 * PAGE + 10, "mawritten", 9), "mapping-sees-write",
	      "%.9s", at + 3 * PAGE + 10);
	at[3 * PAGE + 10] = 'M';
	check(pread(fd, buffer, 3, 3 * PAGE + 10) == 3 && !memcmp(buffer, "Maw", 3), "and-again", "%.3s", buffer);
	/* Around a page's end, and one that this task has not touched. */
	check(pwrite(fd, "over", 4, 6 * PAGE - 2) == 4 && !memcmp(at + 6 * PAGE - 2, "over", 4), "write-over-two-pages", "%.4s",
	      at + 6 * PAGE - 2);
	again = map(fd, size, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	int reading = open(name, O_RDONLY);
	unsigned char *read_only = map(reading, size, PROT_READ, MAP_SHARED, 0);
	check(again && read_only && (again[PAGE] = 201, at[PAGE] == 201) && read_only[PAGE] == 201, "mappings-agree", "errno %d",
	      errno);
	at[PAGE] = 202;
	check(again[PAGE] == 202 && read_only[PAGE] == 202, "mappings-agree-again", "%d %d", again[PAGE], read_only[PAGE]);
	munmap(at, size);
	munmap(again, size);
	munmap(read_only, size);
	check(pread(reading, buffer, 1, PAGE) == 1 && buffer[0] == 202, "kept-after-munmap", "byte %d", buffer[0]);
	close(reading);
	close(fd);
}

static void test_end(void)
{
	int fd = make_file(3 * PAGE + 10, O_RDWR);
	unsigned char *at = map(fd, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0), buffer[PAGE];
	check(at, "map-beyond-the-end", "errno %d", errno);
	if (!at)
		return;
	check(touch(at + 3 * PAGE + 4000, true) == 0, "last-page", "signal %d", fault_signal);
	check(touch(at + 4 * PAGE, false) == SIGBUS, "read-behind", "signal %d", fault_signal);
	check(touch(at + 5 * PAGE, true) == SIGBUS, "write-behind", "signal %d", fault_signal);
	check(ftruncate(fd, 6 * PAGE) == 0 && touch(at + 5 * PAGE, true) == 0, "grown", "signal %d", fault_signal);
	check(at[3 * PAGE + 4000] == 0, "what-was-behind-is-zeros-now", "byte %d", at[3 * PAGE + 4000]);
	at[2 * PAGE + 100] = 77;
	check(ftruncate(fd, 2 * PAGE + 50) == 0, "truncated", "errno %d", errno);
	check(touch(at + 3 * PAGE, false) == SIGBUS, "cut-off", "signal %d", fault_signal);
	check(at[2 * PAGE + 49] == byte_at(2 * PAGE + 49) && at[2 * PAGE + 100] == 0, "rest-of-the-last-page", "byte %d",
	      at[2 * PAGE + 100]);
	check(ftruncate(fd, 4 * PAGE) == 0 && touch(at + 2 * PAGE, false) == 0 && touch(at + 3 * PAGE, false) == 0,
	      "grown-again", "signal %d", fault_signal);
	check(fault_signal == 0 && at[2 * PAGE + 100] == 0 && at[3 * PAGE] == 0, "grown-again-with-zeros", "signal %d", fault_signal);
	check(pwrite(fd, "x", 1, 4 * PAGE) == 1 && touch(at + 4 * PAGE, false) == 0 && at[4 * PAGE] == 'x', "appended", "errno %d",
	      errno);
	/* O_TRUNC is a truncation too. */
	int other = open(name, O_WRONLY | O_TRUNC);
	check(other >= 0 && touch(at, false) == SIGBUS, "open-truncated", "signal %d", fault_signal);
	close(other);
	check(pread(fd, buffer, sizeof buffer, 0) == 0, "empty", "errno %d", errno);
	munmap(at, 8 * PAGE);
	close(fd);
}

/* Holes become pages when they are written. */
static void test_holes(void)
{
	int fd = make_file(0, O_RDWR);
	struct stat before, after;
	ftruncate(fd, 64 * PAGE);
	unsigned char *at = map(fd, 64 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	size_t sum = 0;
	for (int i = 0; at && i < 64; i++)
		sum += at[i * PAGE];
	fstat(fd, &before);
	check(at && sum == 0 && before.st_blocks == 0, "hole-read", "sum %zu, %ld blocks", sum, (long)before.st_blocks);
	for (int i = 0; at && i < 64; i += 2)
		at[i * PAGE] = (unsigned char)(i + 1);
	check(at && msync(at, 64 * PAGE, MS_SYNC) == 0, "msync", "errno %d", errno);
	fstat(fd, &after);
	check(after.st_blocks == 32 * PAGE / 512, "hole-written", "%ld blocks", (long)after.st_blocks);
	size_t bad = 0;
	for (int i = 0; at && i < 64; i++)
		bad += at[i * PAGE] != (i % 2 ? 0 : i + 1);
	check(at && bad == 0, "hole-contents", "%zu pages differ", bad);
	munmap(at, 64 * PAGE);
	close(fd);
}

static void test_protection(void)
{
	int fd = make_file(4 * PAGE, O_RDWR);
	unsigned char *at = map(fd, 4 * PAGE, PROT_NONE, MAP_SHARED, 0);
	check(at && touch(at, false) == SIGSEGV, "prot-none", "signal %d", fault_signal);
	check(mprotect(at, 2 * PAGE, PROT_READ) == 0 && at[PAGE] == byte_at(PAGE), "now-read", "errno %d", errno);
	check(touch(at, true) == SIGSEGV, "not-written", "signal %d", fault_signal);
	check(mprotect(at, PAGE, PROT_READ | PROT_WRITE) == 0 && touch(at, true) == 0, "now-written", "signal %d", fault_signal);
	check(munmap(at + PAGE, PAGE) == 0 && touch(at + PAGE, false) == SIGSEGV && at[0] == 1, "unmapped-middle", "signal %d",
	      fault_signal);
	unsigned char *fixed = mmap(at + PAGE, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, fd, 3 * PAGE);
	check(fixed == at + PAGE && fixed[5] == byte_at(3 * PAGE + 5), "mapped-fixed", "errno %d", errno);
	check(msync(at + 1, PAGE, MS_SYNC) == -1 && errno == EINVAL, "msync-unaligned", "errno %d", errno);
	check(msync(at, PAGE, MS_SYNC | MS_ASYNC) == -1 && errno == EINVAL, "msync-both", "errno %d", errno);
	munmap(at, 4 * PAGE);
	close(fd);
}

static void test_fork(void)
{
	int fd = make_file(2 * PAGE, O_RDWR), status = 0;
	unsigned char *shared = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	unsigned char *private = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, PAGE);
	private[0] = 10;
	pid_t pid = fork();
	if (pid == 0) {
		bool good = private[0] == 10 && private[1] == byte_at(PAGE + 1);
		private[0] = 11;
		shared[0] = 12;
		_exit(good && msync(shared, PAGE, MS_SYNC) == 0 ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	check(pid > 0 && status == 0 && private[0] == 10, "fork-private", "status %x, byte %d", status, private[0]);
	check(shared[0] == 12, "fork-shared", "byte %d", shared[0]);
	munmap(shared, PAGE);
	munmap(private, PAGE);
	close(fd);
}

/* An unlinked file lives as long as it is mapped. */
static void test_unlinked(void)
{
	int fd = make_file(2 * PAGE, O_RDWR);
	unsigned char *at = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	close(fd);
	unlink(name);
	check(at && at[PAGE + 3] == byte_at(PAGE + 3), "unlinked", "errno %d", errno);
	munmap(at, 2 * PAGE);
}

/* Two processes and a lock in the file.  */
struct arena {
	pthread_mutex_t mutex;
	pthread_cond_t turn;
	volatile int counter, whose;
};

enum { INCREMENTS = 2000, TURNS = 20 };

static void increment(struct arena *arena, int self)
{
	for (int i = 0; i < INCREMENTS; i++) {
		pthread_mutex_lock(&arena->mutex);
		arena->counter++;
		pthread_mutex_unlock(&arena->mutex);
	}
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&arena->mutex);
		while (arena->whose != self)
			pthread_cond_wait(&arena->turn, &arena->mutex);
		arena->whose = !self;
		pthread_cond_broadcast(&arena->turn);
		pthread_mutex_unlock(&arena->mutex);
	}
}

static void test_locks(void)
{
	int fd = make_file(PAGE, O_RDWR), status = 0;
	struct arena *arena = (struct arena *)map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	pthread_mutexattr_t mutex;
	pthread_condattr_t cond;
	struct timespec start, end;
	if (!arena) {
		check(false, "locks", "errno %d", errno);
		return;
	}
	memset(arena, 0, sizeof *arena);
	pthread_mutexattr_init(&mutex);
	pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&arena->mutex, &mutex);
	pthread_condattr_init(&cond);
	pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&arena->turn, &cond);
	pid_t pid = fork();
	clock_gettime(CLOCK_MONOTONIC, &start);
	increment(arena, pid == 0);
	if (pid == 0)
		_exit(0);
	waitpid(pid, &status, 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	check(status == 0 && arena->counter == 2 * INCREMENTS, "mutex-in-a-file", "status %x, %d", status, arena->counter);
	printf("# %d increments and %d turns in %ld ms\n", 2 * INCREMENTS, 2 * TURNS,
	       (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1000000);
	munmap(arena, PAGE);
	close(fd);
}

/* Nothing of many mappings stays behind. */
static void test_leaks(void)
{
	int fd = make_file(4 * PAGE, O_RDWR);
	unsigned before = 0, after = 0;
	for (int i = 0; i < 60; i++) {
		unsigned char *at = map(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
		unsigned char *copy = map(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
		at[PAGE]++;
		copy[PAGE]++;
		munmap(at + PAGE, PAGE);
		munmap(at, 4 * PAGE);
		munmap(copy, 4 * PAGE);
		if (i == 9)
			before = count_names();
	}
	after = count_names();
	check(before == after, "no-name-left", "%u, then %u", before, after);
	close(fd);
}

int main(void)
{
	alarm(110);
	test_reading();
	test_coherence();
	test_end();
	test_holes();
	test_protection();
	test_fork();
	test_unlinked();
	test_locks();
	test_leaks();
	unlink(name);
	return check_result("posix-mmap");
}
