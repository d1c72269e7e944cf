/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ps: list the processes of this node. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <hurd.h>
#include <hurd/process.h>

static const char help[] =
	"usage: ps\n"
	"List this node's processes: pid, parent, process group, threads, memory in use (kB),\n"
	"processor time and arguments.\n";

struct facts {
	pid_t pid, parent, group;
	unsigned threads;
	unsigned long resident_kb, centiseconds;
};

static void look_at_task(task_t task, struct facts *facts)
{
	struct task_basic_info basic;
	struct task_thread_times_info live;
	mach_msg_type_number_t count = TASK_BASIC_INFO_COUNT, thread_count = 0;
	thread_array_t threads;

	if (task_info(task, TASK_BASIC_INFO, (task_info_t)&basic, &count) == 0) {
		facts->resident_kb = basic.resident_size / 1024;
		facts->centiseconds = (basic.user_time.seconds + basic.system_time.seconds) * 100
			+ (basic.user_time.microseconds + basic.system_time.microseconds) / 10000;
	}
	count = TASK_THREAD_TIMES_INFO_COUNT;
	if (task_info(task, TASK_THREAD_TIMES_INFO, (task_info_t)&live, &count) == 0)
		facts->centiseconds += (live.user_time.seconds + live.system_time.seconds) * 100
			+ (live.user_time.microseconds + live.system_time.microseconds) / 10000;
	if (task_threads(task, &threads, &thread_count))
		return;
	facts->threads = thread_count;
	for (unsigned i = 0; i < thread_count; i++)
		mach_port_deallocate(mach_task_self(), threads[i]);
	vm_deallocate(mach_task_self(), (vm_address_t)threads, thread_count * sizeof *threads);
}

/* A process may end while it is looked at: what is known then stays. */
static void look(process_t proc, pid_t pid, struct facts *facts)
{
	mach_port_t process;
	task_t task;
	int orphaned;

	*facts = (struct facts){ .pid = pid };
	proc_getpgrp(proc, pid, &facts->group);
	if (proc_pid2proc(proc, pid, &process) == 0) {
		proc_getpids(process, &facts->pid, &facts->parent, &orphaned);
		mach_port_deallocate(mach_task_self(), process);
	}
	if (proc_pid2task(proc, pid, &task) == 0) {
		look_at_task(task, facts);
		mach_port_deallocate(mach_task_self(), task);
	}
}

/* The arguments, or in brackets the file that the program came from. */
static void show_command(process_t proc, pid_t pid)
{
	data_t arguments = NULL;
	mach_msg_type_number_t size = 0;
	string_t file = "";

	if (proc_getprocargs(proc, pid, &arguments, &size) == 0 && size > 0) {
		for (unsigned i = 0; i + 1 < size; i++)
			putchar(arguments[i] ? arguments[i] : ' ');
		vm_deallocate(mach_task_self(), (vm_address_t)arguments, size);
	} else if (proc_get_exe(proc, pid, file) == 0 && file[0]) {
		printf("[%s]", file);
	} else {
		printf("[?]");
	}
	putchar('\n');
}

int main(int argc, char **argv)
{
	process_t proc = getproc();
	pidarray_t pids = NULL;
	mach_msg_type_number_t count = 0;
	error_t error;

	if (argc > 1) {
		fputs(help, strcmp(argv[1], "--help") == 0 ? stdout : stderr);
		return strcmp(argv[1], "--help") == 0 ? 0 : 2;
	}
	error = proc_getallpids(proc, &pids, &count);
	if (error) {
		fprintf(stderr, "ps: the process server does not answer: %s\n", strerror(hurd_to_errno(error)));
		return 1;
	}
	printf("%5s %5s %5s %3s %7s %7s COMMAND\n", "PID", "PPID", "PGRP", "TH", "RSS", "TIME");
	for (unsigned i = 0; i < count; i++) {
		struct facts facts;

		look(proc, pids[i], &facts);
		printf("%5d %5d %5d %3u %7lu %4lu.%02lu ", facts.pid, facts.parent, facts.group, facts.threads, facts.resident_kb,
		       facts.centiseconds / 100, facts.centiseconds % 100);
		show_command(proc, pids[i]);
	}
	return 0;
}
