/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C types and numbers of the Hurd's interfaces, as on a GNU/Hurd of x86_64.
 *
 * On the node the C library's own struct stat is not the one that travels in messages:
 * io_statbuf_t and fsys_statfsbuf_t are structures of their own here. */
#ifndef _HURD_TYPES_H
#define _HURD_TYPES_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/std_types.h>

#ifndef __error_t_defined
#define __error_t_defined 1
typedef int error_t;
#endif

#ifndef loff_t
typedef int64_t loff_t;
#endif
#ifndef ino64_t
typedef uint64_t ino64_t;
#endif

typedef mach_port_t file_t;
typedef mach_port_t fsys_t;
typedef mach_port_t io_t;
typedef mach_port_t process_t;
typedef mach_port_t auth_t;
typedef mach_port_t socket_t;
typedef mach_port_t pf_t;
typedef mach_port_t addr_port_t;
typedef mach_port_t startup_t;
typedef mach_port_t fs_notify_t;
typedef mach_port_t exec_startup_t;
typedef mach_port_t interrupt_t;
typedef mach_port_t proccoll_t;
typedef mach_port_t ctty_t;

typedef char *data_t;
typedef const char *const_data_t;
typedef char string_t[1024];
typedef const char *const_string_t;
typedef int *intarray_t;
typedef const int *const_intarray_t;
typedef mach_port_t *portarray_t;
typedef const mach_port_t *const_portarray_t;
typedef pid_t *pidarray_t;
typedef const pid_t *const_pidarray_t;
typedef uid_t *idarray_t;
typedef const uid_t *const_idarray_t;
typedef int *procinfo_t;
typedef const int *const_procinfo_t;
typedef loff_t *off_array_t;
typedef const loff_t *const_off_array_t;
typedef int wait_status_t;
typedef struct timespec timespec_t;

struct hurd_stat {
	int32_t st_fstype;
	uint64_t st_fsid;
	uint64_t st_ino;
	uint32_t st_gen;
	uint64_t st_rdev;
	uint32_t st_mode;
	uint64_t st_nlink;
	uint32_t st_uid;
	uint32_t st_gid;
	int64_t st_size;
	struct timespec st_atim;
	struct timespec st_mtim;
	struct timespec st_ctim;
	int64_t st_blksize;
	int64_t st_blocks;	/* of 512 bytes */
	uint32_t st_author;
	uint32_t st_flags;
	int32_t st_spare[8];
};
typedef struct hurd_stat io_statbuf_t;

struct hurd_statfs {
	uint32_t f_type;
	uint64_t f_bsize;
	uint64_t f_blocks;
	uint64_t f_bfree;
	uint64_t f_bavail;
	uint64_t f_files;
	uint64_t f_ffree;
	uint64_t f_fsid;
	uint64_t f_namelen;
	uint64_t f_favail;
	uint64_t f_frsize;
	uint64_t f_flag;
	uint32_t f_spare[3];
};
typedef struct hurd_statfs fsys_statfsbuf_t;

struct hurd_flock {
	int32_t l_type;
	int32_t l_whence;
	int64_t l_start;
	int64_t l_len;
	int32_t l_pid;
};
typedef struct hurd_flock flock_t;

struct hurd_rusage {
	struct timespec ru_utime;	/* microseconds in tv_nsec's place */
	struct timespec ru_stime;
	int64_t ru_counts[14];		/* ru_maxrss ... ru_nivcsw */
};
typedef struct hurd_rusage rusage_t;

struct hurd_utsname {
	char sysname[1024];
	char nodename[1024];
	char release[1024];
	char version[1024];
	char machine[1024];
};
typedef struct hurd_utsname utsname_t;

/* What a directory read returns, one after the other; d_reclen is a multiple of 8. */
struct hurd_dirent {
	uint64_t d_ino;
	uint16_t d_reclen;
	uint8_t d_type;
	uint8_t d_namlen;
	char d_name[];
};

