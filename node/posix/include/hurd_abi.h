/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hurd's numbers and layouts that travel in messages on x86_64.

   Every constant here is part of a wire format: a message made on the bare
   node must be understood by a real Hurd and the other way round.  musl's own
   numbers (errno, open flags, signals, ...) differ; they never travel.  The
   conversions are declared at the end and live in node/posix/abi_*.c.  */
#ifndef DROVE_HURD_ABI_H
#define DROVE_HURD_ABI_H

#include <stdint.h>
#include <stddef.h>
#include <hurd/hurd_types.h>	/* the structures: hurd_stat, hurd_dirent, ... */

/* ---- error numbers -------------------------------------------------- */

/* A Hurd error code is its number in Mach error system 0x10; other systems
   are the kernel's (kern_return_t), IPC's, MIG's and the device layer's.  */
#define HURD_ERRNO(n) ((int) ((0x10u << 26) | ((n) & 0x3fff)))
#define HURD_IS_ERRNO(e) (((unsigned) (e) >> 14) == ((0x10u << 26) >> 14))
#define HURD_ERRNO_INDEX(e) ((e) & 0x3fff)

enum
{
  HURD_EPERM = HURD_ERRNO (1), HURD_ENOENT = HURD_ERRNO (2), HURD_ESRCH = HURD_ERRNO (3),
  HURD_EINTR = HURD_ERRNO (4), HURD_EIO = HURD_ERRNO (5), HURD_ENXIO = HURD_ERRNO (6),
  HURD_E2BIG = HURD_ERRNO (7), HURD_ENOEXEC = HURD_ERRNO (8), HURD_EBADF = HURD_ERRNO (9),
  HURD_ECHILD = HURD_ERRNO (10), HURD_EDEADLK = HURD_ERRNO (11), HURD_ENOMEM = HURD_ERRNO (12),
  HURD_EACCES = HURD_ERRNO (13), HURD_EFAULT = HURD_ERRNO (14), HURD_ENOTBLK = HURD_ERRNO (15),
  HURD_EBUSY = HURD_ERRNO (16), HURD_EEXIST = HURD_ERRNO (17), HURD_EXDEV = HURD_ERRNO (18),
  HURD_ENODEV = HURD_ERRNO (19), HURD_ENOTDIR = HURD_ERRNO (20), HURD_EISDIR = HURD_ERRNO (21),
  HURD_EINVAL = HURD_ERRNO (22), HURD_ENFILE = HURD_ERRNO (23), HURD_EMFILE = HURD_ERRNO (24),
  HURD_ENOTTY = HURD_ERRNO (25), HURD_ETXTBSY = HURD_ERRNO (26), HURD_EFBIG = HURD_ERRNO (27),
  HURD_ENOSPC = HURD_ERRNO (28), HURD_ESPIPE = HURD_ERRNO (29), HURD_EROFS = HURD_ERRNO (30),
  HURD_EMLINK = HURD_ERRNO (31), HURD_EPIPE = HURD_ERRNO (32), HURD_EDOM = HURD_ERRNO (33),
  HURD_ERANGE = HURD_ERRNO (34), HURD_EAGAIN = HURD_ERRNO (35), HURD_EWOULDBLOCK = HURD_ERRNO (35),
  HURD_EINPROGRESS = HURD_ERRNO (36), HURD_EALREADY = HURD_ERRNO (37), HURD_ENOTSOCK = HURD_ERRNO (38),
  HURD_EDESTADDRREQ = HURD_ERRNO (39), HURD_EMSGSIZE = HURD_ERRNO (40), HURD_EPROTOTYPE = HURD_ERRNO (41),
  HURD_ENOPROTOOPT = HURD_ERRNO (42), HURD_EPROTONOSUPPORT = HURD_ERRNO (43),
  HURD_ESOCKTNOSUPPORT = HURD_ERRNO (44), HURD_EOPNOTSUPP = HURD_ERRNO (45),
  HURD_EPFNOSUPPORT = HURD_ERRNO (46), HURD_EAFNOSUPPORT = HURD_ERRNO (47),
  HURD_EADDRINUSE = HURD_ERRNO (48), HURD_EADDRNOTAVAIL = HURD_ERRNO (49),
  HURD_ENETDOWN = HURD_ERRNO (50), HURD_ENETUNREACH = HURD_ERRNO (51), HURD_ENETRESET = HURD_ERRNO (52),
  HURD_ECONNABORTED = HURD_ERRNO (53), HURD_ECONNRESET = HURD_ERRNO (54), HURD_ENOBUFS = HURD_ERRNO (55),
  HURD_EISCONN = HURD_ERRNO (56), HURD_ENOTCONN = HURD_ERRNO (57), HURD_ESHUTDOWN = HURD_ERRNO (58),
  HURD_ETOOMANYREFS = HURD_ERRNO (59), HURD_ETIMEDOUT = HURD_ERRNO (60), HURD_ECONNREFUSED = HURD_ERRNO (61),
  HURD_ELOOP = HURD_ERRNO (62), HURD_ENAMETOOLONG = HURD_ERRNO (63), HURD_EHOSTDOWN = HURD_ERRNO (64),
  HURD_EHOSTUNREACH = HURD_ERRNO (65), HURD_ENOTEMPTY = HURD_ERRNO (66), HURD_EPROCLIM = HURD_ERRNO (67),
  HURD_EUSERS = HURD_ERRNO (68), HURD_EDQUOT = HURD_ERRNO (69), HURD_ESTALE = HURD_ERRNO (70),
  HURD_EREMOTE = HURD_ERRNO (71), HURD_ENOLCK = HURD_ERRNO (77), HURD_ENOSYS = HURD_ERRNO (78),
  HURD_EFTYPE = HURD_ERRNO (79), HURD_EBACKGROUND = HURD_ERRNO (100), HURD_EDIED = HURD_ERRNO (101),
  HURD_EGREGIOUS = HURD_ERRNO (103), HURD_EILSEQ = HURD_ERRNO (106), HURD_EBADMSG = HURD_ERRNO (107),
  HURD_EIDRM = HURD_ERRNO (108), HURD_EMULTIHOP = HURD_ERRNO (109), HURD_ENODATA = HURD_ERRNO (110),
  HURD_ENOLINK = HURD_ERRNO (111), HURD_ENOMSG = HURD_ERRNO (112), HURD_ENOSR = HURD_ERRNO (113),
  HURD_ENOSTR = HURD_ERRNO (114), HURD_EOVERFLOW = HURD_ERRNO (115), HURD_EPROTO = HURD_ERRNO (116),
  HURD_ETIME = HURD_ERRNO (117), HURD_ENOTSUP = HURD_ERRNO (118), HURD_ECANCELED = HURD_ERRNO (119),
};

