/* SPDX-License-Identifier: GPL-2.0-or-later */
/* halt, reboot, poweroff: end the machine, by the kernel's host_reboot. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <hurd.h>
#include <mach.h>
#include <mach/mach_host.h>
#include <mach_error.h>

enum { REBOOT = 0 };

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];
	mach_port_t host_priv = MACH_PORT_NULL, device_master = MACH_PORT_NULL;
	int option = REBOOT;	/* on QEMU with -no-reboot every one of them ends it */

	if (argc > 1) {
		fprintf(stderr, "usage: %s\nEnds this machine.\n", name);
		return strcmp(argv[1], "--help") ? 2 : 0;
	}
	int error = get_privileged_ports(&host_priv, &device_master);
	if (!error) {
		sync();
		error = host_reboot(host_priv, option);
	}
	fprintf(stderr, "%s: cannot end the machine: %s\n", name, mach_error_string(error));
	return 1;
}
