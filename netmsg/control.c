/* SPDX-License-Identifier: GPL-2.0-or-later */
/* /servers/netmsg: how the other netmsg programs of this node find the running one.

   It is an active translator whose root is a control port: the administrator's looks up the one
   that may do everything, anybody else's the one that may ask for the status. */
#include "service.h"

#include "filesystem.h"
#include "find.h"
#include "fsys_server.h"
#include "hurd_numbers.h"
#include "netmsg_server.h"
#include "root.h"

#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <mach.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONTROL_THREADS 8		/* requests that may wait for a host at once */
#define REQUEST_BYTES_MAX 16384
#define ID_FSYS_GOAWAY 22001
#define ID_IO_STAT 21013
#define ID_NETMSG_STOP 470004
#define GOODBYE_US 50000		/* for the last datagrams to get out */

/* MIG's routines are told only a port; this is where they find the rest. */
static struct service *running;
static mach_port_t requests;		/* the set of the three control ports */

static bool
may_control (mach_port_t port)
{
	return port == running->control;
}

static kern_return_t
tell (bool good, const struct complaint *complaint, int *result, netmsg_text_t why)
{
	*result = good;
	snprintf (why, NETMSG_TEXT_BYTES, "%s", good ? "" : complaint->text);
	return KERN_SUCCESS;
}

kern_return_t
S_netmsg_settings (mach_port_t control, int *port, netmsg_text_t key_file, netmsg_text_t peers_file)
{
	*port = running->options->port;
	snprintf (key_file, NETMSG_TEXT_BYTES, "%s", running->options->key_file);
	snprintf (peers_file, NETMSG_TEXT_BYTES, "%s", running->options->peers_file);
	return KERN_SUCCESS;
}

kern_return_t
S_netmsg_serve (mach_port_t control, const_netmsg_text_t path, int *good, netmsg_text_t why)
{
	struct complaint complaint;
	mach_port_t file;

	if (!may_control (control))
		return WIRE_EPERM;
	file = file_name_lookup (path, OPEN_FOR_NOTHING, 0);
	if (file == MACH_PORT_NULL)
	{
		complain (&complaint, "cannot serve %s: %s", path, strerror (errno));
		return tell (false, &complaint, good, why);
	}
	mach_port_deallocate (mach_task_self (), file);
	bridge_enter (running->bridge);
	snprintf (running->served, sizeof running->served, "%s", path);
	bridge_leave (running->bridge);
	return tell (true, NULL, good, why);
}

kern_return_t
S_netmsg_mount (mach_port_t control, const_netmsg_text_t host, int *good, netmsg_text_t why, mach_port_t *root)
{
	struct complaint complaint;

	if (!may_control (control))
		return WIRE_EPERM;
	*root = MACH_PORT_NULL;
	return tell (mount_host (running, host, root, &complaint), &complaint, good, why);
}

kern_return_t
S_netmsg_status (mach_port_t control, netmsg_report_t *report, mach_msg_type_number_t *report_bytes)
{
	vm_address_t memory;
	size_t bytes;
	char *text = status_report (running, &bytes);

	if (text == NULL || vm_allocate (mach_task_self (), &memory, bytes, TRUE) != KERN_SUCCESS)
	{
		free (text);
		return KERN_RESOURCE_SHORTAGE;
	}
	memcpy ((void *) memory, text, bytes);
	free (text);
	*report = (netmsg_report_t) memory;
	*report_bytes = bytes;
	return KERN_SUCCESS;
}

/* Tells the peers, so that they need not wait for our silence. */
static void
say_goodbye (void)
{
	bridge_enter (running->bridge);
	for (size_t i = 0; i < running->peers.count; i++)
		if (running->members[i].link != NULL)
			link_close (running->link, running->members[i].link, false, bridge_now ());
	bridge_leave (running->bridge);
	usleep (GOODBYE_US);
}

kern_return_t
S_netmsg_stop (mach_port_t control)
{
	return may_control (control) ? KERN_SUCCESS : WIRE_EPERM;	/* see demultiplex */
}