/* ---- files ----------------------------------------------------------- */

/* Flags of dir_lookup, io_*_openmodes, dir_mkfile.  */
#define HURD_O_READ       0x00000001
#define HURD_O_WRITE      0x00000002
#define HURD_O_EXEC       0x00000004
#define HURD_O_NONBLOCK   0x00000008
#define HURD_O_CREAT      0x00000010
#define HURD_O_EXCL       0x00000020
#define HURD_O_NOLINK     0x00000040 /* open a symlink itself */
#define HURD_O_NOTRANS    0x00000080 /* open a translated node itself */
#define HURD_O_APPEND     0x00000100
#define HURD_O_ASYNC      0x00000200
#define HURD_O_FSYNC      0x00000400
#define HURD_O_NOATIME    0x00000800
#define HURD_O_TRUNC      0x00010000
#define HURD_O_SHLOCK     0x00020000
#define HURD_O_EXLOCK     0x00040000
#define HURD_O_IGNORE_CTTY 0x00080000
#define HURD_O_NOFOLLOW   0x00100000
#define HURD_O_DIRECTORY  0x00200000
#define HURD_O_CLOEXEC    0x00400000

/* dir_lookup's do_retry.  */
#define HURD_RETRY_NORMAL  1
#define HURD_RETRY_REAUTH  2
#define HURD_RETRY_MAGICAL 3

/* string_t of every name argument.  */
#define HURD_NAME_SIZE 1024

/* Mode bits of io_stat are the traditional ones (as musl's) plus the three below.  */
_Static_assert (sizeof (struct hurd_stat) == 176, "io_statbuf_t is 176 bytes on x86_64");

#define HURD_S_IATRANS 0x01000000 /* has an active translator */
#define HURD_S_IPTRANS 0x02000000 /* has a passive translator */
#define HURD_S_IROOT   0x04000000 /* root of a filesystem */
#define HURD_S_TYPE_AND_PERMISSIONS 0x0000ffff

_Static_assert (sizeof (struct hurd_statfs) == 112, "fsys_statfsbuf_t is 112 bytes on x86_64");

/* One entry of dir_readdir's data; the next begins d_reclen bytes on, and
   d_reclen is a multiple of 8.  d_type has musl's DT_ values.  */
#define HURD_DIRENT_SIZE(namlen) \
  ((offsetof (struct hurd_dirent, d_name) + (namlen) + 1 + 7) & ~(size_t) 7)

/* file_record_lock's commands and record.  */
#define HURD_F_GETLK64  10
#define HURD_F_SETLK64  11
#define HURD_F_SETLKW64 12
#define HURD_F_RDLCK 1
#define HURD_F_WRLCK 2
#define HURD_F_UNLCK 3

