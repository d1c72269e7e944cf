/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a program as a translator: it finds a bootstrap port and sends fsys_startup there. */
#ifndef NODE_BIN_START_TRANSLATOR_H
#define NODE_BIN_START_TRANSLATOR_H

#include <sys/types.h>
#include <hurd/hurd_types.h>

struct translator_start {
	char *const *arguments;		/* the program's path and arguments, ended by NULL */
	unsigned timeout_ms;		/* for fsys_startup to come; 0 is for ever */
	/* Gives the node that the translator will sit on, opened as the translator asks: a send
	   right that is given to it, or null.  May be NULL. */
	mach_port_t (*underlying)(int hurd_flags, void *context);
	void *context;
	/* Results. */
	fsys_t control;			/* a send right, the caller's; null after a problem */
	pid_t pid;			/* 0 if it was not started */
};

/* NULL when START->control is there; otherwise what went wrong, for one line to the user.  A program
   that did not answer in time is killed. */
const char *translator_start(struct translator_start *start);

#endif
