/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NO_SYS: lwIP needs no threads, mailboxes or semaphores from us. */
#ifndef INET_ARCH_SYS_ARCH_H
#define INET_ARCH_SYS_ARCH_H
#endif
