/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console server: a terminal on the kernel's serial device.  One thread
   does everything; a request that has to wait is parked and answered later.
   Only input is taken, and signals are sent, by threads of their own: the one
   may not wait for the other end to take our output, and signals' receivers may be slow. */
#ifndef CONSOLE_SERVER_H
#define CONSOLE_SERVER_H

#include <mach.h>
#include <stdbool.h>
#include <sys/ioctl.h>
#include <hurd/hurd_types.h>
#include "line.h"

struct console {
	mach_port_t port_set;
	mach_port_t control;		/* the translator's control port */
	mach_port_t ctty;		/* stands for this terminal as a controlling one */
	mach_port_t input_port;		/* where it is told that there is input */
	struct line line;
	struct winsize size;
	int foreground;			/* process group; 0: none */
};
extern struct console console;

/* ---- device.c */
/* Takes the serial line over and starts the thread that looks at its input. */
kern_return_t device_prepare(mach_port_t device_master);
/* Input has arrived: it goes to the line.  FALSE for any other message. */
bool device_demux(mach_msg_header_t *message);
void device_put(const char *bytes, size_t count);

/* ---- opens.c: who has the terminal open. */
struct open { struct open *next; mach_port_t port; int modes; };
/* A new open with MODES (HURD_O_*); its receive right's name in *PORT. */
kern_return_t open_make(int modes, mach_port_t *port);
struct open *open_find(mach_port_t port);
/* Its last sender has gone. */
void open_drop(struct open *open);

/* ---- parked.c: reads and selects that wait.  REPLY moves here. */
kern_return_t park_read(struct open *open, mach_port_t reply, mach_msg_type_name_t reply_type, vm_size_t amount);
/* DEADLINE_NS on the real-time clock, or LONG_MAX. */
kern_return_t park_select(struct open *open, mach_port_t reply, mach_msg_type_name_t reply_type, int types,
			  long deadline_ns);
/* There may be input now: answers whom it is enough for, in order. */
void parked_serve(void);
/* Ends all of OPEN's (all opens' if null) with CODE. */
void parked_cancel(const struct open *open, kern_return_t code);
/* Answers selects whose time has come; milliseconds until the next, or -1. */
long parked_expire(void);

/* ---- signals.c */
kern_return_t signals_prepare(void);
/* To the foreground process group; never waits. */
void signals_send(int hurd_signal);

#endif
