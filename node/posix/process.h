/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process knows of itself. */
#ifndef POSIX_PROCESS_H
#define POSIX_PROCESS_H

#include "posix.h"

#define EXEC_STRINGS_MAX_BYTES (1ul << 20)	/* of arguments and environment together */
#define SCRIPT_LEVELS_MAX 4			/* interpreters of interpreters */

struct posix_process {
	mach_port_t proc;	/* its port of the process server; null in servers older than that */
	int pid;		/* 0: not asked for yet */
};
extern struct posix_process posix_process;

/* ---- kill.c */
/* Sends SIGNAL to this process through its own signal thread, and waits until it is posted. */
void process_signal_self(int signal);

/* ---- signal_state.c */
unsigned long signals_ignored(void);
void signals_ignore(unsigned long set);

/* ---- signal_thread.c */
/* Tells the process server where signals go. */
void signal_thread_announce(void);

#endif
