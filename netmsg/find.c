/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "find.h"

#include "daemon.h"
#include "hurd_numbers.h"
#include "netmsg_user.h"

#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <mach.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define READY_BYTE 'r'

mach_port_t
find_server (void)
{
	netmsg_text_t key_file, peers_file;
	mach_port_t control = file_name_lookup (CONTROL_FILE, O_RDONLY, 0);
	int port;

	if (control == MACH_PORT_NULL)
		return MACH_PORT_NULL;
	/* a plain file, or one whose server died, does not answer this */
	if (netmsg_settings (control, &port, key_file, peers_file) == KERN_SUCCESS)
		return control;
	mach_port_deallocate (mach_task_self (), control);
	return MACH_PORT_NULL;
}

/* A running server cannot take another port or key; say so rather than ignore the options. */
static bool
settings_agree (mach_port_t control, const struct options *options, struct complaint *complaint)
{
	netmsg_text_t key_file, peers_file;
	kern_return_t result;
	int port;

	result = netmsg_settings (control, &port, key_file, peers_file);
	if (result != KERN_SUCCESS)
		return complain (complaint, "this node's netmsg does not answer: %s", wire_error_text (result));
	if (options->port != DEFAULT_PORT && options->port != port)
		return complain (complaint, "this node's netmsg runs already, with port %d; end it first: netmsg stop", port);
	if (strcmp (options->key_file, DEFAULT_KEY_FILE) != 0 && strcmp (options->key_file, key_file) != 0)
		return complain (complaint, "this node's netmsg runs already, with key %s; end it first: netmsg stop",
			key_file);
	if (strcmp (options->peers_file, DEFAULT_PEERS_FILE) != 0 && strcmp (options->peers_file, peers_file) != 0)
		return complain (complaint, "this node's netmsg runs already, with peers %s; end it first: netmsg stop",
			peers_file);
	return true;
}

static int ready_pipe[2];

/* Tells the waiting parent, once, and cuts what ties the server to its starter. */
static void
tell_ready (void)
{
	char byte = READY_BYTE;

	if (write (ready_pipe[1], &byte, 1) == 1)
		close (ready_pipe[1]);
}

bool
run_in_background (bool (*body) (const struct options *, void (*ready) (void)), const struct options *options)
{
	char byte = 0;
	ssize_t n;
	pid_t child;

	if (pipe (ready_pipe) != 0)
	{
		fprintf (stderr, "netmsg: no pipe to a background process: %s\n", strerror (errno));
		return false;
	}
	child = fork ();
	if (child == 0)
	{
		close (ready_pipe[0]);
		setsid ();
		signal (SIGHUP, SIG_IGN);
		signal (SIGPIPE, SIG_IGN);
		_exit (body (options, tell_ready) ? 0 : 1);
	}
	close (ready_pipe[1]);
	if (child < 0)
	{
		close (ready_pipe[0]);
		fprintf (stderr, "netmsg: cannot go into the background: %s\n", strerror (errno));
		return false;
	}
	while ((n = read (ready_pipe[0], &byte, 1)) < 0 && errno == EINTR)
		continue;
	close (ready_pipe[0]);
	return n == 1 && byte == READY_BYTE;
}

static bool
daemon_body (const struct options *options, void (*ready) (void))
{
	struct complaint complaint;

	if (daemon_run (options, NULL, ready, &complaint))
		return true;
	fprintf (stderr, "netmsg: %s\n", complaint.text);
	return false;
}

mach_port_t
find_or_start_server (const struct options *options, struct complaint *complaint)
{
	mach_port_t control = find_server ();

	if (control != MACH_PORT_NULL)
	{
		if (settings_agree (control, options, complaint))
			return control;
		mach_port_deallocate (mach_task_self (), control);
		return MACH_PORT_NULL;
	}
	if (!run_in_background (daemon_body, options))
	{
		/* another start may have won the race; then its server is as good */
		control = find_server ();
		if (control == MACH_PORT_NULL)
			complain (complaint, "cannot start this node's netmsg (see the line above)");
		return control;
	}
	control = find_server ();
	if (control == MACH_PORT_NULL)
		complain (complaint, "this node's netmsg has started but is not found at " CONTROL_FILE);
	return control;
}
