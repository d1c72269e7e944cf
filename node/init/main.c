/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The order of a boot. */
#include <stdio.h>
#include "posix.h"
#include "init.h"

static void start_file_server(const struct archive *archive)
{
	char port_option[] = "--device-master-port=400";
	char names[RAMDISKS_MAX][8];
	const char *words[RAMDISKS_MAX + 3] = { "/hurd/tmpfs", port_option };
	int count = archive_count(boot.device_master);

	for (int i = 0; i < count; i++) {
		snprintf(names[i], sizeof names[i], "rd%d", i);
		words[i + 2] = names[i];
	}
	words[count + 2] = NULL;
	mach_port_t control = start_translator(archive, "hurd/tmpfs", words);
	if (control == MACH_PORT_NULL)
		fail("there is no root file system");
	boot.root = control_root(control);
}

/* A translator of the boot image on its node; the boot goes on without it. */
static void start_on_node(const struct archive *archive, const char *path, const char *const *words)
{
	mach_port_t control = start_translator(archive, words[0] + 1, words);
	kern_return_t error = control == MACH_PORT_NULL ? KERN_SUCCESS : put_translator(path, control);
	if (error)
		report("%s cannot be put on /%s: error 0x%x", words[0], path, error);
}

int main(int argc, char **argv)
{
	struct archive archive;

	boot.host_priv = posix_boot_host_priv;
	boot.device_master = posix_boot_device_master;
	if (!MACH_PORT_VALID(boot.host_priv) || !MACH_PORT_VALID(boot.device_master)) {
		fprintf(stderr, "init: only the kernel starts this program, as its first task\n");
		return 1;
	}
	exceptions_prepare();
	servers_prepare();
	if (archive_read(boot.device_master, "rd0", &archive))
		fail("no ramdisk rd0; the second module has to be base.tar $(ramdisk-create)");
	start_file_server(&archive);
	clock_prepare();
	start_proc(&archive);
	start_on_node(&archive, "servers/exec", (const char *const[]){ "/hurd/exec", NULL });
	start_on_node(&archive, "dev/console", (const char *const[]){ "/hurd/console", NULL });
	start_on_node(&archive, "servers/socket/1", (const char *const[]){ "/hurd/pflocal", NULL });
	vm_deallocate(mach_task_self(), (vm_address_t)archive.bytes, archive.size);
	become_process();
	run_sessions();
}
