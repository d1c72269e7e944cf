/* SPDX-License-Identifier: GPL-2.0-or-later */
/* moving: a receive right comes to the task that sends to it all the time, behind other messages in a queue
   that is full.  What it has sent must be there, in order, with each right under its own name.
     moving ROUNDS   ends with "moving: ROUNDS rounds, WRONG wrong" */
#include "tests/node/rights/letter.h"

#include <hurd.h>
#include <hurd/process.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TO_PARENT = 0x4711, ID_BEGIN = 470100, ID_FILL, ID_MOVE, ID_NUMBER, ID_LAST, SOME = 3, FILLERS = 7, MORE = 20,
	PAUSE_US = 20000, WAIT_MS = 20000 };

struct sender
{
	pthread_t thread;
	mach_port_t to, carried;
	volatile bool stop;
};

static unsigned wrongs;

static void
check (bool good, unsigned round, const char *what, long got, long wanted)
{
	if (!good && wrongs++ < 5)
		printf ("moving: round %u: %s: %ld, not %ld\n", round, what, got, wanted);
}

/* --- the task that gives its receive right away ------------------------------------------- */

static void
child_round (mach_port_t parent)
{
	static struct letter letter;
	mach_port_t self = mach_task_self (), queue;
	int32_t next = 0;

	mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &queue);
	letter_begin (&letter, ID_BEGIN);
	letter_add_right (&letter, queue, MACH_MSG_TYPE_MAKE_SEND);
	letter_send (&letter, parent, MACH_PORT_NULL, WAIT_MS);
	while (next < SOME && letter_receive (&letter, queue, WAIT_MS) == MACH_MSG_SUCCESS)
	{
		mach_msg_destroy (&letter.header);
		next++;
	}
	for (int i = 0; i < FILLERS; i++)
	{
		letter_begin (&letter, ID_FILL);
		letter_send (&letter, parent, MACH_PORT_NULL, WAIT_MS);
	}
	letter_begin (&letter, ID_MOVE);
	letter_add_int (&letter, next);
	letter_add_right (&letter, queue, MACH_MSG_TYPE_MOVE_RECEIVE);
	letter_send (&letter, parent, MACH_PORT_NULL, WAIT_MS);
}

static int
child (unsigned rounds)
{
	mach_port_type_t type;

	while (mach_port_type (mach_task_self (), TO_PARENT, &type) != KERN_SUCCESS)
		usleep (PAUSE_US);
	for (unsigned i = 0; i < rounds; i++)
		child_round (TO_PARENT);
	return 0;
}

/* --- the task that gets it ------------------------------------------------------------------ */

static void *
send_numbers (void *argument)
{
	struct letter *letter = malloc (sizeof *letter);
	struct sender *sender = argument;
	bool last = false;

	for (int32_t number = 0; !last; number++)
	{
		last = sender->stop;
		letter_begin (letter, last ? ID_LAST : ID_NUMBER);
		letter_add_int (letter, number);
		letter_add_right (letter, sender->carried, MACH_MSG_TYPE_MAKE_SEND);
		letter_send (letter, sender->to, MACH_PORT_NULL, WAIT_MS);
	}
	free (letter);
	return NULL;
}

static bool
receive (struct letter *letter, mach_port_t port, unsigned round)
{
	mach_msg_return_t result = letter_receive (letter, port, WAIT_MS);

	check (result == MACH_MSG_SUCCESS, round, "nothing came", result, 0);
	return result == MACH_MSG_SUCCESS;
}

static void
read_numbers (struct letter *letter, mach_port_t queue, struct sender *sender, int32_t next, unsigned round)
{
	mach_port_t right = MACH_PORT_NULL;
	mach_msg_type_name_t disposition;
	int32_t number = -1;

	for (int i = 0; receive (letter, queue, round); i++, next++)
	{
		letter_next_int (letter, &number);
		check (number == next, round, "a number", number, next);
		letter_next_right (letter, &right, &disposition);
		check (right == sender->carried, round, "a right", right, sender->carried);
		mach_msg_destroy (&letter->header);
		if (i == MORE)
			sender->stop = true;
		if (letter->header.msgh_id == ID_LAST)
			return;
	}
}

static void
parent_round (mach_port_t port, mach_port_t carried, unsigned round)
{
	static struct letter letter;
	struct sender sender = { .carried = carried };
	mach_msg_type_name_t disposition;
	mach_port_t queue = MACH_PORT_NULL;
	int32_t next = 0;

	if (!receive (&letter, port, round) || !letter_next_right (&letter, &sender.to, &disposition))
		return;
	pthread_create (&sender.thread, NULL, send_numbers, &sender);
	usleep (PAUSE_US);
	do
		if (!receive (&letter, port, round))
			exit (1);
	while (letter.header.msgh_id != ID_MOVE);
	letter_next_int (&letter, &next);
	letter_next_right (&letter, &queue, &disposition);
	check (queue == sender.to, round, "the receive right's name", queue, sender.to);
	read_numbers (&letter, queue, &sender, next, round);
	pthread_join (sender.thread, NULL);
	mach_port_destroy (mach_task_self (), queue);
}

int
main (int argc, char **argv)
{
	unsigned rounds = argc == 2 ? strtoul (argv[1], NULL, 10) : 0;
	mach_port_t self = mach_task_self (), port, carried, task;
	pid_t pid;

	if (rounds == 0)
		return 2;
	mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &carried);
	if ((pid = fork ()) == 0)
		_exit (child (rounds));
	proc_pid2task (getproc (), pid, &task);
	check (mach_port_insert_right (task, TO_PARENT, port, MACH_MSG_TYPE_MAKE_SEND) == KERN_SUCCESS, 0, "insertion", 1, 0);
	for (unsigned i = 0; i < rounds; i++)
		parent_round (port, carried, i);
	waitpid (pid, NULL, 0);
	printf ("moving: %u rounds, %u wrong\n", rounds, wrongs);
	return wrongs != 0;
}
