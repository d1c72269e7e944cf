/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory, clocks, random numbers, futexes between processes. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { PAGE = 4096, BLOCKS = 2000, READINGS = 20000, NS_PER_SECOND = 1000000000 };

static void test_malloc(void)
{
	static char *blocks[BLOCKS];
	unsigned state = 1, bad = 0;
	for (int round = 0; round < 20 * BLOCKS; round++) {
		state = state * 1103515245 + 12345;
		int i = (state >> 8) % BLOCKS;
		size_t size = 1 + (state >> 4) % (round % 100 ? 2000 : 300000);
		if (blocks[i] && *blocks[i] != (char)i)
			bad++;
		free(blocks[i]);
		blocks[i] = malloc(size);
		memset(blocks[i], i, size);
	}
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	check(bad == 0, "malloc", "%u blocks changed", bad);
	char *block = malloc(100);
	strcpy(block, "kept");
	block = realloc(block, 10 << 20);
	check(block && !strcmp(block, "kept"), "realloc", "contents lost");
	free(block);
}

static void test_mmap(void)
{
	unsigned char *at = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	check(at != MAP_FAILED && at[0] == 0 && at[4 * PAGE - 1] == 0, "mmap-zeroes", "errno %d", errno);
	at[0] = 1;
	at[3 * PAGE] = 4;
	check(munmap(at + PAGE, PAGE) == 0 && at[0] == 1 && at[3 * PAGE] == 4, "munmap-middle", "errno %d", errno);
	unsigned char *fixed = mmap(at + PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	check(fixed == at + PAGE && fixed[0] == 0, "mmap-fixed", "%p", fixed);
	unsigned char *grown = mremap(at, 4 * PAGE, 600 * PAGE, MREMAP_MAYMOVE);
	check(grown != MAP_FAILED && grown[0] == 1 && grown[3 * PAGE] == 4 && grown[599 * PAGE] == 0, "mremap", "errno %d", errno);
	check(madvise(grown, PAGE, MADV_DONTNEED) == 0 && grown[0] == 0, "madvise-dontneed", "byte %d", grown[0]);
	check(mprotect(grown, PAGE, PROT_READ) == 0, "mprotect", "errno %d", errno);
	munmap(grown, 600 * PAGE);
	check(mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL, "mmap-empty", "errno %d", errno);
}

static void test_file_mapping(void)
{
	static char contents[3 * PAGE + 100];
	for (size_t i = 0; i < sizeof contents; i++)
		contents[i] = (char)(i * 7 + i / PAGE);
	int fd = open("/tmp/posix-memory.data", O_RDWR | O_CREAT | O_TRUNC, 0600);
	bool wrote = fd >= 0 && write(fd, contents, sizeof contents) == (ssize_t)sizeof contents;
	char *at = mmap(NULL, sizeof contents, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	check(wrote && at != MAP_FAILED && !memcmp(at, contents, sizeof contents), "map-file-private", "errno %d", errno);
	if (at != MAP_FAILED) {
		char first;
		at[0] = 99;
		check(pread(fd, &first, 1, 0) == 1 && first == contents[0], "map-file-private-stays", "file changed");
		munmap(at, sizeof contents);
	}
	char *second = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, PAGE);
	check(second != MAP_FAILED && !memcmp(second, contents + PAGE, PAGE), "map-file-offset", "errno %d", errno);
	close(fd);
	unlink("/tmp/posix-memory.data");
}

static int crash_of(void (*function)(void))
{
	int status = 0;
	pid_t pid = fork();
	if (pid == 0) {
		function();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : -WEXITSTATUS(status);
}

static void write_read_only(void)
{
	char *at = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	*(volatile char *)at = 1;
}

static void divide(void)
{
	volatile int zero = 0;
	zero = 100 / zero;	/* not 1, whose quotient needs no division */
}

static void test_crashes(void)
{
	int signal = crash_of(write_read_only);
	check(signal == SIGSEGV, "crash-write", "signal %d", signal);
	signal = crash_of(divide);
	check(signal == SIGFPE, "crash-divide", "signal %d", signal);
}

static void test_fork(void)
{
	char *private = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0;
	private[0] = shared[0] = 1;
	pid_t pid = fork();
	if (pid == 0) {
		bool good = private[0] == 1;
		private[0] = shared[0] = 2;
		_exit(good ? 7 : 8);
	}
	waitpid(pid, &status, 0);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 7 && private[0] == 1, "fork-copies-private", "status %x, byte %d", status,
	      private[0]);
	check(shared[0] == 2, "fork-shares-shared", "byte %d", shared[0]);
}

/* Semaphores in shared memory: wake-ups cross from task to task. */
static void test_shared_semaphore(void)
{
	sem_t *pair = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = 0, done = 0;
	struct timespec until;
	sem_init(&pair[0], 1, 0);
	sem_init(&pair[1], 1, 0);
	pid_t pid = fork();
	if (pid == 0) {
		for (int i = 0; i < 200; i++) {
			sem_wait(&pair[0]);
			sem_post(&pair[1]);
		}
		_exit(0);
	}
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	for (; done < 200; done++) {
		sem_post(&pair[0]);
		if (sem_timedwait(&pair[1], &until))
			break;
	}
	if (done < 200)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	check(done == 200, "semaphore-between-processes", "%d rounds", done);
}

static long now_ns(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * NS_PER_SECOND + time.tv_nsec;
}

static void test_clock(void)
{
	long first = now_ns(), last = first, back = 0, steps = 0, largest = 0;
	for (int i = 0; i < READINGS || last - first < 200 * 1000000; i++) {
		long now = now_ns();
		back += now < last;
		steps += now > last;
		if (now - last > largest)
			largest = now - last;
		last = now;
	}
	printf("# clock: %ld steps in %ld ms, largest %ld us\n", steps, (last - first) / 1000000, largest / 1000);
	check(back == 0, "clock-monotonic", "%ld steps back", back);
	check(steps > 10, "clock-runs", "%ld steps", steps);
	long before = now_ns();
	usleep(50000);
	long slept = now_ns() - before;
	check(slept >= 50000000 && slept < 1000000000, "sleep", "%ld us", slept / 1000);
	check(time(NULL) > 1700000000, "clock-date", "%ld", (long)time(NULL));
}

static void test_random(void)
{
	unsigned char a[64] = { 0 }, b[64] = { 0 };
	int pipes[2], status;
	ssize_t got = getrandom(a, sizeof a, 0);
	check(got == sizeof a, "getrandom", "%zd, errno %d: has the processor no RDRAND?", got, errno);
	getrandom(b, sizeof b, 0);
	check(memcmp(a, b, sizeof a) != 0, "random-differs", "twice the same");
	if (pipe(pipes)) {
		check(false, "random-differs-in-child", "no pipe: errno %d", errno);
		return;
	}
	if (fork() == 0) {
		getrandom(a, sizeof a, 0);
		_exit(write(pipes[1], a, sizeof a) != sizeof a);
	}
	wait(&status);
	getrandom(a, sizeof a, 0);
	check(read(pipes[0], b, sizeof b) == sizeof b && memcmp(a, b, sizeof a), "random-differs-in-child", "the same");
}

int main(void)
{
	alarm(120);
	test_malloc();
	test_mmap();
	test_file_mapping();
	test_fork();
	test_crashes();
	test_shared_semaphore();
	test_clock();
	test_random();
	return check_result("posix-memory");
}
