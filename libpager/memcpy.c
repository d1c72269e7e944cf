/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Copying to and from a mapping of a pager's object.  Its pages may fail: then the fault
   ends the copying, not the program.  While somebody copies, SIGSEGV and SIGBUS are the
   library's; a fault elsewhere goes to whom it went before.  */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include "libpager/internal.h"

enum { WINDOW_PAGES = 32 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned users;
static struct sigaction before_segv, before_bus;
static __thread sigjmp_buf *volatile guard;	/* of this thread's copying */

static void
pass_on (const struct sigaction *before, int number, siginfo_t *info, void *context)
{
  if (before->sa_flags & SA_SIGINFO)
    before->sa_sigaction (number, info, context);
  else if (before->sa_handler != SIG_DFL && before->sa_handler != SIG_IGN)
    before->sa_handler (number);
  else
    signal (number, SIG_DFL);	/* the same fault comes again, and ends the program */
}

static void
fault (int number, siginfo_t *info, void *context)
{
  if (guard)
    siglongjmp (*guard, 1);
  pass_on (number == SIGBUS ? &before_bus : &before_segv, number, info, context);
}

static void
guards_up (void)
{
  struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
  sigemptyset (&action.sa_mask);
  pthread_mutex_lock (&lock);
  if (users++ == 0)
    {
      sigaction (SIGBUS, &action, &before_bus);
      sigaction (SIGSEGV, &action, &before_segv);
    }
  pthread_mutex_unlock (&lock);
}

static void
guards_down (void)
{
  pthread_mutex_lock (&lock);
  if (--users == 0)
    {
      sigaction (SIGBUS, &before_bus, NULL);
      sigaction (SIGSEGV, &before_segv, NULL);
    }
  pthread_mutex_unlock (&lock);
}

/* Page by page, so that *DONE tells where it failed.  */
static void __attribute__ ((noinline))
copy_pages (char *to, const char *from, size_t bytes, size_t first, volatile size_t *done)
{
  for (size_t step = first; *done < bytes; step = vm_page_size)
    {
      if (step > bytes - *done)
	step = bytes - *done;
      memcpy (to + *done, from + *done, step);
      *done += step;
    }
}

static bool
copy_guarded (char *to, const char *from, size_t bytes, size_t first, volatile size_t *done)
{
  sigjmp_buf here;
  if (sigsetjmp (here, 1) != 0)
    {
      guard = NULL;
      return false;
    }
  guard = &here;
  copy_pages (to, from, bytes, first, done);
  guard = NULL;
  return true;
}

/* At most a window.  */
static error_t
copy_some (struct pager *pager, mach_port_t object, vm_offset_t offset, char *other,
	   size_t bytes, vm_prot_t prot, volatile size_t *done)
{
  vm_offset_t start = trunc_page (offset);
  vm_size_t size = round_page (offset + bytes) - start;
  vm_address_t window = 0;
  size_t in_page = offset - start;
  bool write = prot & VM_PROT_WRITE;
  error_t error
    = vm_map (mach_task_self (), &window, size, 0, TRUE, object, start, FALSE,
	      write ? VM_PROT_READ | VM_PROT_WRITE : VM_PROT_READ,
	      write ? VM_PROT_READ | VM_PROT_WRITE : VM_PROT_READ, VM_INHERIT_NONE);
  if (error)
    return error;
  char *mapped = (char *) window + in_page;
  if (!copy_guarded (write ? mapped : other, write ? other : mapped, bytes,
		     vm_page_size - in_page, done))
    {
      error = pager_get_error (pager, offset + *done);
      if (!error)
	error = EIO;		/* somebody else got the page since */
    }
  vm_deallocate (mach_task_self (), window, size);
  return error;
}

error_t
pager_memcpy (struct pager *pager, memory_object_t memobj, vm_offset_t offset, void *other,
	      size_t *size, vm_prot_t prot)
{
  size_t done = 0;
  error_t error = 0;
  guards_up ();
  while (!error && done < *size)
    {
      size_t most = WINDOW_PAGES * vm_page_size - offset % vm_page_size;
      volatile size_t copied = 0;
      error = copy_some (pager, memobj, offset, (char *) other + done,
			 *size - done < most ? *size - done : most, prot, &copied);
      done += copied;
      offset += copied;
    }
  guards_down ();
  *size = done;
  return error;
}
