/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `netmsg HOST`: a file system whose root is the root that HOST serves.

   This process answers only for the file system as a whole; every file below the root is a port
   that the node's netmsg imported, so reading and writing never pass through here.  When the
   session with HOST has died, the next lookup asks for a new root. */
#include "run.h"

#include "filesystem.h"
#include "find.h"
#include "fsys_server.h"
#include "hurd_numbers.h"
#include "netmsg_user.h"

#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <hurd/io.h>
#include <mach.h>
#include <mach/notify.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SERVER_THREADS 16	/* lookups that may wait for the host, or what it opens, at once */
#define REQUEST_BYTES_MAX 16384

static struct translator
{
	const struct options *options;
	mach_port_t control;		/* what a parent file system asks us through */
	mach_port_t realnode;		/* the node that we sit on */
	pthread_mutex_t lock;		/* over what follows */
	mach_port_t server;		/* this node's netmsg */
	mach_port_t root;		/* what HOST serves, or MACH_PORT_NULL */
	mach_port_t dotdot, rooted;	/* the last parent, and ROOT with it as its ".." */
} self = { .lock = PTHREAD_MUTEX_INITIALIZER };

static bool
is_alive (mach_port_t port)
{
	mach_port_type_t type;

	return port != MACH_PORT_NULL && mach_port_type (mach_task_self (), port, &type) == KERN_SUCCESS
		&& (type & MACH_PORT_TYPE_SEND);
}

static void
drop (mach_port_t *port)
{
	if (*port != MACH_PORT_NULL)
		mach_port_deallocate (mach_task_self (), *port);
	*port = MACH_PORT_NULL;
}

/* With the lock held: makes sure that ROOT is alive. */
static bool
have_root (struct complaint *complaint)
{
	netmsg_text_t why;
	kern_return_t result;
	int good;

	if (is_alive (self.root))
		return true;
	drop (&self.root);
	drop (&self.dotdot);
	drop (&self.rooted);
	if (!is_alive (self.server))
	{
		drop (&self.server);
		self.server = find_or_start_server (self.options, complaint);
		if (self.server == MACH_PORT_NULL)
			return false;
	}
	result = netmsg_mount (self.server, self.options->argument, &good, why, &self.root);
	if (result != KERN_SUCCESS)
	{
		self.root = MACH_PORT_NULL;
		if (result == WIRE_EPERM)
			return complain (complaint, "%s: only root may have another machine's root from this node's netmsg",
				self.options->argument);
		return complain (complaint, "%s: this node's netmsg does not answer: %s", self.options->argument,
			wire_error_text (result));
	}
	if (!good)
	{
		self.root = MACH_PORT_NULL;
		return complain (complaint, "%s", why);
	}
	return true;
}

/* With the lock held: ROOT with DOTDOT as its parent, so that ".." leads back out of the mount.
   The last one is kept, since most lookups come through the same directory. */
static kern_return_t
root_below (mach_port_t dotdot, mach_port_t *rooted)
{
	kern_return_t result;

	if (dotdot != self.dotdot || !is_alive (self.rooted))
	{
		drop (&self.rooted);
		drop (&self.dotdot);
		result = file_reparent (self.root, dotdot, &self.rooted);
		if (result != KERN_SUCCESS)
		{
			self.rooted = MACH_PORT_NULL;
			return result;
		}
		/* If the parent has died meanwhile there is nothing to keep, nor to drop later. */
		if (mach_port_mod_refs (mach_task_self (), dotdot, MACH_PORT_RIGHT_SEND, 1) == KERN_SUCCESS)
			self.dotdot = dotdot;
	}
	*rooted = self.rooted;
	return mach_port_mod_refs (mach_task_self (), self.rooted, MACH_PORT_RIGHT_SEND, 1);
}

static bool
is_gone (kern_return_t result)
{
	return result == MIG_SERVER_DIED || result == MACH_SEND_INVALID_DEST;
}

/* The root acts there as whom HOST takes this node for.  Only an administrator here may use all of
   that; anybody else gets no more than the same user has there.  FILE is replaced. */
static kern_return_t
restrict_to (const struct requester *requester, mach_port_t *file)
{
	mach_port_t all = *file;
	kern_return_t result = io_restrict_auth (all, file, requester->uids, requester->uid_count, requester->gids,
		requester->gid_count);

	drop (&all);
	return result;
}

/* FILE is open for nothing.  Whether the requester may have it otherwise, and what it is then, its server
   says.  The root exists, so what asks for it to be made asks for nothing.  FILE is replaced. */
