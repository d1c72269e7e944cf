/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager and one kernel: every call and callback of <hurd/pager.h>.  */
#include "check.h"
#include "store.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct port_bucket *bucket;
static struct pager_requests *requests;

static char *
map (mach_port_t object, unsigned pages, int prot)
{
  vm_address_t at = 0;
  kern_return_t result = vm_map (mach_task_self (), &at, pages * vm_page_size, 0, TRUE, object,
				 0, FALSE, prot, prot, VM_INHERIT_NONE);
  return result ? NULL : (char *) at;
}

static void
unmap (char *at, unsigned pages)
{
  vm_deallocate (mach_task_self (), (vm_address_t) at, pages * vm_page_size);
}

static mach_port_t
send_right (struct pager *pager)
{
  mach_port_t right = pager_get_port (pager);
  mach_port_insert_right (mach_task_self (), right, right, MACH_MSG_TYPE_MAKE_SEND);
  return right;
}

enum { READ_WRITE = VM_PROT_READ | VM_PROT_WRITE };

static void
test_map (void)
{
  struct user_pager_info store;
  store_init (&store, 8);
  struct pager *pager = pager_create (&store, bucket, FALSE, MEMORY_OBJECT_COPY_DELAY, FALSE);
  mach_port_t right = send_right (pager);
  char *at = map (right, 8, READ_WRITE);
  check (at != NULL, "map", "vm_map failed");
  if (at)
    check (at[0] == 'a' && at[vm_page_size * 3 + 7] == 'd', "read", "wrong bytes");
  unmap (at, 8);
}

int
main (void)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  bucket = ports_create_bucket ();
  check (bucket && !pager_start_workers (bucket, &requests), "start", "no workers");
  test_map ();
  return check_result ("libpager");
}
