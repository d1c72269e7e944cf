/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "run.h"

#include "daemon.h"
#include "find.h"
#include "hurd_numbers.h"
#include "netmsg_user.h"

#include <mach.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool
background_body (const struct options *options, void (*ready) (void))
{
	struct complaint complaint;

	if (daemon_run (options, options->argument, ready, &complaint))
		return true;
	fprintf (stderr, "netmsg: %s\n", complaint.text);
	return false;
}

static bool
ask_to_serve (mach_port_t control, const char *path, struct complaint *complaint)
{
	netmsg_text_t why;
	int good;
	kern_return_t result = netmsg_serve (control, path, &good, why);

	mach_port_deallocate (mach_task_self (), control);
	if (result != KERN_SUCCESS)
		return complain (complaint, "the running netmsg refuses: %s", wire_error_text (result));
	return good || complain (complaint, "%s", why);
}

bool
run_server (const struct options *options, struct complaint *complaint)
{
	mach_port_t control = find_server ();

	if (control != MACH_PORT_NULL)
	{
		mach_port_deallocate (mach_task_self (), control);
		control = find_or_start_server (options, complaint);	/* its settings must agree */
		return control != MACH_PORT_NULL && ask_to_serve (control, options->argument, complaint);
	}
	if (options->foreground)
		return daemon_run (options, options->argument, NULL, complaint);
	if (!run_in_background (background_body, options))
		exit (1);	/* it has told why */
	return true;
}

bool
run_status (const struct options *options, struct complaint *complaint)
{
	mach_port_t control = find_server ();
	mach_msg_type_number_t bytes;
	netmsg_report_t report;
	kern_return_t result;

	if (control == MACH_PORT_NULL)
		return complain (complaint, "no netmsg runs on this node; start one with: netmsg -s");
	result = netmsg_status (control, &report, &bytes);
	mach_port_deallocate (mach_task_self (), control);
	if (result != KERN_SUCCESS)
		return complain (complaint, "no status: %s", wire_error_text (result));
	fwrite (report, 1, bytes, stdout);
	vm_deallocate (mach_task_self (), (vm_address_t) report, bytes);
	return fflush (stdout) == 0 || complain (complaint, "cannot write the status");
}

bool
run_stop (const struct options *options, struct complaint *complaint)
{
	mach_port_t control = find_server ();
	kern_return_t result;

	if (control == MACH_PORT_NULL)
		return complain (complaint, "no netmsg runs on this node");
	result = netmsg_stop (control);
	mach_port_deallocate (mach_task_self (), control);
	return result == KERN_SUCCESS || complain (complaint, "cannot stop it: %s", wire_error_text (result));
}
