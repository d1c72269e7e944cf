/* SPDX-License-Identifier: GPL-2.0-or-later */
/* steps: a program whose messages are known one by one, for a trace to be compared with.  What counts
   lies between two questions after names that do not exist. */
#include "tests/node/rights/letter.h"

#include <fcntl.h>
#include <hurd.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <mach/gnumach.h>

enum { FIRST = 471100, LAST = 471199, ID_UNKNOWN = 987654, TEXT_BYTES = 300, FAR_BYTES = 3000 };

static unsigned turn;			/* waited for in the kernel */
static struct letter letter;

static void
mark (mach_port_t name)
{
	mach_port_type_t type;

	mach_port_type (mach_task_self (), name, &type);
}

static void
files (void)
{
	char text[TEXT_BYTES];
	int fd = open ("/etc/group", O_RDONLY);

	read (fd, text, sizeof text);
	close (fd);
	open ("/etc/nothing", O_RDONLY);
	fd = open ("/tmp/steps", O_RDWR | O_CREAT | O_TRUNC, 0640);
	memset (text, 'x', sizeof text);
	write (fd, text, sizeof text);
	lseek (fd, 0, SEEK_SET);
	read (fd, text, 20);
	close (fd);
	unlink ("/tmp/steps");
}

/* A right is made and dropped, and the kernel says so. */
static void
notification (void)
{
	mach_port_t self = mach_task_self (), port, previous;

	mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &port);
	mach_port_request_notification (self, port, MACH_NOTIFY_NO_SENDERS, 1, port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	mach_port_insert_right (self, port, port, MACH_MSG_TYPE_MAKE_SEND);
	mach_port_mod_refs (self, port, MACH_PORT_RIGHT_SEND, -1);
	letter_receive (&letter, port, 10000);
	mach_port_mod_refs (self, port, MACH_PORT_RIGHT_RECEIVE, -1);
}

/* What no list knows, to a server that does not care. */
static void
unknown_message (void)
{
	static char memory[FAR_BYTES];
	int fd = open ("/etc/passwd", O_RDONLY);
	mach_port_t file = getdport (fd);

	letter_begin (&letter, ID_UNKNOWN);
	letter_add_int (&letter, -7);
	letter_add (&letter, MACH_MSG_TYPE_CHAR, 8, 6, "hello");
	letter_add (&letter, MACH_MSG_TYPE_INTEGER_64, 64, 2, (uint64_t[]) { 1, 2 });
	letter_add_memory (&letter, memory, sizeof memory, false);
	letter_add_right (&letter, file, MACH_MSG_TYPE_COPY_SEND);
	letter_add_right (&letter, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	letter_send (&letter, file, MACH_PORT_NULL, 10000);
	mach_port_deallocate (mach_task_self (), file);
	close (fd);
}

static void *
wait_for_turn (void *unused)
{
	gsync_wait (mach_task_self (), (vm_offset_t) &turn, 0, 0, 0, 0);
	return NULL;
}

/* One call begins, another one comes and goes, the first one ends. */
static void
interleaved (void)
{
	pthread_t thread;

	pthread_create (&thread, NULL, wait_for_turn, NULL);
	usleep (300000);
	mark (FIRST + 50);
	turn = 1;
	gsync_wake (mach_task_self (), (vm_offset_t) &turn, 0, 0);
	pthread_join (thread, NULL);
}

int
main (void)
{
	getpid ();
	mark (FIRST);
	files ();
	notification ();
	unknown_message ();
	mark (LAST - 1);
	interleaved ();
	mark (LAST);
	return 3;
}