static kern_return_t
reopen (mach_port_t *file, int flags, struct opened *opened)
{
	mach_port_t closed = *file;
	string_t no_name = "";
	kern_return_t result = KERN_SUCCESS;

	flags &= ~(WIRE_O_CREAT | WIRE_O_EXCL);
	if ((flags & ~(WIRE_O_NOLINK | WIRE_O_NOTRANS)) == 0)
		return KERN_SUCCESS;
	result = dir_lookup (closed, no_name, flags, 0, &opened->retry, opened->name, file);
	drop (&closed);
	return result;
}

static kern_return_t
open_root (mach_port_t dotdot, const struct requester *requester, struct opened *opened)
{
	struct complaint complaint;
	kern_return_t result = WIRE_EHOSTDOWN;

	pthread_mutex_lock (&self.lock);
	if (have_root (&complaint))
		result = root_below (dotdot, &opened->file);
	else
		fprintf (stderr, "netmsg: %s\n", complaint.text);
	pthread_mutex_unlock (&self.lock);
	if (result == KERN_SUCCESS && !requester->administrator)
		result = restrict_to (requester, &opened->file);
	if (result == KERN_SUCCESS)
		result = reopen (&opened->file, requester->flags, opened);
	return result;
}

/* The other node may die under a call.  A new session is tried once; and our caller is never told
   that a server is gone, for it would take us for that server and forget the mount. */
static kern_return_t
give_root (mach_port_t control, mach_port_t dotdot, const struct requester *requester, struct opened *opened)
{
	kern_return_t result = open_root (dotdot, requester, opened);

	if (is_gone (result))
		result = open_root (dotdot, requester, opened);
	if (result == KERN_SUCCESS)
		drop (&dotdot);
	return is_gone (result) ? WIRE_EHOSTDOWN : result;
}

/* The host's translators are not asked: one of them may show us our own files, and who asks us may have been
   asked by us. */
static kern_return_t
sync_root (int wait, int children)
{
	mach_port_t root = MACH_PORT_NULL;
	kern_return_t result;

	pthread_mutex_lock (&self.lock);
	if (is_alive (self.root) && mach_port_mod_refs (mach_task_self (), self.root, MACH_PORT_RIGHT_SEND, 1) == 0)
		root = self.root;
	pthread_mutex_unlock (&self.lock);
	if (root == MACH_PORT_NULL)
		return KERN_SUCCESS;	/* nothing that was written through us is left to write */
	result = file_syncfs (root, wait, 0);
	drop (&root);
	return result;
}

#define ID_FSYS_GOAWAY 22001

/* The reply to fsys_goaway is sent here, since afterwards there is nobody left to send it. */
static boolean_t
demultiplex (mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_id == MACH_NOTIFY_NO_SENDERS)
		exit (0);	/* nobody can ask for our root any more */
	if (!request_is_sound (request) || !fsys_server (request, reply))
		return FALSE;
	if (request->msgh_id == ID_FSYS_GOAWAY)
	{
		mach_msg (reply, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->msgh_size, 0, MACH_PORT_NULL, 0,
			MACH_PORT_NULL);
		exit (0);
	}
	return TRUE;
}

static void *
serve (void *argument)
{
	for (;;)
		mach_msg_server (demultiplex, REQUEST_BYTES_MAX, self.control);
	return NULL;
}

static bool
start_up (mach_port_t bootstrap, struct complaint *complaint)
{
	mach_port_t previous;
	kern_return_t result;

	result = mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &self.control);
	if (result == KERN_SUCCESS)
		result = fsys_startup (bootstrap, WIRE_O_READ, self.control, MACH_MSG_TYPE_MAKE_SEND, &self.realnode);
	if (result == KERN_SUCCESS)
		result = mach_port_request_notification (mach_task_self (), self.control, MACH_NOTIFY_NO_SENDERS, 1,
			self.control, MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	drop (&bootstrap);
	return result == KERN_SUCCESS
		|| complain (complaint, "cannot become a translator: %s", wire_error_text (result));
}

static struct file_system mount = { give_root, sync_root, NULL };

bool
run_translator (const struct options *options, struct complaint *complaint)
{
	mach_port_t bootstrap = MACH_PORT_NULL;
	pthread_t thread;

	task_get_bootstrap_port (mach_task_self (), &bootstrap);
	if (bootstrap == MACH_PORT_NULL)
		return complain (complaint, "must be started as a translator: settrans -a DIRECTORY netmsg %s",
			options->argument);
	self.options = options;
	mount.host = options->argument;
	file_system = &mount;
	if (!have_root (complaint) || !start_up (bootstrap, complaint))
		return false;
	for (int i = 1; i < SERVER_THREADS; i++)
		if (pthread_create (&thread, NULL, serve, NULL) == 0)
			pthread_detach (thread);
	serve (NULL);
	return true;
}
