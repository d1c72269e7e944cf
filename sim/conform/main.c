/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conform: runs scenario scripts; the backend is what it is linked with.  */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "sim/conform/conform.h"

#ifdef CONFORM_MACH
extern const struct conform_backend conform_mach;
static const struct conform_backend *const backend = &conform_mach;
#define SCRIPTS_DEFAULT "/tests/scenarios/*.scn"
#else
static const struct conform_backend *const backend = &conform_model;
#define SCRIPTS_DEFAULT "sim/scenarios/*.scn"
#endif

static const char usage[] =
  "Usage: conform [--observe] [SCRIPT...]\n"
  "Runs scenario scripts (default: " SCRIPTS_DEFAULT ") and compares what is observed with\n"
  "what they expect; --observe prints the scripts with the observations instead.\n"
  "Exit status: 0 all agree, 1 not all do, 2 wrong usage.\n";

/* The host's tests speak TAP, the node's print PASS and FAIL.  */
static void
report (int agrees, int number, const char *name)
{
  const char *style = getenv ("CMOCKA_MESSAGE_OUTPUT");
  if (style != NULL && strcmp (style, "TAP") == 0)
    printf ("%s %d - conformance %s\n", agrees ? "ok" : "not ok", number, name);
  else
    printf ("%s conformance %s\n", agrees ? "PASS" : "FAIL", name);
  fflush (stdout);
}

int
main (int argc, char **argv)
{
  int all = argc > 1 && strcmp (argv[1], "--observe") == 0, failed = 0;
  if (argc > 1 && !all && argv[1][0] == '-')
    {
      int help = strcmp (argv[1], "--help") == 0;
      fputs (usage, help ? stdout : stderr);
      return help ? 0 : 2;
    }
  glob_t found = { 0 };
  char **scripts = argv + 1 + all;
  if (*scripts == NULL)
    {
      if (glob (SCRIPTS_DEFAULT, 0, NULL, &found) != 0)
	{
	  fputs ("conform: no scripts in " SCRIPTS_DEFAULT "; name some\n", stderr);
	  return 2;
	}
      scripts = found.gl_pathv;
    }
  for (int i = 0; scripts[i] != NULL; i++)
    {
      FILE *script = fopen (scripts[i], "r");
      const char *base = strrchr (scripts[i], '/');
      int wrong = 1;
      if (script == NULL)
	printf ("%s: cannot be read\n", scripts[i]);
      else
	{
	  wrong = conform_run (backend, scripts[i], script, stdout, all);
	  fclose (script);
	}
      if (!all)
	report (wrong == 0, i + 1, base == NULL ? scripts[i] : base + 1);
      failed += wrong != 0;
    }
  globfree (&found);
  return failed != 0;
}