static kern_return_t
give_control (mach_port_t control, mach_port_t dotdot, const struct requester *requester,
	struct opened *opened)
{
	if (control != running->filesystem)
		return WIRE_EOPNOTSUPP;
	if (MACH_PORT_VALID (dotdot))
		mach_port_deallocate (mach_task_self (), dotdot);
	opened->file = requester->administrator ? running->control : running->visitor;
	opened->type = MACH_MSG_TYPE_MAKE_SEND;
	return KERN_SUCCESS;
}

static kern_return_t
sync_nothing (int wait, int children)
{
	return KERN_SUCCESS;
}

static const struct file_system own_place = { give_control, sync_nothing, NULL };

/* stat of our place in the file system is stat of the node below it. */
static void
forward_to_place (mach_msg_header_t *request)
{
	request->msgh_bits = (request->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		| MACH_MSGH_BITS (MACH_MSG_TYPE_COPY_SEND, MACH_MSGH_BITS_REMOTE (request->msgh_bits));
	request->msgh_local_port = request->msgh_remote_port;
	request->msgh_remote_port = running->place;
	if (mach_msg (request, MACH_SEND_MSG, request->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy (request);
}

static boolean_t
demultiplex (mach_msg_header_t *request, mach_msg_header_t *reply)
{
	bool ends = request->msgh_id == ID_NETMSG_STOP
		|| (request->msgh_id == ID_FSYS_GOAWAY && request->msgh_local_port == running->filesystem);

	if (request->msgh_id == ID_IO_STAT)
	{
		forward_to_place (request);
		((mig_reply_header_t *) reply)->RetCode = MIG_NO_REPLY;
		return TRUE;
	}
	if (!request_is_sound (request) || (!netmsg_server (request, reply) && !fsys_server (request, reply)))
		return FALSE;
	if (ends && ((mig_reply_header_t *) reply)->RetCode == KERN_SUCCESS)
	{
		say_goodbye ();
		mach_msg (reply, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
		_exit (0);
	}
	return TRUE;
}

static bool
make_ports (struct service *service)
{
	mach_port_t *const ports[] = { &service->control, &service->visitor, &service->filesystem };
	mach_port_t self = mach_task_self ();

	if (mach_port_allocate (self, MACH_PORT_RIGHT_PORT_SET, &requests) != KERN_SUCCESS)
		return false;
	for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++)
		if (mach_port_allocate (self, MACH_PORT_RIGHT_RECEIVE, ports[i]) != KERN_SUCCESS
			|| mach_port_move_member (self, *ports[i], requests) != KERN_SUCCESS)
			return false;
	return true;
}

bool
control_attach (struct service *service, struct complaint *complaint)
{
	kern_return_t result;

	running = service;
	file_system = &own_place;
	if (!make_ports (service))
		return complain (complaint, "cannot make the control ports");
	service->place = file_name_lookup (CONTROL_FILE, O_CREAT | O_NOTRANS, 0644);
	if (service->place == MACH_PORT_NULL)
		return complain (complaint, "%s: %s; netmsg must be started by root", CONTROL_FILE, strerror (errno));
	result = file_set_translator (service->place, 0, FS_TRANS_SET | FS_TRANS_EXCL, 0, NULL, 0, service->filesystem,
		MACH_MSG_TYPE_MAKE_SEND);
	if (result == WIRE_EBUSY)
		return complain (complaint, "this node's netmsg is running already (see netmsg status)");
	return result == KERN_SUCCESS || complain (complaint, "%s: %s", CONTROL_FILE, wire_error_text (result));
}

static void *
serve (void *argument)
{
	for (;;)
		mach_msg_server (demultiplex, REQUEST_BYTES_MAX, requests);
	return NULL;
}

void
control_serve (struct service *service)
{
	pthread_t thread;

	for (int i = 1; i < CONTROL_THREADS; i++)
		if (pthread_create (&thread, NULL, serve, NULL) == 0)
			pthread_detach (thread);
	serve (NULL);
}
