/* SPDX-License-Identifier: GPL-2.0-or-later */
/* execve: asks the exec server for a new task that takes our place. */
#define _GNU_SOURCE
#include "process.h"
#include "files.h"
#include "prototypes.h"
#include "signals.h"
#include <fcntl.h>
#include <string.h>
#include <hurd/exec.h>
#include <hurd/io.h>
#include <mach/task_special_ports.h>

#define EXEC_SERVER "/servers/exec"
#define SCRIPT_LINE_MAX_BYTES 256	/* of "#! interpreter argument" */

/* Strings each ended by a zero byte, in memory from vm_allocate. */
struct strings {
	char *bytes;
	size_t size, used;
};

static bool append(struct strings *strings, const char *string)
{
	size_t length = strlen(string) + 1;

	if (length > strings->size - strings->used)
		return false;
	memcpy(strings->bytes + strings->used, string, length);
	strings->used += length;
	return true;
}

static bool append_all(struct strings *strings, char *const *vector)
{
	for (; vector && *vector; vector++)
		if (!append(strings, *vector))
			return false;
	return true;
}

static bool allocate(struct strings *strings)
{
	vm_address_t memory = 0;

	if (vm_allocate(mach_task_self(), &memory, EXEC_STRINGS_MAX_BYTES, TRUE) != KERN_SUCCESS)
		return false;
	*strings = (struct strings){ (char *)memory, EXEC_STRINGS_MAX_BYTES, 0 };
	return true;
}

static void release(struct strings *strings)
{
	if (strings->bytes)
		vm_deallocate(mach_task_self(), (vm_address_t)strings->bytes, strings->size);
}

struct script { char interpreter[SCRIPT_LINE_MAX_BYTES]; char *argument; };

/* Is FILE a script?  Then its first line says by whom it is read. */
static int read_script(mach_port_t file, struct script *script)
{
	char line[SCRIPT_LINE_MAX_BYTES + 1], *data = line, *at, *end;
	mach_msg_type_number_t got = SCRIPT_LINE_MAX_BYTES;
	int error = io_read(file, &data, &got, 0, SCRIPT_LINE_MAX_BYTES);

	if (error)
		return error;
	if (got > SCRIPT_LINE_MAX_BYTES)
		got = SCRIPT_LINE_MAX_BYTES;
	if (data != line) {
		memcpy(line, data, got);
		vm_deallocate(mach_task_self(), (vm_address_t)data, got);
	}
	line[got] = '\0';
	if (line[0] != '#' || line[1] != '!' || !(end = strchr(line, '\n')))
		return HURD_ENOEXEC;
	while (end > line && (end[-1] == ' ' || end[-1] == '\t' || end[-1] == '\r'))
		end--;
	*end = '\0';
	at = line + 2 + strspn(line + 2, " \t");
	if (*at == '\0')
		return HURD_ENOEXEC;
	strcpy(script->interpreter, at);
	at = script->interpreter + strcspn(script->interpreter, " \t");
	script->argument = NULL;
	if (*at) {
		*at++ = '\0';
		script->argument = at + strspn(at, " \t");
	}
	return 0;
}

static int mask_to_hurd(unsigned long mask)
{
	unsigned hurd_mask = 0;

	for (int i = 1; i <= SIGNAL_MAX; i++)
		if (mask & SIGNAL_BIT(i) && hurd_signal(i) > 0 && hurd_signal(i) <= 32)
			hurd_mask |= 1u << (hurd_signal(i) - 1);
	return hurd_mask;
}

/* The rights in the arrays are copied by the message. */
static int call_server(mach_port_t server, mach_port_t file, const char *path, struct strings *arguments,
		       struct strings *environment)
{
	unsigned fd_count;
	mach_port_t *fds = fd_table_for_exec(&fd_count), bootstrap = MACH_PORT_NULL;
	struct posix_thread *self = posix_self();
	int ints[INIT_INT_MAX] = {
		[INIT_UMASK] = current_umask(),
		[INIT_SIGMASK] = mask_to_hurd(self->blocked_signals),
		[INIT_SIGIGN] = mask_to_hurd(signals_ignored()),
		[INIT_SIGPENDING] = mask_to_hurd(signal_state.pending | self->pending_signals),
	};
	mach_port_t ports[INIT_PORT_MAX] = { [INIT_PORT_PROC] = posix_process.proc };
	int error;

