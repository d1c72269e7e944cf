/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the stub generator.  Ports stay names (they are looked up in objects.c). */
#define SERVERPREFIX S_
#define REPLY_PORTS 1
#define SOCKET_REPLY_PORTS 1
