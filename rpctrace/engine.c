/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "engine.h"

#include "attach.h"
#include "detach.h"
#include "relay.h"
#include "resident.h"
#include "show.h"
#include "start.h"

#include <hurd.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 256			/* more than we ever have open */

struct engine
{
	struct relay relay;
	struct show *show;
	struct queue *root;		/* pinned, or NULL */
	int control;
	bool program_ended;
	bool stop;
};

static int
fail (const struct complaint *complaint)
{
	fprintf (stderr, "rpctrace: %s\n", complaint->text);
	return 1;
}

static void *
listen_to_control (void *argument)
{
	struct engine *engine = argument;
	ssize_t got;
	char word;

	do
	{
		got = read (engine->control, &word, 1);
		pthread_mutex_lock (&engine->relay.lock);
		engine->program_ended |= got == 1 && word == CONTROL_PROGRAM_ENDED;
		engine->stop |= got == 0;
		pthread_cond_broadcast (&engine->relay.changed);
		pthread_mutex_unlock (&engine->relay.lock);
	}
	while (got != 0);
	return NULL;
}

/* What is traced has, most likely, the root directory that we have. */
static void
know_root (struct engine *engine)
{
	struct relay *relay = &engine->relay;
	mach_port_t root = getcrdir ();

	if (!MACH_PORT_VALID (root))
		return;
	pthread_mutex_lock (&relay->lock);
	engine->root = rights_identify (&relay->rights, root, relay->rights.world);
	engine->root->pins++;
	show_file (engine->show, engine->root->key, "/");
	pthread_mutex_unlock (&relay->lock);
}

static void
forget_root (struct engine *engine)
{
	if (engine->root == NULL)
		return;
	pthread_mutex_lock (&engine->relay.lock);
	engine->root->pins--;
	rights_look_later (&engine->relay.rights, engine->root);
	pthread_mutex_unlock (&engine->relay.lock);
}

static bool
begin (struct engine *engine, const struct options *options, int pid, int go, struct complaint *complaint)
{
	pthread_t thread;

	if ((engine->show = show_open (options, complaint)) == NULL)
		return false;
	if (!relay_start (&engine->relay, engine->show, options->follow)
		|| pthread_create (&thread, NULL, listen_to_control, engine) != 0)
		return complain (complaint, "no ports or threads left");
	know_root (engine);
	resident_make ();
	if (options->pid != 0)
		return attach_pid (&engine->relay, options->pid, complaint);
	return start_prepare (&engine->relay, pid, complaint) && write (go, "g", 1) == 1;
}

static void
wait_for_end (struct engine *engine)
{
	struct relay *relay = &engine->relay;

	pthread_mutex_lock (&relay->lock);
	while (!engine->stop && (relay->tracked > 0 || !engine->program_ended))
		pthread_cond_wait (&relay->changed, &relay->lock);
	pthread_mutex_unlock (&relay->lock);
}

/* Answers to what was asked while tracing come yet, and each would have a line. */
static void
end_lines (struct engine *engine)
{
	show_flush (engine->show);	/* what is traced no more is waited for like anybody: there is room for these */
	pthread_mutex_lock (&engine->relay.lock);
	show_end (engine->show);
	pthread_mutex_unlock (&engine->relay.lock);
	show_flush (engine->show);
}

/* Nobody shall wait for the end of a file that we do not use any more. */
static void
close_files (void)
{
	for (int fd = 0; fd < FILES_MAX; fd++)
		close (fd);
}

static void
pass_on_the_rest (struct engine *engine)
{
	while (detach_is_needed (&engine->relay))
		nanosleep (&(struct timespec) { 0, PAUSE_NS }, NULL);
}

int
engine_run (const struct options *options, int pid, int go, int control, int report)
{
	static struct engine engine;
	struct complaint complaint;

	signal (SIGCHLD, SIG_DFL);
	signal (SIGINT, SIG_IGN);
	signal (SIGTERM, SIG_IGN);
	signal (SIGHUP, SIG_IGN);
	signal (SIGPIPE, SIG_IGN);
	engine.control = control;
	engine.program_ended = options->pid != 0;
	if (!begin (&engine, options, pid, go, &complaint))
		return fail (&complaint);
	wait_for_end (&engine);
	detach_all (&engine.relay);
	end_lines (&engine);
	forget_root (&engine);
	if (write (report, &(char) { REPORT_DONE }, 1) == 1)
		close_files ();
	pass_on_the_rest (&engine);
	return 0;
}
