/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fault-bench        messages per page fault, counted between a pager here and this kernel,
		      which has the object twice: the read-only one is another kernel to
		      the pager
   fault-bench FILE   how long a read fault takes in a mapping of FILE, wherever it is  */
#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <hurd/io.h>

enum { PAGES = 200, STEP = 4 /* apart, so that nothing is read ahead */, FAULTS_MAX = 1000 };

static char *reader;
static struct world w;

static uint64_t
messages (void)
{
  struct pager_statistics s = statistics_of (w.pager);
  return pager_messages (&s);
}

/* What is still on its way from the last fault belongs to it.  */
static uint64_t
settled_messages (void)
{
  uint64_t before, now = messages ();
  do
    {
      before = now;
      sleep_ms (60);
      now = messages ();
    }
  while (now != before);
  return now;
}

static void
read_page (unsigned page)
{
  byte_at (reader + page * vm_page_size);
}

static void
write_page (unsigned page)
{
  poke (w.at + page * vm_page_size, 'X');
}

static void
read_writable (unsigned page)
{
  byte_at (w.at + page * vm_page_size);
}

static void
measure (const char *name, void (*before) (unsigned), void (*access) (unsigned))
{
  unsigned faults = 0;
  uint64_t sum = 0;
  pager_return (w.pager, 1);
  /* Backwards, one after the other at its own pace: what a hold delays is not the cost.  */
  for (unsigned page = PAGES - STEP; page > STEP; page -= STEP)
    {
      if (before)
	before (page);
    }
  sum = settled_messages ();
  for (unsigned page = PAGES - STEP; page > STEP; page -= STEP)
    {
      access (page);
      faults++;
    }
  sum = settled_messages () - sum;
  printf ("%s %.2f\n", name, (double) sum / faults);
}

static void
both_read (unsigned page)
{
  read_writable (page);
  read_page (page);
}

static int
count (void)
{
  bucket = ports_create_bucket ();
  if (!bucket || pager_start_workers (bucket, &requests))
    return 1;
  world_begin (&w, PAGES, false);
  mach_port_t right = pager_create_ro_port (w.pager);
  reader = world_map (right, PAGES, VM_PROT_READ);
  if (!w.at || !reader)
    return 1;
  measure ("fault_msgs_read", NULL, read_page);
  measure ("fault_msgs_upgrade_0", read_writable, write_page);
  measure ("fault_msgs_upgrade_1", both_read, write_page);
  measure ("fault_msgs_dirty", write_page, read_page);
  return 0;
}

static double
now_s (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static int
take_time (const char *name)
{
  struct stat status;
  mach_port_t reading = MACH_PORT_NULL, writing = MACH_PORT_NULL;
  file_t file = file_name_lookup (name, O_RDONLY, 0);
  if (file == MACH_PORT_NULL || io_map (file, &reading, &writing))
    {
      fprintf (stderr, "fault-bench: %s: cannot map it\n", name);
      return 1;
    }
  unsigned pages = stat (name, &status) ? 0 : status.st_size / vm_page_size, faults = 0;
  char byte;
  if (pages > FAULTS_MAX)
    pages = FAULTS_MAX;
  char *at = world_map (reading, pages, VM_PROT_READ);
  double start = now_s ();
  /* Backwards, so that nothing is read ahead.  */
  for (unsigned page = pages; at && page-- > 0; faults++)
    if (!peek (at + page * vm_page_size, &byte))
      return 1;
  if (!faults)
    return 1;
  printf ("fault_us %.1f faults %u\n", (now_s () - start) * 1e6 / faults, faults);
  return 0;
}

int
main (int argc, char **argv)
{
  return argc > 1 ? take_time (argv[1]) : count ();
}
