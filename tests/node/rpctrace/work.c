/* SPDX-License-Identifier: GPL-2.0-or-later */
/* work: keeps rights, memory, files and threads busy and looks at everything that comes back.
     work calls N           N remote calls, one after the other
     work time N            N null calls to a file, three times; the least of them in ns a call
     work until THREADS     the same in several threads, until SIGTERM comes
   Ends with "work: N rounds, W wrong, names B -> E": how many port names there were before and after. */
#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <mach.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CALLS_A_ROUND = 14, THREADS_MAX = 16, PATTERN_BYTES = 2000, SETTLE_TRIES = 50, SETTLE_US = 100000,
	SIGNALS = 20, SIGNAL_US = 5000, SPINS = 100000 };

struct worker
{
	pthread_t thread;
	unsigned number;
	unsigned long rounds, wrong;
};

static volatile sig_atomic_t stopped;

/* All port names of this task, to be told from later ones. */
struct names
{
	mach_port_array_t list;
	mach_port_type_array_t types;
	mach_msg_type_number_t count;
};

static struct names
names (void)
{
	mach_msg_type_number_t types_count = 0;
	struct names names = { 0 };

	if (mach_port_names (mach_task_self (), &names.list, &names.count, &names.types, &types_count) != KERN_SUCCESS)
		names.count = 0;
	return names;
}

static void
names_free (const struct names *names)
{
	vm_deallocate (mach_task_self (), (vm_address_t) names->list, names->count * sizeof *names->list);
	vm_deallocate (mach_task_self (), (vm_address_t) names->types, names->count * sizeof *names->types);
}

/* Those that one has and the other has not. */
static void
list_difference (const char *what, const struct names *one, const struct names *other)
{
	for (mach_msg_type_number_t i = 0; i < one->count; i++)
	{
		mach_msg_type_number_t at = 0;

		while (at < other->count && (other->list[at] != one->list[i] || other->types[at] != one->types[i]))
			at++;
		if (at == other->count)
			printf ("work: %s: name %u, type 0x%x\n", what, one->list[i], one->types[i]);
	}
}

static void
wrong (struct worker *worker, const char *what)
{
	if (worker->wrong++ < 3)
		fprintf (stderr, "work: thread %u, round %lu: %s (%s)\n", worker->number, worker->rounds, what, strerror (errno));
}

