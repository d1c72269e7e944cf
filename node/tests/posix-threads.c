/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Threads: mutexes, conditions, thread-local storage, cancellation, leaks. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { THREADS = 8, ROUNDS = 5000, TURNS = 500, JOINS = 2000, DETACHED = 500, NS_PER_MS = 1000000 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static long counter;
static volatile int atomic_counter;
static int turn;
static _Thread_local volatile long own = 5;
static _Thread_local volatile char own_array[5000];

static double seconds(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec + time.tv_nsec * 1e-9;
}

static void *add(void *argument)
{
	long id = (long)argument;
	own += id;
	own_array[4999] = (char)id;
	for (int i = 0; i < ROUNDS; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		pthread_mutex_unlock(&mutex);
		__atomic_add_fetch(&atomic_counter, 1, __ATOMIC_RELAXED);
	}
	return (void *)(own == 5 + id && own_array[4999] == (char)id && own_array[0] == 0 ? id : -1000000);
}

static void test_mutex(void)
{
	pthread_t threads[THREADS];
	long sum = 0;
	for (long i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, add, (void *)(i + 1)))
			check(false, "create", "thread %ld", i);
	for (int i = 0; i < THREADS; i++) {
		void *result;
		pthread_join(threads[i], &result);
		sum += (long)result;
	}
	check(counter == THREADS * ROUNDS && atomic_counter == THREADS * ROUNDS, "mutex", "counter %ld", counter);
	check(sum == THREADS * (THREADS + 1) / 2 && own == 5, "thread-local-storage", "sum %ld", sum);
}

static void *take_turns(void *argument)
{
	int me = (int)(long)argument;
	for (int i = 0; i < TURNS; i++) {
		pthread_mutex_lock(&mutex);
		while (turn != me)
			pthread_cond_wait(&condition, &mutex);
		turn = !me;
		pthread_cond_broadcast(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return NULL;
}

static void test_condition(void)
{
	pthread_t threads[2];
	for (long i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, take_turns, (void *)i);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	check(turn == 0, "condition", "turn %d", turn);

	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += 120 * NS_PER_MS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	double start = seconds();
	pthread_mutex_lock(&mutex);
	int result = pthread_cond_timedwait(&condition, &mutex, &until);
	pthread_mutex_unlock(&mutex);
	double waited = seconds() - start;
	check(result == ETIMEDOUT && waited > 0.1 && waited < 2, "condition-timeout", "result %d after %.3f s", result, waited);
}

static void *nothing(void *argument)
{
	return argument;
}

static void test_joins(void)
{
	pthread_t thread;
	void *result;
	for (int i = 0; i < 20; i++) {		/* what is allocated once, is */
		pthread_create(&thread, NULL, nothing, NULL);
		pthread_join(thread, NULL);
	}
	usleep(50000);
	unsigned names = count_names(), threads = count_threads();
	unsigned long size = virtual_size();
	int bad = 0;
	double start = seconds();
	for (long i = 0; i < JOINS; i++)
		bad += pthread_create(&thread, NULL, nothing, (void *)i) || pthread_join(thread, &result) || result != (void *)i;
	double each = (seconds() - start) / JOINS;
	usleep(100000);
	printf("# %d joins, %.0f us each\n", JOINS, each * 1e6);
	check(bad == 0, "joins", "%d of %d failed", bad, JOINS);
	check(count_names() <= names, "joins-leave-no-name", "%u before, %u after", names, count_names());
	check(count_threads() <= threads, "joins-leave-no-thread", "%u before, %u after", threads, count_threads());
	check(virtual_size() <= size + 1048576, "joins-leave-no-memory", "%lu before, %lu after", size, virtual_size());
}

static void *count_one(void *argument)
{
	__atomic_add_fetch(&atomic_counter, 1, __ATOMIC_RELAXED);
	return NULL;
}

static void test_detached(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	unsigned names = count_names(), threads = count_threads();
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	atomic_counter = 0;
	for (int i = 0; i < DETACHED; i++) {
		while (pthread_create(&thread, &attributes, count_one, NULL))
			sched_yield();
		while (i % 20 == 19 && atomic_counter < i)
			sched_yield();
	}
	for (int i = 0; i < 200 && (atomic_counter < DETACHED || count_threads() > threads); i++)
		usleep(10000);
	check(atomic_counter == DETACHED, "detached", "%d ran", atomic_counter);
	check(count_threads() <= threads && count_names() <= names, "detached-leave-nothing", "threads %u -> %u, names %u -> %u",
	      threads, count_threads(), names, count_names());
}

static sem_t never;
static volatile int cleaned;

static void clean(void *argument)
{
	cleaned = 1;
}

static void *wait_for_ever(void *argument)
{
	pthread_cleanup_push(clean, NULL);
	if (argument)
		sleep(1000);
	else
		sem_wait(&never);
	pthread_cleanup_pop(0);
	return NULL;
}

static void test_cancel(const char *name, void *how)
{
	pthread_t thread;
	void *result = NULL;
	sem_init(&never, 0, 0);
	cleaned = 0;
	pthread_create(&thread, NULL, wait_for_ever, how);
	usleep(50000);
	double start = seconds();
	pthread_cancel(thread);
	pthread_join(thread, &result);
	check(result == PTHREAD_CANCELED && cleaned && seconds() - start < 2, name, "result %p cleaned %d after %.2f s", result,
	      cleaned, seconds() - start);
}

/* A cancellation that comes just as the thread begins to wait must not get lost. */
static void test_cancel_race(void)
{
	int good = 0;
	for (int i = 0; i < 100; i++) {
		pthread_t thread;
		void *result = NULL;
		pthread_create(&thread, NULL, wait_for_ever, NULL);
		for (int k = 0; k < i % 7; k++)
			sched_yield();
		pthread_cancel(thread);
		pthread_join(thread, &result);
		good += result == PTHREAD_CANCELED;
	}
	check(good == 100, "cancel-at-any-moment", "%d of 100", good);
}

static pthread_key_t key;
static volatile int destroyed;

static void destroy(void *value)
{
	destroyed++;
}

static void *set_key(void *argument)
{
	pthread_setspecific(key, argument);
	return NULL;
}

static void test_keys(void)
{
	pthread_t thread;
	pthread_key_create(&key, destroy);
	for (int i = 0; i < 4; i++) {
		pthread_create(&thread, NULL, set_key, &key);
		pthread_join(thread, NULL);
	}
	check(destroyed == 4, "key-destructors", "%d ran", destroyed);
}

int main(void)
{
	alarm(120);
	test_mutex();
	test_condition();
	test_joins();
	test_detached();
	test_cancel("cancel-semaphore", NULL);
	test_cancel("cancel-sleep", &never);
	test_cancel_race();
	test_keys();
	return check_result("posix-threads");
}
