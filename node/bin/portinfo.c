/* SPDX-License-Identifier: GPL-2.0-or-later */
/* portinfo: list the port rights of a task. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd.h>
#include <hurd/process.h>
#include <mach_debug/mach_debug.h>

static const char help[] =
	"usage: portinfo [-s] [PID]\n"
	"List the port rights of process PID (or of itself): name, rights with their user\n"
	"references, what the kernel has behind a right to one of its own objects, and of\n"
	"receive rights the counts of senders and queued messages.\n"
	"  -s   only the sums\n";

static const struct { mach_port_type_t type; mach_port_right_t right; const char *name; } kinds[] = {
	{ MACH_PORT_TYPE_SEND, MACH_PORT_RIGHT_SEND, "send" },
	{ MACH_PORT_TYPE_RECEIVE, MACH_PORT_RIGHT_RECEIVE, "receive" },
	{ MACH_PORT_TYPE_SEND_ONCE, MACH_PORT_RIGHT_SEND_ONCE, "send-once" },
	{ MACH_PORT_TYPE_PORT_SET, MACH_PORT_RIGHT_PORT_SET, "port-set" },
	{ MACH_PORT_TYPE_DEAD_NAME, MACH_PORT_RIGHT_DEAD_NAME, "dead-name" },
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

/* What the kernel's debugging calls a port by; a memory object that is mapped is one too. */
static const char *const objects[] = {
	[1] = "thread", "task", "host", "host-priv", "processor", "processor-set", "processor-set-name",
	"memory-object", "memory-control", "device", [16] = "memory-name", [19] = "device-master",
};
enum { OBJECTS = sizeof(objects) / sizeof(objects[0]) };

static void show_object(task_t task, mach_port_t name)
{
	unsigned type = 0;
	vm_offset_t address;
	if (mach_port_kernel_object(task, name, &type, &address) || !type)
		return;
	if (type < OBJECTS && objects[type])
		printf(" (%s)", objects[type]);
	else
		printf(" (kernel %u)", type);
}

static void show_receive(task_t task, mach_port_t name)
{
	mach_port_status_t status;
	if (mach_port_get_receive_status(task, name, &status))
		return;
	printf(" (senders %s, send-once %u, made %u, queued %u of %u%s)", status.mps_srights ? "yes" : "no",
	       status.mps_sorights, status.mps_mscount, status.mps_msgcount, status.mps_qlimit,
	       status.mps_nsrequest ? ", no-senders asked" : "");
	if (status.mps_pset)
		printf(" in set %u", status.mps_pset);
}

static void show_port(task_t task, mach_port_t name, mach_port_type_t type)
{
	printf("%6u:", name);
	for (int i = 0; i < KINDS; i++) {
		mach_port_urefs_t references = 0;
		if (!(type & kinds[i].type))
			continue;
		mach_port_get_refs(task, name, kinds[i].right, &references);
		printf(" %s %u", kinds[i].name, references);
		if (kinds[i].type == MACH_PORT_TYPE_RECEIVE)
			show_receive(task, name);
		else if (kinds[i].type == MACH_PORT_TYPE_SEND && !(type & MACH_PORT_TYPE_RECEIVE))
			show_object(task, name);
	}
	putchar('\n');
}

static int list(task_t task, int sums_only)
{
	mach_port_array_t names;
	mach_port_type_array_t types;
	mach_msg_type_number_t count = 0, type_count = 0;
	unsigned sums[KINDS] = { 0 };
	kern_return_t error = mach_port_names(task, &names, &count, &types, &type_count);
	if (error) {
		fprintf(stderr, "portinfo: cannot list the ports: error %#x\n", error);
		return 1;
	}
	for (unsigned n = 0; n < count; n++) {
		for (int i = 0; i < KINDS; i++)
			sums[i] += (types[n] & kinds[i].type) != 0;
		if (!sums_only)
			show_port(task, names[n], types[n]);
	}
	printf("%u names:", count);
	for (int i = 0; i < KINDS; i++)
		printf(" %u %s", sums[i], kinds[i].name);
	putchar('\n');
	return 0;
}

int main(int argc, char **argv)
{
	int sums_only = 0, next = 1;
	task_t task = mach_task_self();
	if (next < argc && !strcmp(argv[next], "--help")) {
		fputs(help, stdout);
		return 0;
	}
	if (next < argc && !strcmp(argv[next], "-s"))
		sums_only = next++;
	if (next < argc) {
		char *end;
		long pid = strtol(argv[next], &end, 10);
		if (*end || end == argv[next] || next + 1 < argc) {
			fprintf(stderr, "portinfo: %s is no process number; see --help\n", argv[next]);
			return 2;
		}
		error_t error = proc_pid2task(getproc(), (pid_t)pid, &task);
		if (error || !MACH_PORT_VALID(task)) {
			fprintf(stderr, "portinfo: process %ld: %s\n", pid, strerror(hurd_to_errno(error)));
			return 1;
		}
	}
	return list(task, sums_only);
}
