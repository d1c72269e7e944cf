/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pager-server FILE: attaches itself to FILE, which is then a memory object that any machine
   may map (io_map).  What is written to it is a command: sync, return, flush (each until it
   is done), delay MS (of each page written to the store).  What is read are its numbers.
   With --one the object is one for a single kernel, as the Hurd's are: it does not say that it is
   for many, counts them, and what may be read only is a proxy of the kernel's.  */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd/fs.h>
#include <mach/mach4.h>

#include "core/pages/many.h"
#include "fsys_S.h"
#include "io_S.h"

static struct user_pager_info store;
static struct pager *pager;
static mach_port_t control, file;
static bool for_one;

/* --- the file ------------------------------------------------------------------------ */

kern_return_t
S_fsys_getroot (mach_port_t fsys, mach_port_t dotdot, const_idarray_t uids,
		mach_msg_type_number_t uids_count, const_idarray_t gids,
		mach_msg_type_number_t gids_count, int flags, retry_type *retry,
		string_t retry_name, mach_port_t *root, mach_msg_type_name_t *root_type)
{
  *retry = FS_RETRY_NORMAL;
  *retry_name = '\0';
  *root = file;
  *root_type = MACH_MSG_TYPE_MAKE_SEND;
  if (MACH_PORT_VALID (dotdot))
    mach_port_deallocate (mach_task_self (), dotdot);
  return 0;
}

static mach_port_t
kernel_proxy (void)
{
  mach_port_t object = pager_get_port (pager), proxy = MACH_PORT_NULL;
  vm_offset_t offset = 0, start = 0;
  vm_size_t length = ~(vm_size_t) 0;
  memory_object_create_proxy (mach_task_self (), VM_PROT_READ | VM_PROT_EXECUTE, &object,
			      MACH_MSG_TYPE_MAKE_SEND, 1, &offset, 1, &start, 1, &length, 1, &proxy);
  return proxy;
}

kern_return_t
S_io_map (mach_port_t io, mach_port_t *read_object, mach_msg_type_name_t *read_type,
	  mach_port_t *write_object, mach_msg_type_name_t *write_type)
{
  *write_object = pager_get_port (pager);
  *write_type = MACH_MSG_TYPE_MAKE_SEND;
  *read_object = for_one ? kernel_proxy () : pager_create_ro_port (pager);
  *read_type = MACH_MSG_TYPE_MOVE_SEND;
  return 0;
}

kern_return_t
S_io_write (mach_port_t io, const_data_t data, mach_msg_type_number_t bytes, loff_t offset,
	    vm_size_t *written)
{
  char command[64] = "";
  memcpy (command, data, bytes < sizeof command ? bytes : sizeof command - 1);
  *written = bytes;
  if (!strcmp (command, "sync"))
    pager_sync (pager, 1);
  else if (!strcmp (command, "return"))
    pager_return (pager, 1);
  else if (!strcmp (command, "flush"))
    pager_flush (pager, 1);
  else if (!strncmp (command, "delay ", 6))
    store.write_delay_ms = atoi (command + 6);
  else
    return hurd_from_errno (EINVAL);
  return 0;
}

kern_return_t
S_io_read (mach_port_t io, data_t *data, mach_msg_type_number_t *bytes, loff_t offset,
	   vm_size_t wanted)
{
  struct pager_statistics s;
  pager_get_statistics (pager, &s);
  *bytes = snprintf (*data, *bytes, "clients %u lost %u inits %u terminates %u faults %u "
		     "messages %u reads %u writes %u\n", s.clients, (unsigned) s.lost_clients,
		     (unsigned) s.inits, (unsigned) s.terminates, (unsigned) s.faults,
		     (unsigned) pager_messages (&s), (unsigned) s.pages_read,
		     (unsigned) s.pages_written);
  return 0;
}

/* --- service ---------------------------------------------------------------------------- */

static boolean_t
demux (mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  mig_routine_t routine = io_server_routine (inp);
  if (!routine)
    routine = fsys_server_routine (inp);
  if (routine)
    routine (inp, outp);
  return routine != NULL;
}

static int
one_demuxer (mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  return inp->msgh_id != PAGES_ARE_FOR_MANY && pager_demuxer (inp, outp);
}

static void *
receive_for_one (void *bucket)
{
  ports_manage_port_operations_one_thread (bucket, one_demuxer, 0);
  return NULL;
}

static bool
start (struct port_bucket *bucket)
{
  struct pager_requests *requests;
  pthread_t thread;
  return for_one ? !pthread_create (&thread, NULL, receive_for_one, bucket)
		 : !pager_start_workers (bucket, &requests);
}

static mach_port_t
new_port (mach_port_t set)
{
  mach_port_t port = MACH_PORT_NULL;
  mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port);
  mach_port_move_member (mach_task_self (), port, set);
  return port;
}

static bool
attach (const char *name)
{
  file_t node = file_name_lookup (name, O_CREAT | O_NOTRANS, 0666);
  return node != MACH_PORT_NULL
	 && !file_set_translator (node, 0, FS_TRANS_SET, 0, NULL, 0, control,
				  MACH_MSG_TYPE_MAKE_SEND);
}

int
main (int argc, char **argv)
{
  struct port_bucket *bucket = ports_create_bucket ();
  mach_port_t set;
  for_one = argc > 1 && !strcmp (argv[1], "--one");
  argc -= for_one;
  argv += for_one;
  if (argc != 2 && argc != 3)
    {
      fprintf (stderr, "usage: pager-server [--one] FILE [MINIMUM HOLD IN us]\n");
      return 2;
    }
  pager_set_defaults (argc > 2 ? (uint64_t) atoi (argv[2]) : PAGER_HOLD_US, PAGER_LIMIT_MS,
		      PAGER_AHEAD_PAGES);
  store_init (&store, STORE_PAGES);
  mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_PORT_SET, &set);
  control = new_port (set);
  file = new_port (set);
  pager = bucket ? pager_create (&store, bucket, FALSE, MEMORY_OBJECT_COPY_DELAY, FALSE) : NULL;
  if (!pager || !start (bucket) || !attach (argv[1]))
    {
      fprintf (stderr, "pager-server: %s: cannot serve\n", argv[1]);
      return 1;
    }
  for (;;)
    mach_msg_server (demux, 0, set);
}
