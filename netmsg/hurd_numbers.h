/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Hurd's numbers that netmsg itself puts into messages or reads from them.

   They are a wire format, so they are spelled here: the C library of the bare node counts errno
   and open flags differently from the Hurd's, and netmsg is built against both. */
#ifndef NETMSG_HURD_NUMBERS_H
#define NETMSG_HURD_NUMBERS_H

#define WIRE_ERRNO(n) ((int) ((0x10u << 26) | (n)))
#define WIRE_EPERM WIRE_ERRNO (1)
#define WIRE_EIO WIRE_ERRNO (5)
#define WIRE_EBUSY WIRE_ERRNO (16)
#define WIRE_EROFS WIRE_ERRNO (30)
#define WIRE_EOPNOTSUPP WIRE_ERRNO (45)
#define WIRE_EHOSTDOWN WIRE_ERRNO (64)

#define WIRE_O_READ 0x0001
#define WIRE_O_WRITE 0x0002
#define WIRE_O_EXEC 0x0004
#define WIRE_O_CREAT 0x0010
#define WIRE_O_EXCL 0x0020
#define WIRE_O_NOLINK 0x0040
#define WIRE_O_NOTRANS 0x0080
#define WIRE_O_APPEND 0x0100
#define WIRE_O_TRUNC 0x10000

/* A short English phrase for an error code from an RPC; never NULL. */
const char *wire_error_text (int code);

#endif