/* Flags of file_exec_paths and of the exec server's calls. */
#define EXEC_NEWTASK	0x01
#define EXEC_SECURE	0x02
#define EXEC_DEFAULTS	0x04
#define EXEC_SIGTRAP	0x08
#define EXEC_STACK_ARGS	0x10

/* Flags of file_set_translator, passive and active. */
#define FS_TRANS_FORCE	0x01	/* use the translator, even where a short circuit is known */
#define FS_TRANS_EXCL	0x02	/* only if there is none */
#define FS_TRANS_SET	0x04	/* set (or, with nothing given, clear) it */
#define FS_TRANS_ORPHAN	0x08	/* leave the old active one running */

/* What dir_lookup and fsys_getroot ask the caller to do next. */
enum retry_type {
	FS_RETRY_NORMAL = 1,	/* go on with retry_name, if not empty, at the port */
	FS_RETRY_REAUTH = 2,	/* the same, after reauthenticating the port */
	FS_RETRY_MAGICAL = 3,	/* retry_name says: tty, fd/N, machtype/..., pid/..., or
				   /... which goes on from the caller's own root */
};
typedef enum retry_type retry_type;

enum dir_changed_type {
	DIR_CHANGED_NULL,
	DIR_CHANGED_NEW,
	DIR_CHANGED_UNLINK,
	DIR_CHANGED_RENUMBER,
};
typedef enum dir_changed_type dir_changed_type_t;

enum file_changed_type {
	FILE_CHANGED_NULL,
	FILE_CHANGED_WRITE,
	FILE_CHANGED_EXTEND,
	FILE_CHANGED_TRUNCATE,
	FILE_CHANGED_META,
};
typedef enum file_changed_type file_changed_type_t;

/* io_select */
#define SELECT_READ	0x01
#define SELECT_WRITE	0x02
#define SELECT_URG	0x04

/* fsys_goaway, and the end of an old translator in file_set_translator */
#define FSYS_GOAWAY_NOWAIT	0x01
#define FSYS_GOAWAY_NOSYNC	0x02
#define FSYS_GOAWAY_FORCE	0x04
#define FSYS_GOAWAY_UNLINK	0x08
#define FSYS_GOAWAY_RECURSE	0x10

enum term_bottom_type {
	TERM_ON_MACHDEV,
	TERM_ON_HURDIO,
	TERM_ON_MASTERPTY,
};

/* st_fstype and f_type */
#define FSTYPE_TERM	0x0e
#define FSTYPE_DEV	0x0f
#define FSTYPE_PROC	0x10
#define FSTYPE_IFSOCK	0x11
#define FSTYPE_SOCKET	0x15
#define FSTYPE_MISC	0x16
#define FSTYPE_MEMFS	0x19

/* proc_getprocinfo: what to fetch, and the bits of procinfo's state */
#define PI_FETCH_TASKINFO	0x01
#define PI_FETCH_THREADS	0x02
#define PI_FETCH_THREAD_BASIC	0x04
#define PI_FETCH_THREAD_SCHED	0x08
#define PI_FETCH_THREAD_WAITS	0x10
#define PI_FETCH_TASKEVENTS	0x20

#define PI_STOPPED	0x001
#define PI_EXECED	0x002
#define PI_WAITING	0x004
#define PI_ORPHAN	0x008
#define PI_NOMSG	0x010
#define PI_SESSLD	0x020
#define PI_NOTOWNED	0x040
#define PI_NOPARENT	0x080
#define PI_ZOMBIE	0x100
#define PI_TRACED	0x200
#define PI_GETMSG	0x400
#define PI_LOGINLD	0x800

/* Places in the port array and in the int array that a new program is given. */
enum {
	INIT_PORT_CWDIR,
	INIT_PORT_CRDIR,
	INIT_PORT_AUTH,
	INIT_PORT_PROC,
	INIT_PORT_CTTYID,
	INIT_PORT_BOOTSTRAP,
	INIT_PORT_MAX
};

enum {
	INIT_UMASK,
	INIT_SIGMASK,
	INIT_SIGIGN,
	INIT_SIGPENDING,
	INIT_TRACEMASK,
	INIT_INT_MAX
};

#endif