/* file_lock's flags.  */
#define HURD_LOCK_SH 1
#define HURD_LOCK_EX 2
#define HURD_LOCK_NB 4
#define HURD_LOCK_UN 8
#define HURD_LOCK_UNLOCKED_STAT 8

/* file_utimens' special nanoseconds.  */
#define HURD_UTIME_NOW  (-1)
#define HURD_UTIME_OMIT (-2)

/* io_select's types.  */
#define HURD_SELECT_READ  1
#define HURD_SELECT_WRITE 2
#define HURD_SELECT_URG   4

/* file_set_translator's flags.  */
#define HURD_FS_TRANS_FORCE  1
#define HURD_FS_TRANS_EXCL   2
#define HURD_FS_TRANS_SET    4
#define HURD_FS_TRANS_ORPHAN 8

/* fsys_goaway's flags.  */
#define HURD_FSYS_GOAWAY_NOWAIT  1
#define HURD_FSYS_GOAWAY_NOSYNC  2
#define HURD_FSYS_GOAWAY_FORCE   4
#define HURD_FSYS_GOAWAY_UNLINK  8
#define HURD_FSYS_GOAWAY_RECURSE 16

/* st_fstype and f_type values used here.  */
#define HURD_FSTYPE_TERM   0x0e
#define HURD_FSTYPE_DEV    0x0f
#define HURD_FSTYPE_SOCKET 0x15
#define HURD_FSTYPE_MISC   0x16
#define HURD_FSTYPE_MEMFS  0x19

#define HURD_SYMLINK_TRANSLATOR "/hurd/symlink"
#define HURD_FIFO_TRANSLATOR    "/hurd/fifo"
#define HURD_IFSOCK_TRANSLATOR  "/hurd/ifsock"

/* ---- processes ------------------------------------------------------- */

/* Places in exec's port array and int array.  */
enum hurd_init_port
{
  HURD_INIT_PORT_CWDIR, HURD_INIT_PORT_CRDIR, HURD_INIT_PORT_AUTH, HURD_INIT_PORT_PROC,
  HURD_INIT_PORT_CTTYID, HURD_INIT_PORT_BOOTSTRAP, HURD_INIT_PORT_MAX
};
enum hurd_init_int
{
  HURD_INIT_UMASK, HURD_INIT_SIGMASK, HURD_INIT_SIGIGN, HURD_INIT_SIGPENDING,
  HURD_INIT_TRACEMASK, HURD_INIT_INT_MAX
};

/* exec_exec_paths' flags.  */
#define HURD_EXEC_NEWTASK  0x01
#define HURD_EXEC_SECURE   0x02
#define HURD_EXEC_DEFAULTS 0x04

/* proc_wait's and proc_waitid's options.  */
#define HURD_WNOHANG    0x01
#define HURD_WUNTRACED  0x02
#define HURD_WSTOPPED   0x02
#define HURD_WEXITED    0x04
#define HURD_WCONTINUED 0x08
#define HURD_WNOWAIT    0x10

/* The process that inherits orphans.  */
#define HURD_PID_INIT 1

enum hurd_signal
{
  HURD_SIGHUP = 1, HURD_SIGINT, HURD_SIGQUIT, HURD_SIGILL, HURD_SIGTRAP, HURD_SIGABRT, HURD_SIGEMT,
  HURD_SIGFPE, HURD_SIGKILL, HURD_SIGBUS, HURD_SIGSEGV, HURD_SIGSYS, HURD_SIGPIPE, HURD_SIGALRM,
  HURD_SIGTERM, HURD_SIGURG, HURD_SIGSTOP, HURD_SIGTSTP, HURD_SIGCONT, HURD_SIGCHLD, HURD_SIGTTIN,
  HURD_SIGTTOU, HURD_SIGIO, HURD_SIGXCPU, HURD_SIGXFSZ, HURD_SIGVTALRM, HURD_SIGPROF, HURD_SIGWINCH,
  HURD_SIGINFO, HURD_SIGUSR1, HURD_SIGUSR2, HURD_SIGLOST
};

/* ---- sockets --------------------------------------------------------- */

/* A sockaddr on the wire: a length byte and a family byte, then as musl's.  */
#define HURD_AF_LOCAL 1
#define HURD_AF_INET  2
#define HURD_AF_INET6 26

