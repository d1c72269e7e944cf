/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting the first servers, from the archive, without file system and exec
   server; and answering what they ask while they start. */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <mach/gnumach.h>
#include <mach/task_special_ports.h>
#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <hurd/process.h>
#include <hurd_abi.h>
#include "new_task.h"
#include "init.h"
#include "boot_server.h"
#include "startup_server.h"

boolean_t boot_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t startup_server(mach_msg_header_t *request, mach_msg_header_t *reply);

/* The name by which the file server finds its right to the device master port:
   high enough not to be one that the kernel hands out first. */
#define DEVICE_MASTER_NAME 400
#define REQUEST_SIZE (4 * STARTUP_REPLY_SIZE)

struct boot_ports boot;

/* What the answering thread tells the main one. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	mach_port_t set;	/* all that the answering thread receives on */
	mach_port_t bootstrap;	/* the servers' bootstrap port */
	mach_port_t control;	/* what the last fsys_startup brought */
} answers = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, 0 };

mach_port_t answering_port(void)
{
	mach_port_t port;
	kern_return_t error = mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &port);
	if (!error)
		error = mach_port_insert_right(mach_task_self(), port, port, MACH_MSG_TYPE_MAKE_SEND);
	if (!error)
		error = mach_port_move_member(mach_task_self(), port, answers.set);
	if (error)
		fail("no port: %s", "kernel out of memory");
	return port;
}

/* One more reference to a send right, to give away. */
static mach_port_t copy_right(mach_port_t right)
{
	if (MACH_PORT_VALID(right))
		mach_port_mod_refs(mach_task_self(), right, MACH_PORT_RIGHT_SEND, 1);
	return right;
}

static void tell(mach_port_t *where, mach_port_t port)
{
	pthread_mutex_lock(&answers.mutex);
	*where = port;
	pthread_cond_signal(&answers.changed);
	pthread_mutex_unlock(&answers.mutex);
}

static mach_port_t await(mach_port_t *where, const char *program)
{
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SERVER_WAIT_SECONDS;
	pthread_mutex_lock(&answers.mutex);
	while (*where == MACH_PORT_NULL)
		if (pthread_cond_timedwait(&answers.changed, &answers.mutex, &until))
			break;
	mach_port_t port = *where;
	pthread_mutex_unlock(&answers.mutex);
	if (port == MACH_PORT_NULL)
		report("%s has not come up in %d seconds", program, SERVER_WAIT_SECONDS);
	return port;
}

kern_return_t S_fsys_startup(mach_port_t bootstrap, int flags, mach_port_t control, mach_port_t *node,
			     mach_msg_type_name_t *node_type)
{
	*node = MACH_PORT_NULL;
	*node_type = MACH_MSG_TYPE_COPY_SEND;
	tell(&answers.control, control);
	return 0;
}

kern_return_t S_startup_procinit(mach_port_t server, mach_port_t reply_port, mach_msg_type_name_t reply_type,
				 mach_port_t our_proc, mach_port_t *our_task, mach_port_t *auth,
				 mach_msg_type_name_t *auth_type, mach_port_t *host_priv,
				 mach_msg_type_name_t *host_type, mach_port_t *device_master,
				 mach_msg_type_name_t *device_type)
{
	*our_task = mach_task_self();
	*auth = MACH_PORT_NULL;
	*host_priv = boot.host_priv;
	*device_master = boot.device_master;
	*auth_type = *host_type = *device_type = MACH_MSG_TYPE_COPY_SEND;
	tell(&boot.proc, our_proc);
	return 0;
}

static boolean_t demux(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (log_demux(request, reply) || clock_demux(request, reply))
		return TRUE;
	if (request->msgh_local_port == answers.bootstrap)
		return boot_server(request, reply) || startup_server(request, reply);
	return startup_demux(request, reply, NULL);
}

static void *answer(void *unused)
{
	kern_return_t error = mach_msg_server(demux, REQUEST_SIZE, answers.set);
	fail("cannot receive: 0x%x", error);
}

void servers_prepare(void)
{
	pthread_t thread;
	if (mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_PORT_SET, &answers.set))
		fail("no port set");
	answers.bootstrap = answering_port();
	boot.log = answering_port();
	if (pthread_create(&thread, NULL, answer, NULL))
		fail("no thread");
}

static void join_words(const char *const *words, char *block, size_t room, size_t *size)
{
	*size = 0;
	for (; *words; words++) {
		size_t length = strlen(*words) + 1;
		if (*size + length > room)
			fail("the arguments of %s are too long", words[0]);
		memcpy(block + *size, *words, length);
		*size += length;
	}
}

