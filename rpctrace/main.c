/* SPDX-License-Identifier: GPL-2.0-or-later */
/* rpctrace: shows the messages that a program sends and receives. */
#include "engine.h"
#include "options.h"

#include <errno.h>
#include <fcntl.h>
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

#define CAUGHT 4			/* signals */

/* The two processes of ours; what happens comes out of REPORT as one byte each. */
struct front
{
	int program;			/* our child, or 0 */
	int engine;
	int control[2], report[2];
	int program_status;		/* -1: not known */
	int stopped_by;			/* a signal's number, or 0 */
	bool hurried;			/* a second one came before the engine was done with the first */
	struct sigaction before[CAUGHT];	/* what the signals did */
};

#define REPORT_CHILD 'C'		/* one of our children has ended; a signal's number: we are to stop */

static volatile int reports = -1;	/* for the handlers of signals */

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

/* Whoever does not listen any more has ended, and that is seen otherwise. */
static void
tell (int pipe, char word)
{
	ssize_t unused = write (pipe, &word, 1);

	(void) unused;
}

static void
report (int signal_number)
{
	int saved = errno;

	tell (reports, signal_number == SIGCHLD ? REPORT_CHILD : signal_number);
	errno = saved;
}

static const int caught[CAUGHT] = { SIGCHLD, SIGTERM, SIGHUP, SIGINT };

static void
catch_signals (const struct options *options, struct front *front)
{
	/* Without SA_RESTART: what waits here goes on by itself (wait_for_engine), and on the Hurd a read that the C
	   library begins anew may fail with another error. */
	struct sigaction action = { .sa_handler = report };

	reports = front->report[1];
	signal (SIGPIPE, SIG_IGN);
	sigemptyset (&action.sa_mask);
	for (int i = 0; i < CAUGHT; i++)
	{
		if (caught[i] == SIGINT && options->pid == 0)
			action.sa_handler = SIG_IGN;	/* the program gets it from the terminal too */
		sigaction (caught[i], &action, &front->before[i]);
		if (caught[i] == SIGHUP && front->before[i].sa_handler == SIG_IGN)
			sigaction (SIGHUP, &front->before[i], NULL);	/* nohup */
	}
}

/* In the child that becomes the program. */
static void
leave_signals (const struct front *front)
{
	for (int i = 0; i < CAUGHT; i++)
		sigaction (caught[i], &front->before[i], NULL);
	signal (SIGPIPE, SIG_DFL);
}

/* False: the engine is gone without a word. */
static bool
children_ended (struct front *front)
{
	int pid, status;

	while ((pid = waitpid (-1, &status, WNOHANG)) > 0)
		if (pid == front->program)
		{
			front->program_status = status;
			if (front->control[1] >= 0)
				tell (front->control[1], CONTROL_PROGRAM_ENDED);
		}
		else if (pid == front->engine)
		{
			if (WIFSIGNALED (status))
				fputs ("rpctrace: the process that traces was killed: what was traced has lost its rights\n", stderr);
			return false;
		}
	return true;
}

/* Until the engine is done.  False: it could not do it. */
static bool
wait_for_engine (struct front *front)
{
	ssize_t got;
	char word;

	for (;;)
	{
		got = read (front->report[0], &word, 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != 1)
			return false;
		if (word == REPORT_DONE)
			return true;
		if (word == REPORT_CHILD)
		{
			if (!children_ended (front))
				return false;
		}
		else if (front->stopped_by != 0)
		{
			front->hurried = true;	/* the engine goes on alone */
			return true;
		}
		else
		{
			front->stopped_by = word;
			close (front->control[1]);	/* the engine gives the rights back */
			front->control[1] = -1;
		}
	}
}

static int
end_by (int signal_number)
{
	signal (signal_number, SIG_DFL);
	kill (getpid (), signal_number);
	return 128 + signal_number;
}

/* As the program ended; by the signal that stopped us, if the program goes on. */
static int
end_like (const struct front *front)
{
	if (front->hurried)
		return end_by (front->stopped_by);
	if (front->program == 0)
		return 0;
	if (front->program_status == -1)
		return end_by (front->stopped_by);
	return WIFSIGNALED (front->program_status) ? end_by (WTERMSIG (front->program_status))
		: WEXITSTATUS (front->program_status);
}

static bool
start_processes (const struct options *options, struct front *front)
{
	int go[2] = { -1, -1 };

	if (pipe2 (front->control, O_CLOEXEC) != 0 || pipe2 (front->report, O_CLOEXEC) != 0
		|| (options->program != NULL && pipe2 (go, O_CLOEXEC) != 0))
		return false;
	catch_signals (options, front);
	if (options->program != NULL && (front->program = fork ()) == 0)
	{
		leave_signals (front);
		for (int i = 0; i < 2; i++)
		{
			close (front->control[i]);
			close (front->report[i]);
		}
		close (go[1]);
		become_program (options->program, go[0]);
	}
	front->engine = front->program < 0 ? -1 : fork ();
	if (front->engine == 0)
	{
		close (STDIN_FILENO);
		close (front->control[1]);
		close (front->report[0]);
		if (go[0] >= 0)
			close (go[0]);
		_exit (engine_run (options, front->program != 0 ? front->program : options->pid, go[1], front->control[0],
			front->report[1]));
	}
	if (go[0] >= 0)
	{
		close (go[0]);
		close (go[1]);
	}
	close (front->control[0]);
	close (STDIN_FILENO);	/* the program's; it may be the other end of what we write to */
	return front->engine > 0;
}

static int
trace (const struct options *options)
{
	struct front front = { .program_status = -1 };
	struct complaint complaint;

	if (!start_processes (options, &front))
	{
		complain (&complaint, "cannot start a process: %s", strerror (errno));
		return fail (&complaint, EXIT_NOT_TRACED);
	}
	return wait_for_engine (&front) ? end_like (&front) : EXIT_NOT_TRACED;
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
