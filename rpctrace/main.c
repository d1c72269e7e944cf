/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpctrace: shows the messages that a program sends and receives. */
#include "engine.h"
#include "options.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXIT_USAGE 2
#define EXIT_NOT_TRACED 125
#define EXIT_NOT_RUN 126
#define EXIT_NOT_FOUND 127
#define RPCTRACE_VERSION "1"

static volatile sig_atomic_t stopped_by;

static int
fail (const struct complaint *complaint, int status)
{
	fprintf (stderr, "rpctrace: %s\n", complaint->text);
	return status;
}

/* In the child: waits until it is traced, and becomes the program. */
static void __attribute__ ((noreturn))
become_program (char **program, int go)
{
	ssize_t got;
	char word;

	while ((got = read (go, &word, 1)) < 0 && errno == EINTR)
		;
	if (got == 1)
	{
		execvp (program[0], program);
		fprintf (stderr, "rpctrace: %s: %s\n", program[0], strerror (errno));
	}
	_exit (errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUN);
}

static void
stop (int signal_number)
{
	stopped_by = signal_number;
}

static void
catch_signals (const struct options *options)
{
	struct sigaction action = { .sa_handler = stop };	/* without SA_RESTART: waitpid shall return */

	sigemptyset (&action.sa_mask);
	sigaction (SIGTERM, &action, NULL);
	sigaction (SIGHUP, &action, NULL);
	if (options->pid == 0)
		action.sa_handler = SIG_IGN;	/* the program gets it from the terminal too */
	sigaction (SIGINT, &action, NULL);
}

/* Waits for program and engine.  The program's wait status, or -1: the engine could not. */
static int
wait_for_both (int program, int engine, int *control)
{
	int result = -1, status, pid;

	while (engine != 0)
	{
		if (stopped_by != 0 && *control >= 0)
		{
			close (*control);	/* the engine gives the rights back */
			*control = -1;
		}
		pid = waitpid (-1, &status, 0);
		if (pid < 0 && errno != EINTR)
			break;
		if (pid == program && pid > 0)
		{
			result = status;
			if (*control >= 0 && write (*control, &(char) { CONTROL_PROGRAM_ENDED }, 1) != 1)
				return result;
		}
		else if (pid == engine)
		{
			engine = 0;
			if (!WIFEXITED (status) || WEXITSTATUS (status) != 0)
				return -1;
			if (program == 0)
				result = 0;
		}
	}
	return result;
}

/* Ends as the program did. */
static int
end_like (int status)
{
	if (WIFSIGNALED (status))
	{
		signal (WTERMSIG (status), SIG_DFL);
		kill (getpid (), WTERMSIG (status));
		return 128 + WTERMSIG (status);
	}
	return WEXITSTATUS (status);
}

static int
trace (const struct options *options)
{
	struct complaint complaint;
	int go[2] = { -1, -1 }, control[2], program = 0, engine, status;

	if (pipe (control) != 0 || (options->program != NULL && pipe (go) != 0))
		return complain (&complaint, "no pipe: %s", strerror (errno)), fail (&complaint, EXIT_NOT_TRACED);
	if (options->program != NULL && (program = fork ()) == 0)
	{
		close (control[0]);
		close (control[1]);
		close (go[1]);
		become_program (options->program, go[0]);
	}
	engine = program < 0 ? -1 : fork ();
	if (engine == 0)
	{
		close (control[1]);
		if (go[0] >= 0)
			close (go[0]);
		_exit (engine_run (options, program != 0 ? program : options->pid, go[1], control[0]));
	}
	if (go[0] >= 0)
	{
		close (go[0]);
		close (go[1]);
	}
	close (control[0]);
	if (engine < 0)
		return complain (&complaint, "cannot start a process: %s", strerror (errno)), fail (&complaint, EXIT_NOT_TRACED);
	catch_signals (options);
	status = wait_for_both (program, engine, &control[1]);
	return status == -1 ? EXIT_NOT_TRACED : end_like (status);
}

int
main (int argc, char **argv)
{
	struct complaint complaint;
	struct options options;

	if (!options_parse (argc, argv, &options, &complaint))
		return fail (&complaint, EXIT_USAGE);
	switch (options.verb)
	{
	case VERB_HELP:
		fputs (options_help, stdout);
		return 0;
	case VERB_VERSION:
		puts ("rpctrace (Drove) " RPCTRACE_VERSION);
		return 0;
	default:
		return trace (&options);
	}
}
