/* SPDX-License-Identifier: GPL-2.0-or-later */
/* waits: threads that wait in the kernel for what never comes, while others work.
     gsync_wait for a word that nobody changes; vm_map of a copy of an object whose pager never says that it is ready;
     a page of memory whose pager never supplies it; vm_write out of that memory.  It also goes to another task.
   Ends with "waits: N calls, W wrong, O waits over"; none should be over.  With a number: works for so many seconds. */
#include "tests/node/rights/letter.h"
#include "tests/node/rights/paged.h"

#include <fcntl.h>
#include <hurd.h>
#include <hurd/process.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <mach/gnumach.h>

enum { CALLS = 300, BEGIN_US = 300000, WAIT_MS = 10000, AT_CHILD = 0x4711, ID = 470100, PAGES = 4 };

static unsigned word;
static volatile unsigned over;		/* waits */
static vm_address_t silent;		/* memory that is never supplied */

static void *
wait_for_word (void *unused)
{
	while (gsync_wait (mach_task_self (), (vm_offset_t) &word, 0, 0, 0, 0) == KERN_INTERRUPTED)
		;
	over++;
	return NULL;
}

static void *
map_for_ever (void *unused)
{
	mach_port_t self = mach_task_self (), object;
	vm_address_t address = 0;

	mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &object);
	mach_port_insert_right (self, object, object, MACH_MSG_TYPE_MAKE_SEND);
	vm_map (self, &address, vm_page_size, 0, TRUE, object, 0, TRUE, VM_PROT_READ, VM_PROT_READ, VM_INHERIT_NONE);
	over++;
	return NULL;
}

static void *
touch_for_ever (void *unused)
{
	word += *(volatile char *) silent;
	over++;
	return NULL;
}

static void *
write_for_ever (void *unused)
{
	/* into an object that is not the kernel's own, so that it has to be copied */
	vm_write (mach_task_self (), silent + PAGES / 2 * vm_page_size, silent, PAGES / 2 * vm_page_size);
	over++;
	return NULL;
}

/* The other task receives the memory and does not look at it either. */
static int
child (void)
{
	static struct letter letter;

	mach_port_allocate_name (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, AT_CHILD);
	for (;;)
		letter_receive (&letter, AT_CHILD, WAIT_MS);
	return 0;
}

static unsigned
send_silent (mach_port_t to)
{
	static struct letter letter;

	letter_begin (&letter, ID);
	letter_add_memory (&letter, (void *) silent, PAGES * vm_page_size, false);
	return letter_send (&letter, to, MACH_PORT_NULL, WAIT_MS) != MACH_MSG_SUCCESS;
}

static unsigned
call (int fd, mach_port_t other, unsigned number)
{
	mach_port_t self = mach_task_self (), port = MACH_PORT_NULL;
	vm_address_t address = 0;
	unsigned wrong = 0;

	wrong += lseek (fd, number, SEEK_SET) != (off_t) number;
	wrong += mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS;
	wrong += mach_port_destroy (self, port) != KERN_SUCCESS;
	wrong += vm_allocate (self, &address, vm_page_size, TRUE) != KERN_SUCCESS;
	wrong += vm_deallocate (self, address, vm_page_size) != KERN_SUCCESS;
	if (number % 10 == 0)
		wrong += send_silent (other);
	return wrong;
}

int
main (int argc, char **argv)
{
	static void *(*const waits[]) (void *) = { wait_for_word, map_for_ever, touch_for_ever, write_for_ever };
	struct paged *paged = paged_new (PAGED_SILENT, PAGES * vm_page_size, &silent);
	unsigned long calls = 0, wrong = 0;
	mach_msg_type_name_t disposition;
	mach_port_t task, right;
	pthread_t thread;
	pid_t pid;
	int fd = open ("/etc/hostname", O_RDONLY);

	if (paged == NULL)
		return 2;
	if ((pid = fork ()) == 0)
		_exit (child ());
	proc_pid2task (getproc (), pid, &task);
	while (mach_port_extract_right (task, AT_CHILD, MACH_MSG_TYPE_MAKE_SEND, &right, &disposition) != KERN_SUCCESS)
		usleep (BEGIN_US / 10);
	for (size_t i = 0; i < sizeof waits / sizeof waits[0]; i++)
		pthread_create (&thread, NULL, waits[i], NULL);
	usleep (BEGIN_US);
	puts ("waits: begun");
	fflush (stdout);
	for (time_t start = time (NULL); argc > 1 ? time (NULL) - start < atoi (argv[1]) : calls < CALLS; calls++)
		wrong += call (fd, right, calls);
	kill (pid, SIGKILL);
	waitpid (pid, NULL, 0);
	printf ("waits: %lu calls, %lu wrong, %u waits over%s\n", calls, wrong, over,
		paged_was_asked (paged, 0) ? "" : ", but the pager was never asked");
	fflush (stdout);
	_exit (wrong != 0 || over != 0);
}
