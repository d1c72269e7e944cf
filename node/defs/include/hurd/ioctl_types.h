/* SPDX-License-Identifier: GPL-2.0-or-later */
/* C types of the interfaces made from ioctls, as they travel in messages. */
#ifndef _HURD_IOCTL_TYPES_H
#define _HURD_IOCTL_TYPES_H

#include <stdint.h>
#include <sys/ioctl.h>

typedef uint32_t modes_t[4];	/* input, output, control and local flags */
typedef uint32_t speeds_t[2];	/* input, output */
typedef uint8_t ccs_t[20];
typedef struct winsize winsize_t;
typedef char ifname_t[16];

struct srtentry {
	uint32_t rt_dest;
	uint32_t rt_mask;
	uint32_t rt_gateway;
	int rt_flags;
	int rt_metric;
	int rt_mtu;
	int rt_window;
	int rt_irtt;
	int rt_tos;
	int rt_class;
};
typedef struct srtentry srtentry_t;

#endif
