/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A pager and one kernel: every call and callback of <hurd/pager.h>.  */
#include "world.h"

#include <stdio.h>

static unsigned
names (void)
{
  mach_port_t *all;
  mach_port_type_t *types;
  mach_msg_type_number_t count = 0, types_count = 0;
  if (mach_port_names (mach_task_self (), &all, &count, &types, &types_count))
    return 0;
  vm_deallocate (mach_task_self (), (vm_address_t) all, count * sizeof *all);
  vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
  return count;
}

/* Threads have ports: there are as many as it needs after a first round.  */
static void
test_leaks (void)
{
  enum { ROUNDS = 40 };
  unsigned before = 0, after;
  for (unsigned i = 0; i < 2 * ROUNDS; i++)
    {
      struct world w;
      if (i == ROUNDS)
	before = names ();
      world_begin (&w, 4, false);
      poke (w.at, 'X');
      mach_port_t right = pager_create_ro_port (w.pager);
      char *at = world_map (right, 4, VM_PROT_READ);
      byte_at (at + vm_page_size);
      pager_change_attributes (w.pager, i % 2, MEMORY_OBJECT_COPY_DELAY, 1);
      pager_change_attributes (w.pager, FALSE, MEMORY_OBJECT_COPY_DELAY, 1);
      world_unmap (at, 4);
      mach_port_deallocate (mach_task_self (), right);
      if (i % 3 == 0)
	pager_shutdown (w.pager);
      if (!world_end (&w))
	{
	  check (false, "no rights are lost", "round %u does not end", i);
	  return;
	}
    }
  sleep_ms (300);
  after = names ();
  check (before > 0 && after <= before + 2, "no rights are lost",
	 "%u names, %u after %u more pagers", before, after, ROUNDS);
}

int
main (void)
{
  setvbuf (stdout, NULL, _IOLBF, 0);
  bucket = ports_create_bucket ();
  check (bucket && !pager_start_workers (bucket, &requests), "start", "no workers");
  test_calls ();
  test_errors ();
  test_ends ();
  test_leaks ();
  return check_result ("libpager");
}
