/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recall.h"

#include <time.h>

#define WAIT_MS 2000		/* for a message of ours that goes to ourselves */

/* The one that is under way; the lock guards it. */
struct recall
{
	uint64_t number;
	bool came;
	mach_port_t found;
};

static struct recall recall;

bool
recall_came (struct relay *relay, struct end *end, const mach_msg_header_t *header)
{
	const struct probe *probe = (const struct probe *) header;
	mach_msg_type_name_t type;

	if (!rights_is_probe (&relay->rights, header))
		return false;
	if (probe->number == 0 || probe->number != recall.number)
		return true;
	recall.came = true;
	if (end->queue == NULL)
	{
		recall.found = rights_once_of (end);
		rights_once_used (&relay->rights, end);
	}
	/* a port that was the task's own: another right to it is as good */
	else if (mach_port_extract_right (mach_task_self (), end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &recall.found,
		&type) != KERN_SUCCESS)
		recall.found = MACH_PORT_NULL;
	pthread_cond_broadcast (&relay->changed);
	return true;
}

mach_port_t
recall_once (struct relay *relay, mach_port_t name)
{
	struct timespec until;

	recall.came = false;
	recall.found = MACH_PORT_NULL;
	if (!rights_send_probe (&relay->rights, name, ++recall.number))
		return name;	/* dead */
	clock_gettime (CLOCK_REALTIME, &until);
	until.tv_sec += WAIT_MS / 1000;
	while (!recall.came && pthread_cond_timedwait (&relay->changed, &relay->lock, &until) == 0)
		;
	recall.number++;	/* one that comes too late is nobody's */
	return recall.found;
}
