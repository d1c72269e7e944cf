/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tmpfs: a file system in memory. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "filemap.h"
#include "fsys_options.h"
#include "limits.h"
#include "objects.h"

static const char help[] =
	"usage: settrans -ac NODE /hurd/tmpfs [--max-bytes=N[k|m|g]] [--debug]\n"
	"A file system in memory.\n"
	"  --max-bytes=N   hold at most so many bytes of file data (default: half of the\n"
	"                  machine's memory)\n"
	"  --debug         let fsys_get_options tell counts of opens, nodes, ports and paging\n"
	"As the first file system of a machine, started by its init:\n"
	"  --device-master-port=N RAMDISK...\n"
	"                  N is the name of a right to the device master port in this task;\n"
	"                  the archives on the ramdisks (rd0 rd1 ...) are unpacked in order\n";

static void *take_memory(void *context, size_t bytes)
{
	vm_address_t memory = 0;
	/* The mask asks for an address that is a multiple of the size. */
	if (vm_map(mach_task_self(), &memory, bytes, bytes - 1, TRUE, MACH_PORT_NULL, 0, FALSE, VM_PROT_DEFAULT, VM_PROT_ALL,
		   VM_INHERIT_NONE))
		return NULL;
	return (void *)memory;
}

static void give_memory(void *context, void *memory, size_t bytes)
{
	vm_deallocate(mach_task_self(), (vm_address_t)memory, bytes);
}

static struct timespec now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_REALTIME, &time);
	return time;
}

static void node_dying(struct store *store, struct node *node)
{
	mach_port_t task = mach_task_self();
	if (node->translator)
		translator_set(node, MACH_PORT_NULL);
	if (node->identity)
		mach_port_mod_refs(task, node->identity, MACH_PORT_RIGHT_RECEIVE, -1);
	if (node->address)
		mach_port_deallocate(task, node->address);
}

/* The rest is for programs: a machine without a page left stands still. */
static uint64_t default_bytes_max(void)
{
	struct vm_statistics memory;
	if (vm_statistics(mach_task_self(), &memory))
		return TMPFS_BYTES_MAX_UNKNOWN;
	uint64_t pages = (uint64_t)memory.free_count + memory.active_count + memory.inactive_count + memory.wire_count;
	return pages * memory.pagesize / 2;
}

static error_t prepare(void)
{
	static struct object notify, control;
	static const struct page_source source = { take_memory, give_memory, NULL };
	error_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &server.receive_set);
	if (!error)
		error = object_make(&notify, OBJECT_NOTIFY, false);
	if (!error)
		error = object_make(&control, OBJECT_CONTROL, true);
	server.bytes_max = default_bytes_max();
	if (!error)
		error = hurd_from_errno(store_init(&server.store, &source, server.bytes_max, now, node_dying));
	if (!error)
		error = filemap_start();
	server.notify_port = notify.port;
	server.control = &control;
	if (getrandom(&server.filesystem_id, sizeof(server.filesystem_id), 0) < 0)
		server.filesystem_id = (uint32_t)now().tv_nsec;
	server.filesystem_id &= INT32_MAX;
	return error;
}

/* Tells whoever started us; our root takes the looks of the node below it, if there is one. */
static error_t start_up(void)
{
	mach_port_t bootstrap = MACH_PORT_NULL, below = MACH_PORT_NULL;
	error_t error = task_get_bootstrap_port(mach_task_self(), &bootstrap);
	if (error || !MACH_PORT_VALID(bootstrap))
		return HURD_ENOTCONN;
	error = fsys_startup(bootstrap, HURD_O_NOTRANS, server.control->port, MACH_MSG_TYPE_MAKE_SEND, &below);
	mach_port_deallocate(mach_task_self(), bootstrap);
	if (!error && MACH_PORT_VALID(below))
		mach_port_deallocate(mach_task_self(), below);
	return error;
}

int main(int argc, char **argv)
{
	static const char device_option[] = "--device-master-port=";
	mach_port_t device_master = MACH_PORT_NULL;
	error_t error = prepare();
	if (error) {
		server_report("cannot start: error %#x; is memory out?", error);
		return 1;
	}
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--help")) {
			fputs(help, stdout);
			return 0;
		}
		if (!strncmp(argv[i], device_option, sizeof(device_option) - 1)) {
			device_master = (mach_port_t)strtoul(argv[i] + sizeof(device_option) - 1, NULL, 0);
		} else if (argv[i][0] == '-') {
			if (option_take(argv[i])) {
				server_report("bad option %s; see --help", argv[i]);
				return 2;
			}
		} else {
			error = ramdisk_unpack(device_master, argv[i]);
			if (error)
				server_report("cannot unpack ramdisk %s: error %#x; is it a tar archive?", argv[i], error);
		}
	}
	if (MACH_PORT_VALID(device_master)) {
		devices_make(&server.store);
		mach_port_deallocate(mach_task_self(), device_master);
	}
	error = start_up();
	if (error) {
		server_report("cannot reach who started it (error %#x); use settrans", error);
		return 1;
	}
	server_run();
}
