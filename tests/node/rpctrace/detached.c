/* SPDX-License-Identifier: GPL-2.0-or-later */
/* detached: what waits when a tracer gives a task its rights back.
     detached TRACED FREE   when the file TRACED is there it asks to hear of deaths and of senders, and leaves
   messages in its own ports; when FREE is there, all of that is to be as if nobody had ever stood between.
   Ends with "detached: N right, W wrong, names B -> E". */
#include "tests/node/rights/letter.h"

#include <fcntl.h>
#include <hurd.h>
#include <hurd/process.h>
#include <mach/notify.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ID_FIRST = 470100, ID_SECOND, ID_INNER, NUMBER = 4711, AT_CHILD = 0x4711, WAIT_MS = 5000, POLL_US = 20000 };

/* Where its notifications go: ports that were there before, one that nobody else ever sees, one that others send
   to; and an old one that is another task's when they come. */
enum { OLD, NEW, SHOWN, OWN_PORTS, GIVEN = OWN_PORTS, PORTS };
static const char *const kinds[PORTS] = { "an old port", "a new port", "a port shown to others", "a port given away" };

static unsigned rights, wrongs;

static void
check (int good, const char *what, const char *where)
{
	if (good)
		rights++;
	else
	{
		wrongs++;
		printf ("detached: %s: %s\n", where, what);
	}
}

static void
wait_for (const char *path)
{
	while (access (path, F_OK) != 0)
		usleep (POLL_US);
}

static unsigned
names_now (void)
{
	mach_port_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count = 0, types_count = 0;

	if (mach_port_names (mach_task_self (), &names, &count, &types, &types_count) != KERN_SUCCESS)
		return 0;
	vm_deallocate (mach_task_self (), (vm_address_t) names, count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	return count;
}

static mach_port_t
new_port (void)
{
	mach_port_t port = MACH_PORT_NULL;

	mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port);
	return port;
}