#define HURD_SOL_SOCKET    0xffff
#define HURD_SO_DEBUG      0x0001
#define HURD_SO_ACCEPTCONN 0x0002
#define HURD_SO_REUSEADDR  0x0004
#define HURD_SO_KEEPALIVE  0x0008
#define HURD_SO_DONTROUTE  0x0010
#define HURD_SO_BROADCAST  0x0020
#define HURD_SO_LINGER     0x0080
#define HURD_SO_OOBINLINE  0x0100
#define HURD_SO_REUSEPORT  0x0200
#define HURD_SO_SNDBUF     0x1001
#define HURD_SO_RCVBUF     0x1002
#define HURD_SO_SNDLOWAT   0x1003
#define HURD_SO_RCVLOWAT   0x1004
#define HURD_SO_SNDTIMEO   0x1005
#define HURD_SO_RCVTIMEO   0x1006
#define HURD_SO_ERROR      0x1007
#define HURD_SO_TYPE       0x1008

#define HURD_MSG_OOB       0x0001
#define HURD_MSG_PEEK      0x0002
#define HURD_MSG_DONTROUTE 0x0004
#define HURD_MSG_EOR       0x0008
#define HURD_MSG_TRUNC     0x0010
#define HURD_MSG_CTRUNC    0x0020
#define HURD_MSG_WAITALL   0x0040
#define HURD_MSG_DONTWAIT  0x0080
#define HURD_MSG_NOSIGNAL  0x0400
/* Ours, on a socket with UDP_GRO only: the caller takes all data inline. */
#define HURD_MSG_INLINE    0x40000000

/* ---- terminals ------------------------------------------------------- */

/* tioctl_tiocgeta: modes[4] in this order, characters, speeds.  */
enum { HURD_IFLAG, HURD_OFLAG, HURD_CFLAG, HURD_LFLAG, HURD_TERM_MODES };
enum { HURD_ISPEED, HURD_OSPEED, HURD_TERM_SPEEDS };
enum
{
  HURD_VEOF, HURD_VEOL, HURD_VEOL2, HURD_VERASE, HURD_VWERASE, HURD_VKILL, HURD_VREPRINT,
  HURD_VINTR = 8, HURD_VQUIT, HURD_VSUSP, HURD_VDSUSP, HURD_VSTART, HURD_VSTOP, HURD_VLNEXT,
  HURD_VDISCARD, HURD_VMIN, HURD_VTIME, HURD_VSTATUS, HURD_NCCS = 20
};
#define HURD_IGNBRK 0x0001
#define HURD_BRKINT 0x0002
#define HURD_IGNPAR 0x0004
#define HURD_PARMRK 0x0008
#define HURD_INPCK  0x0010
#define HURD_ISTRIP 0x0020
#define HURD_INLCR  0x0040
#define HURD_IGNCR  0x0080
#define HURD_ICRNL  0x0100
#define HURD_IXON   0x0200
#define HURD_IXOFF  0x0400
#define HURD_IXANY  0x0800
#define HURD_IMAXBEL 0x2000
#define HURD_OPOST  0x0001
#define HURD_ONLCR  0x0002
#define HURD_OXTABS 0x0004
#define HURD_OCRNL  0x0010
#define HURD_ONOCR  0x0020
#define HURD_ONLRET 0x0040
#define HURD_CSIZE  0x0300
#define HURD_CS5    0x0000
#define HURD_CS6    0x0100
#define HURD_CS7    0x0200
#define HURD_CS8    0x0300
#define HURD_CSTOPB 0x0400
#define HURD_CREAD  0x0800
#define HURD_PARENB 0x1000
#define HURD_PARODD 0x2000
#define HURD_HUPCL  0x4000
#define HURD_CLOCAL 0x8000
#define HURD_ECHOKE 0x00000001
#define HURD_ECHOE  0x00000002
#define HURD_ECHOK  0x00000004
#define HURD_ECHO   0x00000008
#define HURD_ECHONL 0x00000010
#define HURD_ECHOCTL 0x00000040
#define HURD_ISIG   0x00000080
#define HURD_ICANON 0x00000100
#define HURD_IEXTEN 0x00000400
#define HURD_TOSTOP 0x00400000
#define HURD_NOFLSH 0x80000000u

/* ---- conversions between these and musl's numbers --------------------- */

/* A result of any RPC (Hurd error, kern_return_t, IPC or MIG error) as a
   positive musl errno; 0 stays 0.  */
int hurd_to_errno (int error);
/* A positive musl errno as the Hurd's error code; 0 stays 0.  */
int hurd_from_errno (int err);

int hurd_open_flags (int musl_flags);		/* musl's O_* -> the Hurd's */
int hurd_open_flags_to_musl (int hurd_flags);	/* access mode and status bits only */
int hurd_signal (int musl_signal);		/* 0 when it has no counterpart */
int hurd_signal_to_musl (int hurd_signal_number);
int hurd_wait_status_to_musl (int status);
int hurd_wait_status (int musl_status);

#endif
