/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The few requests to a file system as a whole that netmsg's two kinds answer: a mounted HOST, and
   the server's own place at /servers/netmsg. */
#ifndef NETMSG_FILESYSTEM_H
#define NETMSG_FILESYSTEM_H

#include <hurd/hurd_types.h>
#include <mach/message.h>
#include <mach/port.h>
#include <stdbool.h>

/* On whose behalf a root is asked for. */
struct requester
{
	const unsigned *uids, *gids;
	unsigned uid_count, gid_count;
	bool administrator;		/* uid 0 is among them */
	int flags;			/* how it is to be opened, WIRE_O_... */
};

/* What who asked goes on with, as dir_lookup answers. */
struct opened
{
	retry_type retry;
	char *name;			/* the reply's string_t */
	mach_port_t file;
	mach_msg_type_name_t type;
};

struct file_system
{
	/* Opens the root.  On success DOTDOT is the callee's.  OPENED says already that nothing is left to be
	   looked up. */
	kern_return_t (*root) (mach_port_t control, mach_port_t dotdot, const struct requester *requester,
		struct opened *opened);
	kern_return_t (*sync) (int wait, int children);
	const char *host;	/* the argument; NULL: none */
};

/* What fsys_server answers from.  Set before the first request. */
extern const struct file_system *file_system;

/* MIG's servers compute with the counts in a message: one of 2^30 words is none in bytes, and the
   next item lies somewhere else.  And the kernel does not look into a message that says it is simple:
   it may give an address in the place of data.  Neither may reach them; false: answer that there is
   no such call. */
bool request_is_sound (const mach_msg_header_t *request);

/* Generated from fsys.defs and netmsg.defs. */
boolean_t fsys_server (mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t netmsg_server (mach_msg_header_t *request, mach_msg_header_t *reply);

#endif
