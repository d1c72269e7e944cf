/* SPDX-License-Identifier: GPL-2.0-or-later */
/* console: a terminal on the first serial line, the translator of /dev/console. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd/fsys.h>
#include <hurd/process.h>
#include "posix.h"
#include "server.h"

boolean_t control_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t interrupt_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t io_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t select_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t term_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t tioctl_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t tioctl_high_server(mach_msg_header_t *request, mach_msg_header_t *reply);

enum { REQUEST_BYTES_MAX = 65536, FS_FIRST = 20000, FS_LAST = 20999, ROWS = 24, COLUMNS = 80 };

struct console console;

static void die(const char *what, kern_return_t error)
{
	fprintf(stderr, "console: %s: error 0x%x\n", what, error);
	exit(1);
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	/* Only the kernel has a send-once right to an open: from others it is a request that nobody serves. */
	if (request->msgh_id == MACH_NOTIFY_NO_SENDERS
	    && MACH_MSGH_BITS_LOCAL(request->msgh_bits) == MACH_MSG_TYPE_PORT_SEND_ONCE) {
		struct open *open = open_find(request->msgh_local_port);
		if (open)
			open_drop(open);
		((mig_reply_header_t *)reply)->RetCode = MIG_NO_REPLY;
		return TRUE;
	}
	if (device_demux(request)) {
		((mig_reply_header_t *)reply)->RetCode = MIG_NO_REPLY;
		return TRUE;
	}
	if (!mach_msg_request_is_sound(request)) {
		((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ARGUMENTS;
		return TRUE;
	}
	if (io_server(request, reply) || select_server(request, reply) || tioctl_server(request, reply) ||
	    tioctl_high_server(request, reply) || term_server(request, reply) || interrupt_server(request, reply) ||
	    control_server(request, reply))
		return TRUE;
	if (request->msgh_id >= FS_FIRST && request->msgh_id <= FS_LAST)
		((mig_reply_header_t *)reply)->RetCode = HURD_EOPNOTSUPP;
	return FALSE;
}

/* Sends what the routine left, if it is to be sent now. */
static void answer(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	kern_return_t code = ((mig_reply_header_t *)reply)->RetCode;
	bool simple = !(reply->msgh_bits & MACH_MSGH_BITS_COMPLEX);

	if (simple && code == MIG_NO_REPLY)
		return;
	if (simple && code != KERN_SUCCESS) {
		request->msgh_remote_port = MACH_PORT_NULL;	/* the reply has that right */
		mach_msg_destroy(request);
	}
	if (!MACH_PORT_VALID(reply->msgh_remote_port) ||
	    mach_msg(reply, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		mach_msg_destroy(reply);
}

static void serve(void)
{
	static union { mach_msg_header_t header; char bytes[REQUEST_BYTES_MAX]; } request, reply;
	for (;;) {
		long wait_ms = parked_expire();
		mach_msg_return_t result = mach_msg(&request.header, MACH_RCV_MSG | (wait_ms < 0 ? 0 : MACH_RCV_TIMEOUT), 0,
						    sizeof request, console.port_set, wait_ms < 0 ? 0 : wait_ms,
						    MACH_PORT_NULL);
		if (result == MACH_RCV_TIMED_OUT || result == MACH_RCV_TOO_LARGE)
			continue;
		if (result)
			die("cannot receive", result);
		mig_reply_setup(&request.header, &reply.header);
		demux(&request.header, &reply.header);
		answer(&request.header, &reply.header);
		parked_serve();
	}
}

static kern_return_t make_port(mach_port_t *port)
{
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, port);
	return error ? error : mach_port_move_member(mach_task_self(), *port, console.port_set);
}

static kern_return_t prepare(void)
{
	mach_port_t host_priv = MACH_PORT_NULL, device_master = MACH_PORT_NULL;
	mach_port_t proc = posix_startup.port_count > INIT_PORT_PROC ? posix_startup.ports[INIT_PORT_PROC] : MACH_PORT_NULL;
	kern_return_t error = proc_getprivports(proc, &host_priv, &device_master);
	if (!error)
		error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &console.port_set);
	if (!error)
		error = make_port(&console.control);
	if (!error)
		error = make_port(&console.ctty);
	if (!error)
		error = make_port(&console.input_port);
	if (!error)
		error = device_prepare(device_master);
	if (!error)
		error = signals_prepare();
	mach_port_deallocate(mach_task_self(), host_priv);
	mach_port_deallocate(mach_task_self(), device_master);
	return error;
}

static kern_return_t announce(void)
{
	mach_port_t bootstrap = MACH_PORT_NULL, node = MACH_PORT_NULL;
	kern_return_t error = task_get_bootstrap_port(mach_task_self(), &bootstrap);
	if (error || !MACH_PORT_VALID(bootstrap))
		return error ? error : HURD_ENOTCONN;
	error = fsys_startup(bootstrap, 0, console.control, MACH_MSG_TYPE_MAKE_SEND, &node);
	mach_port_deallocate(mach_task_self(), bootstrap);
	if (!error && MACH_PORT_VALID(node))
		mach_port_deallocate(mach_task_self(), node);
	return error;
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		fprintf(stderr, "usage: console\nA terminal on the first serial line; init puts it on /dev/console.\n");
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	console.line.put = device_put;
	console.line.signal = signals_send;
	console.size = (struct winsize){ .ws_row = ROWS, .ws_col = COLUMNS };
	line_reset(&console.line);
	kern_return_t error = prepare();
	if (error)
		die("cannot start", error);
	error = announce();
	if (error)
		die("has to be started as a translator", error);
	serve();
}