static mach_port_t process_of(mach_port_t task, const char *program)
{
	mach_port_t process = MACH_PORT_NULL;
	if (!proc_task2proc(boot.proc, task, &process))
		proc_set_exe(process, (char *)program);
	return process;
}

static bool start_server(const struct archive *archive, const char *program, const char *const *words)
{
	char block[1024];
	size_t block_size;
	struct elf_memory image;
	struct new_task task;

	join_words(words, block, sizeof block, &block_size);
	if (!archive_find(archive, program, &image.image, &image.size)) {
		report("%s is not in the boot image", program);
		return false;
	}

	mach_port_t fds[3], ports[HURD_INIT_PORT_MAX] = { MACH_PORT_NULL };
	for (int i = 0; i < 3; i++)
		fds[i] = copy_right(boot.log);
	ports[HURD_INIT_PORT_CRDIR] = copy_right(boot.root);
	ports[HURD_INIT_PORT_CWDIR] = copy_right(boot.root);
	ports[HURD_INIT_PORT_BOOTSTRAP] = copy_right(answers.bootstrap);

	struct startup startup = {
		.argv = startup_copy(block, block_size), .argv_size = block_size,
		.fds = startup_copy(fds, sizeof fds), .fd_count = 3,
		.ports = startup_copy(ports, sizeof ports), .port_count = HURD_INIT_PORT_MAX,
	};
	struct elf_source source = elf_source_memory(&image);
	int error = new_task_make(&source, &startup, &task);
	if (error) {
		report("%s cannot be loaded: error 0x%x", program, error);
		return false;
	}
	task_set_name(task.task, (char *)words[0]);
	if (boot.proc != MACH_PORT_NULL) {
		startup.ports[HURD_INIT_PORT_PROC] = process_of(task.task, words[0]);
	} else if (boot.root == MACH_PORT_NULL) {
		boot.file_server = copy_right(task.task);
		mach_port_insert_right(task.task, DEVICE_MASTER_NAME, boot.device_master, MACH_MSG_TYPE_COPY_SEND);
	}
	error = mach_port_move_member(mach_task_self(), task.boot_port, answers.set);
	if (!error)
		error = new_task_run(&task, &startup);
	if (error)
		report("%s cannot be started: error 0x%x", program, error);
	return !error;
}

mach_port_t start_translator(const struct archive *archive, const char *program, const char *const *words)
{
	answers.control = MACH_PORT_NULL;
	return start_server(archive, program, words) ? await(&answers.control, program) : MACH_PORT_NULL;
}

void start_proc(const struct archive *archive)
{
	start_server(archive, "hurd/proc", (const char *const[]){ "/hurd/proc", NULL });
	if (await(&boot.proc, "hurd/proc") == MACH_PORT_NULL)
		fail("there is no process server");
	/* It could have no process port when it was started; it has a pid, for ps and rpctrace. */
	mach_port_t process = process_of(boot.file_server, "/hurd/tmpfs");
	if (MACH_PORT_VALID(process))
		mach_port_deallocate(mach_task_self(), process);
	mach_port_deallocate(mach_task_self(), boot.file_server);
	boot.file_server = MACH_PORT_NULL;
}

mach_port_t control_root(mach_port_t control)
{
	retry_type retry;
	string_t name = "";
	mach_port_t root = MACH_PORT_NULL;
	uid_t none[1] = { 0 };
	kern_return_t error = fsys_getroot(control, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, none, 1, none, 1,
					   HURD_O_READ | HURD_O_EXEC, &retry, name, &root);
	if (error || !MACH_PORT_VALID(root))
		fail("the file server gives no root: error 0x%x", error);
	return root;
}

kern_return_t put_translator(const char *path, mach_port_t control)
{
	retry_type retry;
	string_t name = "";
	mach_port_t node = MACH_PORT_NULL;
	kern_return_t error = dir_lookup(boot.root, (char *)path, HURD_O_NOTRANS | HURD_O_CREAT, 0666, &retry, name, &node);
	if (!error && MACH_PORT_VALID(node))
		error = file_set_translator(node, 0, HURD_FS_TRANS_SET, 0, "", 0, control, MACH_MSG_TYPE_MOVE_SEND);
	if (MACH_PORT_VALID(node))
		mach_port_deallocate(mach_task_self(), node);
	return error;
}