/* A call of the kernel. */
#define SUCCEEDS(call) do { kern_return_t result_ = (call); \
	if (result_ != KERN_SUCCESS) { char what_[120]; \
		snprintf (what_, sizeof what_, "0x%x from " #call, result_); wrong (worker, what_); } } while (0)
#define CHECK(condition) do { if (!(condition)) wrong (worker, #condition); } while (0)

/* Five calls to the kernel; a right has one name however often it comes. */
static void
use_rights (struct worker *worker)
{
	mach_port_t self = mach_task_self (), port = MACH_PORT_NULL, again = MACH_PORT_NULL;
	mach_port_urefs_t refs = 0;
	mach_msg_type_name_t type;

	SUCCEEDS (mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &port));
	SUCCEEDS (mach_port_insert_right (self, port, port, MACH_MSG_TYPE_MAKE_SEND));
	SUCCEEDS (mach_port_extract_right (self, port, MACH_MSG_TYPE_COPY_SEND, &again, &type));
	CHECK (again == port);
	SUCCEEDS (mach_port_get_refs (self, port, MACH_PORT_RIGHT_SEND, &refs));
	CHECK (refs == 2);
	SUCCEEDS (mach_port_destroy (self, port));
}

static void
use_memory (struct worker *worker)
{
	vm_address_t address = 0;

	SUCCEEDS (vm_allocate (mach_task_self (), &address, vm_page_size, TRUE));
	*(volatile unsigned *) address = worker->rounds;
	CHECK (*(volatile unsigned *) address == (unsigned) worker->rounds);
	SUCCEEDS (vm_deallocate (mach_task_self (), address, vm_page_size));
}

/* Seven calls to servers. */
static void
use_files (struct worker *worker)
{
	char path[40], written[PATTERN_BYTES], read_back[PATTERN_BYTES];
	int fd;

	snprintf (path, sizeof path, "/tmp/work.%d.%u", getpid (), worker->number);
	memset (written, 'a' + worker->rounds % 26, sizeof written);
	CHECK ((fd = open (path, O_RDWR | O_CREAT, 0600)) >= 0);
	CHECK (pwrite (fd, written, sizeof written, 0) == sizeof written);
	CHECK (pread (fd, read_back, sizeof read_back, 0) == sizeof read_back);
	CHECK (memcmp (written, read_back, sizeof written) == 0);
	CHECK (lseek (fd, 5, SEEK_SET) == 5);
	CHECK (close (fd) == 0);
	CHECK (unlink (path) == 0);
}

static void
round_of (struct worker *worker)
{
	use_rights (worker);
	use_memory (worker);
	use_files (worker);
	worker->rounds++;
}

static void *
work_until_stopped (void *argument)
{
	while (!stopped)
		round_of (argument);
	return NULL;
}

static void
stop (int unused)
{
	stopped = 1;
}

static void
take_signal (int unused)
{
}

/* The thread that delivers signals makes what it needs for them when it first needs it: it may be in any
   round, so it has to be here. */
static void
take_some_signals (void)
{
	pid_t child;

	signal (SIGUSR1, take_signal);
	if ((child = fork ()) == 0)
	{
		for (int i = 0; i < SIGNALS; i++)
		{
			kill (getppid (), SIGUSR1);
			usleep (SIGNAL_US);
		}
		_exit (0);
	}
	while (waitpid (child, NULL, WNOHANG) == 0)
		for (volatile int i = 0; i < SPINS; i++)
			;
}

/* What threads leave behind goes a little later. */
static int
finish (const struct names *before, unsigned long rounds, unsigned long wrongs)
{
	struct names after = names ();

	for (int tries = 0; after.count != before->count && tries < SETTLE_TRIES; tries++)
	{
		usleep (SETTLE_US);
		names_free (&after);
		after = names ();
	}
	if (after.count != before->count)
	{
		list_difference ("gone", before, &after);
		list_difference ("new", &after, before);
	}
	printf ("work: %lu rounds, %lu wrong, names %u -> %u\n", rounds, wrongs, before->count, after.count);
	return wrongs != 0 || after.count != before->count;
}

static int
calls (unsigned long count)
{
	struct worker worker = { .number = 0 };
	struct names before;

	round_of (&worker);	/* makes what every later one has */
	before = names ();
	while (worker.rounds * CALLS_A_ROUND < count)
		round_of (&worker);
	return finish (&before, worker.rounds, worker.wrong);
}

static int
until (unsigned threads)
{
	struct worker workers[THREADS_MAX] = { 0 }, first = { .number = 99 };
	unsigned long rounds = 0, wrongs = 0;
	struct names before;

	signal (SIGTERM, stop);
	take_some_signals ();
	round_of (&first);
	usleep (SETTLE_US);
	before = names ();
	for (unsigned i = 0; i < threads; i++)
	{
		workers[i].number = i;
		pthread_create (&workers[i].thread, NULL, work_until_stopped, &workers[i]);
	}
	puts ("work: begun");
	fflush (stdout);
	for (unsigned i = 0; i < threads; i++)
	{
		pthread_join (workers[i].thread, NULL);
		rounds += workers[i].rounds;
		wrongs += workers[i].wrong;
	}
	return finish (&before, rounds, wrongs + first.wrong);
}

static uint64_t
now_ns (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000000 + now.tv_nsec;
}

static int
measure (unsigned long count)
{
	int fd = open ("/etc/hostname", O_RDONLY);
	uint64_t least = UINT64_MAX;

	for (int turn = 0; turn < 3; turn++)
	{
		uint64_t start = now_ns (), took;

		for (unsigned long i = 0; i < count; i++)
			if (lseek (fd, i, SEEK_SET) != (off_t) i)
				return 1;
		took = now_ns () - start;
		if (took < least)
			least = took;
	}
	printf ("call %llu ns\n", (unsigned long long) (least / count));
	return 0;
}

int
main (int argc, char **argv)
{
	unsigned long number = argc == 3 ? strtoul (argv[2], NULL, 10) : 0;

	if (number > 0 && strcmp (argv[1], "calls") == 0)
		return calls (number);
	if (number > 0 && number <= THREADS_MAX && strcmp (argv[1], "until") == 0)
		return until (number);
	if (number > 0 && strcmp (argv[1], "time") == 0)
		return measure (number);
	fputs ("usage: work calls N | time N | until THREADS\n", stderr);
	return 2;
}