	if (!fds)
		return HURD_ENOMEM;
	task_get_special_port(mach_task_self(), TASK_BOOTSTRAP_PORT, &bootstrap);
	ports[INIT_PORT_CWDIR] = current_directory();
	ports[INIT_PORT_CRDIR] = root_directory();
	ports[INIT_PORT_BOOTSTRAP] = bootstrap;
	error = exec_exec_paths(server, file, MACH_MSG_TYPE_COPY_SEND, mach_task_self(), EXEC_NEWTASK, path, path,
				arguments->bytes, arguments->used, environment->bytes, environment->used,
				fds, MACH_MSG_TYPE_COPY_SEND, fd_count, ports, MACH_MSG_TYPE_COPY_SEND, INIT_PORT_MAX,
				ints, INIT_INT_MAX, NULL, 0, NULL, 0);
	drop_port(ports[INIT_PORT_CWDIR]);
	drop_port(ports[INIT_PORT_CRDIR]);
	drop_port(bootstrap);
	vm_deallocate(mach_task_self(), (vm_address_t)fds, FD_MAX * sizeof *fds);
	return error;
}

/* Puts the interpreter, its argument and PATH in front of all but the first argument. */
static int prepend_interpreter(struct strings *arguments, const struct script *script, const char *path)
{
	struct strings old = *arguments;
	size_t first = old.used ? strlen(old.bytes) + 1 : 0;
	bool fits;

	if (!allocate(arguments)) {
		*arguments = old;
		return HURD_ENOMEM;
	}
	fits = append(arguments, script->interpreter) && (!script->argument || append(arguments, script->argument))
		&& append(arguments, path) && old.used - first <= arguments->size - arguments->used;
	if (fits) {
		memcpy(arguments->bytes + arguments->used, old.bytes + first, old.used - first);
		arguments->used += old.used - first;
	}
	release(&old);
	return fits ? 0 : HURD_E2BIG;
}

static int run(int dirfd, const char *path, struct strings *arguments, struct strings *environment)
{
	struct script script;
	char name[HURD_NAME_SIZE];
	mach_port_t server, file;
	int error = path_lookup(AT_FDCWD, EXEC_SERVER, 0, 0, &server);

	if (error)
		return HURD_ENOSYS;
	for (int level = 0;; level++) {
		error = level == SCRIPT_LEVELS_MAX ? HURD_ELOOP : path_lookup(dirfd, path, HURD_O_READ | HURD_O_EXEC, 0, &file);
		if (error)
			break;
		error = call_server(server, file, path, arguments, environment);
		if (error == 0)		/* the new task runs; the process server ends this one, if it knows it */
			for (;;)
				task_terminate(mach_task_self());
		if (error == HURD_ENOEXEC)
			error = read_script(file, &script) ? HURD_ENOEXEC : 0;
		drop_port(file);
		if (error)
			break;
		/* It is a script. */
		error = prepend_interpreter(arguments, &script, path);
		if (error)
			break;
		strcpy(name, script.interpreter);
		path = name;
	}
	drop_port(server);
	return error == HURD_EISDIR ? HURD_EACCES : error;
}

long sys_execve(const char *path, char *const *argv, char *const *envp)
{
	struct strings arguments = { 0 }, environment = { 0 };
	int error = HURD_ENOMEM;

	if (allocate(&arguments) && allocate(&environment)) {
		error = HURD_E2BIG;
		if (append_all(&arguments, argv) && append_all(&environment, envp)
		    && arguments.used + environment.used <= EXEC_STRINGS_MAX_BYTES)
			error = run(AT_FDCWD, path, &arguments, &environment);
	}
	release(&arguments);
	release(&environment);
	return posix_error(error);
}
