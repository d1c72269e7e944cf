/* SPDX-License-Identifier: GPL-2.0-or-later */
/* exec: the exec server, a translator on /servers/exec.

   A program is read from its file, which may be far away, so several requests
   are served at once.  The new task is made here, never in the dying one, and
   takes over the old one's process by proc_reassign. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mach.h>
#include <mach/task_special_ports.h>
#include <hurd/fsys.h>
#include <hurd/process.h>
#include "image_cache.h"
#include "new_task.h"
#include <hurd_abi.h>
#include "exec_server.h"
#include "control_server.h"
#include "node_io_server.h"

boolean_t exec_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t control_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t node_io_server(mach_msg_header_t *request, mach_msg_header_t *reply);

#define EXEC_THREADS 4			/* programs that are read at the same time */
#define REQUEST_SIZE STARTUP_REPLY_SIZE	/* bytes, of request or reply, inline */

static struct {
	mach_port_t port_set;
	mach_port_t exec_port;		/* what a lookup of /servers/exec gives */
	mach_port_t control_port;	/* the translator's */
} server;

/* Copies what the message brought; its rights are only borrowed until the task is running. */
static int copy_startup(struct startup *s, int flags, const void *argv, size_t argv_size, const void *envp, size_t envp_size,
			const mach_port_t *fds, size_t fd_count, const mach_port_t *ports, size_t port_count,
			const int *ints, size_t int_count)
{
	*s = (struct startup){
		.flags = flags,
		.argv = startup_copy(argv, argv_size), .argv_size = argv_size,
		.envp = startup_copy(envp, envp_size), .envp_size = envp_size,
		.fds = startup_copy(fds, fd_count * sizeof *fds), .fd_count = fd_count,
		.ports = startup_copy(ports, port_count * sizeof *ports), .port_count = port_count,
		.ints = startup_copy(ints, int_count * sizeof *ints), .int_count = int_count,
	};
	return (s->argv || !argv_size) && (s->envp || !envp_size) && (s->fds || !fd_count)
		&& (s->ports || !port_count) && (s->ints || !int_count) ? 0 : HURD_ENOMEM;
}

static void free_array(const void *array, size_t size)
{
	if (array && size)
		vm_deallocate(mach_task_self(), (vm_address_t)array, size);
}

/* Frees the copies but not the rights, which the failed message's destruction drops. */
static void uncopy_startup(struct startup *s)
{
	free_array(s->fds, s->fd_count * sizeof *s->fds);
	free_array(s->ports, s->port_count * sizeof *s->ports);
	s->fd_count = s->port_count = 0;
	if (!s->argv)
		s->argv_size = 0;
	if (!s->envp)
		s->envp_size = 0;
	if (!s->ints)
		s->int_count = 0;
	startup_release(s);
}

static int start(mach_port_t file, mach_port_t old_task, mach_port_t proc, const char *path, struct startup *startup)
{
	struct kept_image *image;
	struct elf_source source = image_cache_source(&file, &image);
	struct new_task new;
	int error = new_task_make(&source, startup, &new);

	image_cache_done(image);
	if (error)
		return error;
	error = mach_port_move_member(mach_task_self(), new.boot_port, server.port_set);
	/* From here on the old task is gone, and so is whoever would hear of a failure. */
	if (error == 0 && MACH_PORT_VALID(old_task) && MACH_PORT_VALID(proc))
		error = proc_reassign(proc, new.task);
	if (error == 0 && MACH_PORT_VALID(proc))
		proc_set_exe(proc, (char *)path);
	if (error == 0)
		error = new_task_run(&new, startup);
	if (error)
		new_task_abandon(&new);
	return error;
}

