/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's Hurd calls, as <hurd.h> has them on a GNU/Hurd.

   One difference remains.  There an error_t from an RPC is an errno value; here
   errno is musl's, and an RPC's result is the Hurd's number (0x40000000 + N).
   Compare results of RPCs with those, and for strerror or errno convert:
	errno = hurd_to_errno (error);	 reply = hurd_from_errno (errno);
   The flags of the functions below are <fcntl.h>'s.  */
#ifndef _HURD_H
#define _HURD_H

#include <errno.h>
#include <fcntl.h>
#include <mach.h>
#include <hurd/hurd_types.h>

/* Open flags that only the Hurd has; they go well with the O_ flags of <fcntl.h>. */
#ifndef O_NOTRANS
#define O_NOTRANS 0x10000000	/* the node itself, not its translator */
#define O_NOLINK 0x20000000	/* the symbolic link itself */
#endif
#ifndef O_READ
#define O_READ O_RDONLY
#define O_WRITE O_WRONLY
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* These return a new send right, or MACH_PORT_NULL with errno set. */
file_t file_name_lookup(const char *name, int flags, mode_t mode);
file_t file_name_lookup_under(file_t start_directory, const char *name, int flags, mode_t mode);
/* The directory that NAME's last part is in; *LAST points to that part in NAME. */
file_t file_name_split(const char *name, char **last);

file_t getdport(int fd);
file_t getcrdir(void);
file_t getcwdir(void);
process_t getproc(void);
auth_t getauth(void);		/* there is no auth server: MACH_PORT_NULL */

/* These take the right over; 0 or -1. */
int setcrdir(file_t root);
int setcwdir(file_t directory);

/* A descriptor for PORT, which is taken over on success; -1 with errno set. */
int openport(io_t port, int flags);

/* Either may be NULL.  The process server decides who gets them. */
error_t get_privileged_ports(mach_port_t *host_priv, mach_port_t *device_master);

/* Any error code of an RPC as an errno value, and back. */
int hurd_to_errno(int error);
int hurd_from_errno(int err);

#ifdef __cplusplus
}
#endif

#endif
