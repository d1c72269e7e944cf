/* SPDX-License-Identifier: GPL-2.0-or-later */
/* many: a task with so many ports that exchanging them takes a while.
     many PORTS CALLS   says "many: ready" when it has called CALLS times for one and the same right; sleeps then.
   A child of it sends to some of the ports until all are dead: it is to be told that too. */
#include "tests/node/rights/letter.h"

#include <hurd.h>
#include <hurd/process.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SENT_TO = 20, AT_CHILD = 0x4711, ID = 470100, PAUSE_US = 20000 };

static void __attribute__ ((noreturn))
send_until_dead (void)
{
	static struct letter letter;
	unsigned alive;

	do
	{
		usleep (PAUSE_US);	/* at first they are not there yet */
		alive = 0;
		for (unsigned i = 0; i < SENT_TO; i++)
		{
			mach_msg_return_t result;

			letter_begin (&letter, ID);
			result = letter_send_disposed (&letter, AT_CHILD + i, MACH_MSG_TYPE_COPY_SEND, MACH_PORT_NULL, 0);
			alive += result != MACH_SEND_INVALID_DEST;
		}
	}
	while (alive > 0);
	_exit (0);
}

int
main (int argc, char **argv)
{
	unsigned long ports = argc == 3 ? strtoul (argv[1], NULL, 10) : 0, calls = argc == 3 ? strtoul (argv[2], NULL, 10) : 0;
	mach_port_t self = mach_task_self (), port, process, task;
	pid_t child;

	if (ports < SENT_TO)
		return 2;
	if ((child = fork ()) == 0)
	{
		usleep (PAUSE_US * 10);
		send_until_dead ();
	}
	proc_pid2task (getproc (), child, &task);
	for (unsigned long i = 0; i < ports; i++)
	{
		mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &port);
		mach_port_insert_right (self, port, port, MACH_MSG_TYPE_MAKE_SEND);
		if (i < SENT_TO)
			mach_port_insert_right (task, AT_CHILD + i, port, MACH_MSG_TYPE_COPY_SEND);
	}
	while (calls-- > 0)
		if (proc_pid2proc (getproc (), child, &process) != 0)
			return 1;
	puts ("many: ready");
	fflush (stdout);
	for (;;)
		pause ();
}