static void
request (mach_port_t name, mach_msg_id_t kind, mach_port_mscount_t sync, mach_port_t to)
{
	mach_port_t previous = MACH_PORT_NULL;

	mach_port_request_notification (mach_task_self (), name, kind, sync, to, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
}

/* By a send right of a moment: the port has none before and afterwards. */
static void
send_to_own (struct letter *letter, mach_port_t port, mach_port_t reply)
{
	letter_send_disposed (letter, port, MACH_MSG_TYPE_MAKE_SEND, reply, WAIT_MS);
}

/* Two messages: one with a right that the tracer stands in for, and one with a receive right in which a third waits. */
static void
leave_messages (struct letter *letter, mach_port_t port, mach_port_t file, mach_port_t moving)
{
	letter_begin (letter, ID_INNER);
	letter_add_right (letter, file, MACH_MSG_TYPE_COPY_SEND);
	send_to_own (letter, moving, MACH_PORT_NULL);
	letter_begin (letter, ID_FIRST);
	letter_add_int (letter, NUMBER);
	letter_add_right (letter, file, MACH_MSG_TYPE_COPY_SEND);
	letter_add_right (letter, port, MACH_MSG_TYPE_MAKE_SEND_ONCE);
	send_to_own (letter, port, MACH_PORT_NULL);
	letter_begin (letter, ID_SECOND);
	letter_add_right (letter, moving, MACH_MSG_TYPE_MOVE_RECEIVE);
	send_to_own (letter, port, port);
}

static int
comes (struct letter *letter, mach_port_t port, mach_msg_id_t id)
{
	return letter_receive (letter, port, WAIT_MS) == MACH_MSG_SUCCESS && letter->header.msgh_id == id;
}

/* A send-once right that came leads to PORT: a message by it comes there. */
static void
check_once (mach_port_t once, mach_port_t port, const char *where)
{
	static struct letter letter;

	letter_begin (&letter, ID_INNER);
	letter_send_disposed (&letter, once, MACH_MSG_TYPE_MOVE_SEND_ONCE, MACH_PORT_NULL, WAIT_MS);
	check (comes (&letter, port, ID_INNER), "a send-once right leads elsewhere", where);
}

static void
check_messages (struct letter *letter, mach_port_t port, mach_port_t file, const char *where)
{
	mach_port_t came = MACH_PORT_NULL, inner = MACH_PORT_NULL, once = MACH_PORT_NULL, reply;
	mach_msg_type_name_t disposition = 0;
	int32_t number = 0;

	check (comes (letter, port, ID_FIRST), "the first message is not there", where);
	check (letter_next_int (letter, &number) && number == NUMBER, "its number is wrong", where);
	check (letter_next_right (letter, &came, &disposition) && came == file, "a file has another name", where);
	check (letter_next_right (letter, &once, &disposition) && disposition == MACH_MSG_TYPE_PORT_SEND_ONCE,
		"there is no send-once right", where);
	mach_port_deallocate (mach_task_self (), came);
	check (comes (letter, port, ID_SECOND), "the second message is not there", where);
	reply = letter->header.msgh_remote_port;
	check (letter_next_right (letter, &inner, &disposition) && disposition == MACH_MSG_TYPE_PORT_RECEIVE,
		"there is no receive right", where);
	check_once (once, port, where);
	check_once (reply, port, where);
	check (comes (letter, inner, ID_INNER), "the receive right is empty", where);
	check (letter_next_right (letter, &came, &disposition) && came == file, "a file within has another name", where);
	mach_port_deallocate (mach_task_self (), came);
	mach_port_mod_refs (mach_task_self (), inner, MACH_PORT_RIGHT_RECEIVE, -1);
}

int
main (int argc, char **argv)
{
	static struct letter letter;
	mach_port_t self = mach_task_self (), port[PORTS], thread[PORTS], file, other;
	mach_msg_type_name_t disposition;
	pid_t child;
	unsigned before, after;

	if (argc != 3 || !MACH_PORT_VALID (file = getdport (open ("/etc/hostname", O_RDONLY))))
		return 2;
	port[OLD] = new_port ();
	mach_port_insert_right (self, port[OLD], port[OLD], MACH_MSG_TYPE_MAKE_SEND);
	port[GIVEN] = new_port ();
	if ((child = fork ()) == 0)
		for (;;)
			pause ();
	proc_pid2task (getproc (), child, &other);
	usleep (POLL_US);	/* the clock's memory has a name */
	before = names_now () - 1;	/* one will be given away */
	puts ("detached: ready");
	fflush (stdout);
	wait_for (argv[1]);

	port[NEW] = new_port ();
	port[SHOWN] = new_port ();
	mach_port_insert_right (self, port[SHOWN], port[SHOWN], MACH_MSG_TYPE_MAKE_SEND);
	mach_ports_register (self, &port[SHOWN], 1);	/* the kernel keeps a right to it */
	for (int i = 0; i < PORTS; i++)
	{
		thread_create (self, &thread[i]);
		request (thread[i], MACH_NOTIFY_DEAD_NAME, 1, port[i]);
		if (i != GIVEN)
			leave_messages (&letter, port[i], file, new_port ());
	}
	check (mach_port_insert_right (other, AT_CHILD, port[GIVEN], MACH_MSG_TYPE_MOVE_RECEIVE) == KERN_SUCCESS,
		"it cannot be given", kinds[GIVEN]);
	request (port[SHOWN], MACH_NOTIFY_NO_SENDERS, 1, port[SHOWN]);
	puts ("detached: waits");
	fflush (stdout);
	wait_for (argv[2]);

	for (int i = 0; i < PORTS; i++)
	{
		if (i != GIVEN)
			check_messages (&letter, port[i], file, kinds[i]);
		thread_terminate (thread[i]);
		if (i == GIVEN)
			check (mach_port_extract_right (other, AT_CHILD, MACH_MSG_TYPE_MOVE_RECEIVE, &port[i], &disposition)
				== KERN_SUCCESS, "it cannot be taken back", kinds[i]);
		check (comes (&letter, port[i], MACH_NOTIFY_DEAD_NAME)
			&& ((mach_dead_name_notification_t *) &letter.header)->not_port == thread[i], "no word of a death", kinds[i]);
		mach_port_mod_refs (self, thread[i], MACH_PORT_RIGHT_DEAD_NAME, -2);
	}
	mach_ports_register (self, &port[OLD], 1);
	mach_port_mod_refs (self, port[SHOWN], MACH_PORT_RIGHT_SEND, -1);
	check (comes (&letter, port[SHOWN], MACH_NOTIFY_NO_SENDERS), "no word of the last sender's end", kinds[SHOWN]);
	kill (child, SIGKILL);
	waitpid (child, NULL, 0);
	mach_port_mod_refs (self, port[GIVEN], MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs (self, port[NEW], MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_mod_refs (self, port[SHOWN], MACH_PORT_RIGHT_RECEIVE, -1);
	after = names_now ();
	check (before == after, "names are left", "the task");
	printf ("detached: %u right, %u wrong, names %u -> %u\n", rights, wrongs, before, after);
	return wrongs != 0;
}
