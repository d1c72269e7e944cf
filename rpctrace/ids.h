/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of the few requests that interposing has to know: what they do to a task's own names cannot be
   seen from the rights in them.  From the kernel's and the Hurd's .defs; a reply has its request's id
   and 100. */
#ifndef RPCTRACE_IDS_H
#define RPCTRACE_IDS_H

enum
{
	ID_TASK_CREATE = 2007,
	ID_TASK_SET_SPECIAL_PORT = 2059,
	ID_THREAD_CREATE = 2061,
	ID_PORT_FIRST = 3200,			/* mach_port.defs */
	ID_PORT_INSERT_RIGHT = 3215,
	ID_PORT_EXTRACT_RIGHT = 3216,
	ID_PORT_LAST = 3299,
	ID_THREAD_TERMINATE_RELEASE = 4201,
	ID_GSYNC_WAIT = 4204,
	ID_FILE_EXEC = 20000,
	ID_FILE_EXEC_PATHS = 20034,
	ID_PROC_REASSIGN = 24014,
	ID_PROC_MARK_EXEC = 24026,
	ID_PROC_TASK2PID = 24030,
	ID_EXEC_EXEC = 30000,
	ID_EXEC_EXEC_PATHS = 30004,
	ID_INTERRUPT_OPERATION = 33000,
	REPLY_OFFSET = 100,
};

#endif
