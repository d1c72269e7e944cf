/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C types of netmsg.defs. */
#ifndef NETMSG_TYPES_H
#define NETMSG_TYPES_H

#define NETMSG_TEXT_BYTES 1024

typedef char netmsg_text_t[NETMSG_TEXT_BYTES];
typedef const char *const_netmsg_text_t;
typedef char *netmsg_report_t;
typedef const char *const_netmsg_report_t;

#endif
