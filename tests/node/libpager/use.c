/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pager-use FILE COMMAND: uses the memory object of a pager-server, wherever that is.
     show                   its numbers
     do WORDS               tell it a command
     turns ROLE ROLES N     N turns of each role's: who has the turn finds in some pages what
                            the one before wrote, writes them anew and hands the turn on
     hold FIRST COUNT C     write the letter C to COUNT pages, then keep them mapped
     stay FIRST COUNT       read COUNT pages, then keep them mapped
     stay-ro FIRST COUNT    the same by the read-only object
     upgrade FIRST COUNT    read COUNT pages, write them one by one: messages for each write
     pingpong PAGE ROLE S   for S seconds count in a page in which the other role counts
     check FIRST COUNT      a letter per page: its contents; `!' it faults, `?' a mixture
     check-ro FIRST COUNT   the same by the read-only object
     write-ro PAGE          a write there: prints `refused' or `written'  */
#include "world.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <hurd/io.h>

enum { TURN_PAGES = 4, TURN_LIMIT_S = 60, SETTLE_US = 400000, PING_WAIT_S = 20 };

static file_t file;

static char *
map_file (bool read_only)
{
  mach_port_t reading, writing;
  kern_return_t result = io_map (file, &reading, &writing);
  char *at = result ? NULL : world_map (read_only ? reading : writing, STORE_PAGES, READ_WRITE);
  if (!at)
    {
      printf ("cannot map: %#x\n", result);
      exit (1);
    }
  mach_port_deallocate (mach_task_self (), reading);
  mach_port_deallocate (mach_task_self (), writing);
  return at;
}

static int
show (void)
{
  char text[512];
  data_t data = text;
  mach_msg_type_number_t bytes = sizeof text;
  kern_return_t result = io_read (file, &data, &bytes, -1, sizeof text);
  if (!result)
    fwrite (data, 1, bytes, stdout);
  return result != 0;
}

static int
tell (char **words)
{
  char text[64] = "";
  vm_size_t written;
  for (; *words; words++)
    snprintf (text + strlen (text), sizeof text - strlen (text), "%s%s", *text ? " " : "", *words);
  kern_return_t result = io_write (file, text, strlen (text) + 1, -1, &written);
  printf (result ? "failed: %#x\n" : "done\n", result);
  return result != 0;
}

static bool
all_words (const uint64_t *page, uint64_t value)
{
  for (size_t i = 0; i < vm_page_size / sizeof *page; i++)
    if (page[i] != value)
      return false;
  return true;
}

static int
turns (unsigned role, unsigned roles, unsigned count)
{
  char *at = map_file (false);
  volatile uint64_t *turn = (uint64_t *) at;
  if (role == 0)
    {
      for (unsigned p = 1; p <= TURN_PAGES; p++)
	memset (at + p * vm_page_size, 0xff, vm_page_size);
      *turn = 0;
    }
  for (uint64_t mine = role; mine < (uint64_t) count * roles; mine += roles)
    {
      for (unsigned ms = 0; *turn != mine; ms++)
	{
	  if (ms > TURN_LIMIT_S * 1000)
	    {
	      printf ("turn %llu does not come: %llu\n", (unsigned long long) mine,
		      (unsigned long long) *turn);
	      return 1;
	    }
	  usleep (1000);
	}
      for (unsigned p = 1; p <= TURN_PAGES; p++)
	{
	  uint64_t *page = (uint64_t *) (at + p * vm_page_size);
	  if (!all_words (page, mine - 1))
	    {
	      printf ("turn %llu, page %u: %llu\n", (unsigned long long) mine, p,
		      (unsigned long long) *page);
	      return 1;
	    }
	  for (size_t i = 0; i < vm_page_size / sizeof *page; i++)
	    page[i] = mine;
	}
      *turn = mine + 1;
    }
  printf ("%u turns\n", count);
  return 0;
}

static void __attribute__ ((noreturn))
hold (unsigned first, unsigned count, char letter)
{
  char *at = map_file (false);
  for (unsigned p = first; p < first + count; p++)
    memset (at + p * vm_page_size, letter, vm_page_size);
  printf ("held\n");
  fflush (stdout);
  for (;;)
    pause ();
}

