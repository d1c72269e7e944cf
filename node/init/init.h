/* SPDX-License-Identifier: GPL-2.0-or-later */
/* init: the first task.  It starts the servers, then the shell, and stays: it
   reaps orphans, reports crashes and carries the kernel console's output. */
#ifndef INIT_H
#define INIT_H

#include <stdbool.h>
#include <stddef.h>
#include <mach.h>
#include "archive.h"

#define RAMDISKS_MAX 16
#define SERVER_WAIT_SECONDS 10		/* for a server to report itself at boot */

/* ---- report.c: on the kernel's console; `init: ' and the text. */
void report(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The node cannot go on: tells why and, after a while to read it, reboots. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* ---- ramdisk.c: the programs of the first ramdisk, before there are files. */
/* Reads ramdisk NAME whole.  Its memory stays. */
kern_return_t archive_read(mach_port_t device_master, const char *name, struct archive *archive);
/* How many ramdisks there are: rd0, rd1, ... */
int archive_count(mach_port_t device_master);

/* ---- servers.c: starting the first servers. */
struct boot_ports {
	mach_port_t host_priv, device_master;
	mach_port_t root;	/* the root directory */
	mach_port_t file_server;	/* its task, until there is a process server */
	mach_port_t proc;	/* our process port */
	mach_port_t log;	/* an io object: what is written goes to the kernel's console */
};
extern struct boot_ports boot;
/* Starts the thread that answers the servers; once, before the others. */
void servers_prepare(void);
/* Starts PROGRAM of ARCHIVE with the arguments WORDS (null at the end) and waits
   until it has reported its control port by fsys_startup, which is returned; null
   when it does not come up in time.  WORDS[0] names the program to others. */
mach_port_t start_translator(const struct archive *archive, const char *program, const char *const *words);
/* Starts the process server and waits for its startup_procinit. */
void start_proc(const struct archive *archive);
/* The node below PATH gets the translator that CONTROL belongs to (consumed). */
kern_return_t put_translator(const char *path, mach_port_t control);
/* Asks CONTROL for its root, as root directory of the system. */
mach_port_t control_root(mach_port_t control);

/* A send right to a new port that the answering thread receives on. */
mach_port_t answering_port(void);

/* ---- log.c: serves io requests to the log and to the clock. */
boolean_t log_demux(mach_msg_header_t *request, mach_msg_header_t *reply);

/* ---- clock.c: /dev/time, the kernel's page of the time, for all to map. */
void clock_prepare(void);
boolean_t clock_demux(mach_msg_header_t *request, mach_msg_header_t *reply);
kern_return_t clock_map(mach_port_t object, mach_port_t *readable, mach_msg_type_name_t *readable_type,
			mach_port_t *writable, mach_msg_type_name_t *writable_type);

/* ---- exceptions.c */
/* From now on, crashes of this task's descendants are reported and end as
   killed by the matching signal. */
void exceptions_prepare(void);

/* ---- session.c */
/* Makes this task a POSIX process with the ports of BOOT; then open, fork and
   the like work. */
void become_process(void);
/* Runs /etc/rc, then shells on the console for ever. */
void run_sessions(void) __attribute__((noreturn));

#endif
