/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Engines broken on purpose (PAGES_CANARY, core/pages/internal.h): the simulator must say
   so, each within its budget of worlds, and name the property.  */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>

static char directory[4096];

static int
run (const char *arguments, char *output, size_t bytes)
{
  char command[8192];
  snprintf (command, sizeof command, "timeout 60 %s/%s", directory, arguments);
  FILE *pipe = popen (command, "r");
  assert_non_null (pipe);
  size_t n = fread (output, 1, bytes - 1, pipe);
  output[n] = '\0';
  int status = pclose (pipe);
  return WIFEXITED (status) ? WEXITSTATUS (status) : -1;
}

static void
caught (int canary, const char *how, const char *properties)
{
  static char output[1 << 16];
  char arguments[200];
  snprintf (arguments, sizeof arguments, "../pages-canary/%d %s", canary, how);
  int status = run (arguments, output, sizeof output);
  char *line = strstr (output, "violates ");
  if (status != 1 || !line || !strstr (properties, (char[3]) { line[9], line[10], 0 }))
    fail_msg ("canary %d with %s: exit %d: %s", canary, how, status, output);
}

/* What is found is shrunk, and the line that is printed replays it to the byte.  */
static void
shrunk (int canary, const char *how, unsigned steps_most)
{
  static char output[1 << 16], again[1 << 16];
  char arguments[2048], *shortest, *trace, *replay;
  unsigned steps;
  snprintf (arguments, sizeof arguments, "../pages-canary/%d %s", canary, how);
  run (arguments, output, sizeof output);
  shortest = strstr (output, "shortest found: ");
  replay = strstr (output, "replay: ./drove sim-pages ");
  assert_non_null (shortest);
  assert_non_null (replay);
  trace = strchr (shortest, '\n') + 1;
  shortest = strstr (shortest, " of ");
  while (shortest[-1] >= '0' && shortest[-1] <= '9')
    shortest--;
  steps = (unsigned) strtoul (shortest, NULL, 10);
  print_message ("canary %d is shrunk to %u steps\n", canary, steps);
  assert_true (steps <= steps_most);
  snprintf (arguments, sizeof arguments, "../pages-canary/%d %.*s", canary,
	    (int) strcspn (replay + 26, "\n"), replay + 26);
  run (arguments, again, sizeof again);
  assert_true (replay > trace + 100);
  assert_memory_equal (again, trace, (size_t) (replay - trace));
}

static void shrunk_two_writers (void **state) { shrunk (1, "--worlds 10", 4); }
static void shrunk_lost_reply (void **state) { shrunk (3, "--worlds 10", 40); }
static void shrunk_data_after_death (void **state) { shrunk (6, "--worlds 100", 15); }

static void two_writers (void **state) { caught (1, "--seed 2 --worlds 10", "P1"); caught (1, "--explore --states 1000", "P1"); }
static void stale_read_after_write_back (void **state) { caught (2, "--worlds 2000", "P2"); }
static void lost_reply (void **state) { caught (3, "--worlds 10", "P3 P6"); caught (3, "--explore --states 5000", "P3"); }
static void waiter_served_twice (void **state) { caught (4, "--worlds 10", "P3"); caught (4, "--explore --states 1000", "P3"); }
static void sync_that_returns_early (void **state) { caught (5, "--worlds 50", "P5"); caught (5, "--explore --allow call --states 500000", "P5"); }
static void old_data_after_death (void **state) { caught (6, "--worlds 100", "P7"); caught (6, "--explore --allow die --states 5000", "P7"); }
static void old_version_written_last (void **state) { caught (7, "--worlds 300", "P2 P4"); }
static void stale_unlock_granted (void **state) { caught (8, "--worlds 100", "P3"); }
/* Rare: a call while a page was refused between two that are held.  */
static void lock_over_refused_pages (void **state) { caught (10, "--seed 22700 --worlds 30", "P3"); }
static void silent_client_waited_for (void **state) { caught (9, "--worlds 200", "P6 P7"); }

static void
sound_engine_is_not_accused (void **state)
{
  char output[4096];
  assert_int_equal (run ("../bin/sim-pages --worlds 2000", output, sizeof output), 0);
  assert_non_null (strstr (output, "P1-P7 held"));
}

/* Kernels' numbers come round; 0 is nobody's.  */
static void
late_numbers_are_as_good (void **state)
{
  char output[4096];
  int status = run ("../pages-canary/late --worlds 2000", output, sizeof output);
  if (status != 0 || !strstr (output, "P1-P7 held"))
    fail_msg ("exit %d: %s", status, output);
}

int
main (int argc, char **argv)
{
  snprintf (directory, sizeof directory, "%s", argv[0]);
  char *slash = strrchr (directory, '/');
  strcpy (slash ? slash : directory, slash ? "" : ".");
  const struct CMUnitTest tests[] = {
    cmocka_unit_test (two_writers),
    cmocka_unit_test (stale_read_after_write_back),
    cmocka_unit_test (lost_reply),
    cmocka_unit_test (waiter_served_twice),
    cmocka_unit_test (sync_that_returns_early),
    cmocka_unit_test (old_data_after_death),
    cmocka_unit_test (old_version_written_last),
    cmocka_unit_test (stale_unlock_granted),
    cmocka_unit_test (silent_client_waited_for),
    cmocka_unit_test (lock_over_refused_pages),
    cmocka_unit_test (shrunk_two_writers),
    cmocka_unit_test (shrunk_lost_reply),
    cmocka_unit_test (shrunk_data_after_death),
    cmocka_unit_test (late_numbers_are_as_good),
    cmocka_unit_test (sound_engine_is_not_accused),
  };
  return cmocka_run_group_tests (tests, NULL, NULL);
}