/* Reads, and keeps what it read.  */
static void __attribute__ ((noreturn))
stay (unsigned first, unsigned count, bool read_only)
{
  char *at = map_file (read_only);
  for (unsigned p = first; p < first + count; p++)
    byte_at (at + p * vm_page_size);
  printf ("held\n");
  fflush (stdout);
  for (;;)
    pause ();
}

static unsigned
messages (void)
{
  char text[512];
  data_t data = text;
  mach_msg_type_number_t bytes = sizeof text - 1;
  if (io_read (file, &data, &bytes, -1, bytes))
    return 0;
  data[bytes] = '\0';
  const char *found = strstr (data, "messages ");
  return found ? atoi (found + strlen ("messages ")) : 0;
}

/* Messages for each page that is read here and then written.  */
static int
upgrade (unsigned first, unsigned count)
{
  char *at = map_file (false);
  for (unsigned p = first; p < first + count; p++)
    byte_at (at + p * vm_page_size);
  usleep (SETTLE_US);
  unsigned before = messages ();
  for (unsigned p = first; p < first + count; p++)
    poke (at + p * vm_page_size, 'U');
  usleep (SETTLE_US);
  printf ("%.2f\n", (messages () - before) / (double) count);
  return 0;
}

static double
now_s (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* Counts in its own word of a page in which somebody else does the same, ROLE 0 and 1.  The
   page has come over when the other's word has changed.  */
static int
ping_pong (unsigned page, unsigned role, unsigned seconds)
{
  volatile uint64_t *word = (uint64_t *) (map_file (false) + page * vm_page_size);
  uint64_t work = 0, seen = word[!role], overs = 0;
  double start = now_s (), last = start, longest = 0, now = start;
  word[role] = 0;
  /* Until there are two of them.  */
  while (word[!role] == seen && now - start < PING_WAIT_S)
    {
      word[role]++;
      now = now_s ();
    }
  start = last = now;
  while (now - start < seconds)
    {
      word[role]++;
      work++;
      if (word[!role] != seen)
	{
	  seen = word[!role];
	  overs++;
	}
      if (work % 16 == 0)
	{
	  now = now_s ();
	  longest = now - last > longest ? now - last : longest;
	  last = now;
	}
    }
  printf ("handovers_s %.1f work %.1f longest_ms %.0f\n", overs / (double) seconds,
	  overs ? work / (double) overs : 0, longest * 1e3);
  return overs == 0;
}

static int
look (unsigned first, unsigned count, bool read_only)
{
  char *at = map_file (read_only);
  for (unsigned p = first; p < first + count; p++)
    {
      char *page = at + p * vm_page_size, letter = byte_at (page);
      for (unsigned i = 0; letter != '!' && i < vm_page_size; i++)
	if (page[i] != letter)
	  letter = '?';
      putchar (letter);
    }
  putchar ('\n');
  return 0;
}

static int
write_read_only (unsigned page)
{
  char *at = map_file (true);
  printf (poke (at + page * vm_page_size, 'X') ? "written\n" : "refused\n");
  return 0;
}

static int
command (int argc, char **argv)
{
  const char *name = argv[2];
  unsigned a = argc > 3 ? atoi (argv[3]) : 0, b = argc > 4 ? atoi (argv[4]) : 0;
  if (!strcmp (name, "show"))
    return show ();
  if (!strcmp (name, "do"))
    return tell (argv + 3);
  if (!strcmp (name, "turns") && argc == 6)
    return turns (a, b, atoi (argv[5]));
  if (!strcmp (name, "hold") && argc == 6)
    hold (a, b, *argv[5]);
  if (!strcmp (name, "stay") || !strcmp (name, "stay-ro"))
    stay (a, b, name[4]);
  if (!strcmp (name, "upgrade"))
    return upgrade (a, b);
  if (!strcmp (name, "pingpong") && argc == 6)
    return ping_pong (a, b, atoi (argv[5]));
  if (!strcmp (name, "check") || !strcmp (name, "check-ro"))
    return look (a, b, name[5]);
  if (!strcmp (name, "write-ro"))
    return write_read_only (a);
  return 2;
}

int
main (int argc, char **argv)
{
  if (argc < 3)
    return 2;
  file = file_name_lookup (argv[1], O_RDWR, 0);
  if (file == MACH_PORT_NULL)
    {
      perror (argv[1]);
      return 1;
    }
  return command (argc, argv);
}