kern_return_t S_exec_exec_paths(mach_port_t exec_port, mach_port_t file, mach_port_t old_task, int flags,
				const_string_t path, const_string_t absolute_path,
				const_data_t argv, mach_msg_type_number_t argv_size, boolean_t argv_inline,
				const_data_t envp, mach_msg_type_number_t envp_size, boolean_t envp_inline,
				const_portarray_t fds, mach_msg_type_number_t fd_count, boolean_t fds_inline,
				const_portarray_t ports, mach_msg_type_number_t port_count, boolean_t ports_inline,
				const_intarray_t ints, mach_msg_type_number_t int_count, boolean_t ints_inline,
				const_mach_port_name_array_t dealloc, mach_msg_type_number_t dealloc_count,
				const_mach_port_name_array_t destroy, mach_msg_type_number_t destroy_count)
{
	mach_port_t proc = port_count > INIT_PORT_PROC ? ports[INIT_PORT_PROC] : MACH_PORT_NULL;
	struct startup startup;
	int error = copy_startup(&startup, flags, argv, argv_size, envp, envp_size, fds, fd_count, ports, port_count, ints, int_count);

	if (error == 0)
		error = start(file, old_task, proc, *absolute_path ? absolute_path : path, &startup);
	if (error) {
		uncopy_startup(&startup);
		return error;
	}
	/* Done: the arrays' rights have moved on; file and task were given to us.  The
	   name arrays are for exec in place, which does not exist here. */
	mach_port_deallocate(mach_task_self(), file);
	if (MACH_PORT_VALID(old_task))
		mach_port_deallocate(mach_task_self(), old_task);
	if (!argv_inline)
		free_array(argv, argv_size);
	if (!envp_inline)
		free_array(envp, envp_size);
	if (!fds_inline)
		free_array(fds, fd_count * sizeof *fds);
	if (!ports_inline)
		free_array(ports, port_count * sizeof *ports);
	if (!ints_inline)
		free_array(ints, int_count * sizeof *ints);
	return 0;
}

/* ---- the translator's control port */

kern_return_t S_fsys_getroot(mach_port_t control, mach_port_t dotdot, const_idarray_t uids, mach_msg_type_number_t uid_count,
			     const_idarray_t gids, mach_msg_type_number_t gid_count, int flags,
			     retry_type *retry, string_t retry_name, mach_port_t *file, mach_msg_type_name_t *file_type)
{
	if (MACH_PORT_VALID(dotdot))
		mach_port_deallocate(mach_task_self(), dotdot);
	*retry = FS_RETRY_NORMAL;
	retry_name[0] = '\0';
	*file = server.exec_port;
	*file_type = MACH_MSG_TYPE_MAKE_SEND;
	return 0;
}

kern_return_t S_fsys_goaway(mach_port_t control, int flags)
{
	if (!(flags & FSYS_GOAWAY_FORCE))
		return HURD_EBUSY;
	exit(0);
}

/* So that the directory it is in can be listed. */
kern_return_t S_io_stat(mach_port_t exec_port, io_statbuf_t *status)
{
	*status = (io_statbuf_t){
		.st_fstype = FSTYPE_MISC, .st_mode = S_IFCHR | 0555, .st_nlink = 1, .st_ino = 1,
		.st_fsid = getpid(), .st_blksize = vm_page_size,
	};
	return 0;
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_local_port == server.exec_port)
		return exec_server(request, reply) || node_io_server(request, reply);
	if (request->msgh_local_port == server.control_port)
		return control_server(request, reply);
	return startup_demux(request, reply, NULL);
}

static void *serve(void *unused)
{
	int error = mach_msg_server(demux, REQUEST_SIZE, server.port_set);

	fprintf(stderr, "exec: cannot receive (error 0x%x)\n", error);
	exit(1);
}

static int make_port(mach_port_t *port)
{
	int error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, port);

	return error ? error : mach_port_move_member(mach_task_self(), *port, server.port_set);
}

/* Makes the server known to whoever started it. */
static int announce(void)
{
	mach_port_t bootstrap, real_node = MACH_PORT_NULL;
	int error = task_get_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, &bootstrap);

	if (error)
		return error;
	if (!MACH_PORT_VALID(bootstrap))
		return HURD_EOPNOTSUPP;
	mach_port_insert_right(mach_task_self(), server.control_port, server.control_port, MACH_MSG_TYPE_MAKE_SEND);
	error = fsys_startup(bootstrap, 0, server.control_port, MACH_MSG_TYPE_MOVE_SEND, &real_node);
	mach_port_deallocate(mach_task_self(), bootstrap);
	if (error == 0 && MACH_PORT_VALID(real_node))
		mach_port_deallocate(mach_task_self(), real_node);
	return error;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	int error;

	if (argc > 1) {
		fprintf(stderr, "usage: settrans -a /servers/exec /hurd/exec\nThe exec server; it takes no arguments.\n");
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &server.port_set);
	if (error == 0)
		error = make_port(&server.exec_port);
	if (error == 0)
		error = make_port(&server.control_port);
	if (error == 0)
		error = announce();
	if (error) {
		fprintf(stderr, "exec: cannot start (error 0x%x); it has to be started as a translator\n", error);
		return 1;
	}
	for (int i = 1; i < EXEC_THREADS; i++)
		if (pthread_create(&thread, NULL, serve, NULL) != 0)
			break;
	serve(NULL);
}
