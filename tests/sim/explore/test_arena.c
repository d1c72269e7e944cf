/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The explorer's memory under the address sanitizer: what was freed, or never there, is out of
   bounds, and putting the arena back puts that back too.  TAP on standard output.  */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim/explore/arena.h"

/* Whether reading *P ends the process that does it.  */
static int
caught (const volatile char *p)
{
  fflush (stdout);
  pid_t child = fork ();
  if (child == 0)
    {
      if (freopen ("/dev/null", "w", stderr) == NULL)
	_exit (0);
      _exit (*p == 99 ? 0 : 0);
    }
  int status;
  return child > 0 && waitpid (child, &status, 0) == child && !(WIFEXITED (status) && WEXITSTATUS (status) == 0);
}

static int number, bad;

static void
result (int good, const char *text)
{
  number++;
  bad |= !good;
  printf ("%s %d - %s\n", good ? "ok" : "not ok", number, text);
}

int
main (void)
{
  arena_open ();
  char *volatile kept = malloc (40), *volatile freed = malloc (40), *volatile later;
  memset (kept, 1, 40);
  result (!caught (kept) && !caught (kept + 39), "what was allocated can be used");
  result (caught (kept + 40) && caught (kept - 1), "what is beside it cannot");
  free (freed);
  result (caught (freed), "nor what was freed");
  void *copy = outside_alloc (arena_used ());
  arena_save (copy);
  free (kept);
  later = malloc (20);
  result (caught (kept) || kept == later, "a block is freed after the arena was saved");
  arena_restore (copy);
  result (!caught (kept) && !caught (kept + 39) && kept[39] == 1, "put back, it can be used again");
  result (caught (freed), "and what was free before is free");
  kept = realloc (kept, 8);
  result (!caught (kept + 7) && caught (kept + 8), "a block that shrinks ends sooner");
  outside_free (copy);
  printf ("1..%d\n", number);
  return bad;
}
