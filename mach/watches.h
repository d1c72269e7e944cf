/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Local names whose death is to be noticed, from some time on.  Most rights that travel are gone
   again within milliseconds (the send-once right of each reply, the file that is opened and closed),
   and a dead-name request costs a call and a second message when it is withdrawn. */
#ifndef DR_MACH_WATCHES_H
#define DR_MACH_WATCHES_H

#include "mach/map.h"

#define WATCHES_MAX 1024u	/* names that wait */
#define WATCH_AFTER_US 40000	/* so late a death may be noticed at most, more than the kernel's own time */

struct watches
{
	struct watch
	{
		uint32_t name;
		uint64_t since_us;
	} ring[WATCHES_MAX];
	unsigned first, count;
	struct map latest;	/* name -> the number of its latest entry, as a pointer */
	uintptr_t last_number;
};

/* Empty watches are all zero. */

/* NAME is to be watched from WATCH_AFTER_US on.  If it is the name of another right meanwhile, it is
   to be added again, and counts from then.  False: no room, so it is to be watched at once. */
bool watches_add (struct watches *watches, uint32_t name, uint64_t now_us);

/* The next name whose time has come, or 0. */
uint32_t watches_due (struct watches *watches, uint64_t now_us);

/* When watches_due should be called: a time, or UINT64_MAX. */
uint64_t watches_deadline (const struct watches *watches);

#endif
