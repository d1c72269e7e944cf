/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recall.h"

/* The one that is under way; the lock guards it. */
struct recall
{
	uint64_t number;
	bool came, fenced;
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

void
recall_notice (struct relay *relay, const mach_msg_header_t *header)
{
	if (!rights_is_probe (&relay->rights, header) || ((const struct probe *) header)->number != recall.number)
		return;
	recall.fenced = true;
	pthread_cond_broadcast (&relay->changed);
}

static void
send_fence (struct relay *relay)
{
	mach_msg_type_name_t type;
	mach_port_t fence;

	while (mach_port_extract_right (mach_task_self (), relay->rights.notices, MACH_MSG_TYPE_MAKE_SEND_ONCE, &fence,
		&type) != KERN_SUCCESS)
		relay->rights.give_way (relay);
	rights_send_probe (&relay->rights, fence, recall.number);
}

void
recall_fence (struct relay *relay)
{
	recall.fenced = false;
	recall.number++;
	send_fence (relay);
	while (!recall.fenced)
		pthread_cond_wait (&relay->changed, &relay->lock);
	recall.number++;
}

/* What comes to our ports comes in the order in which it was sent: when the second message is there, the
   first one was, or never will be. */
mach_port_t
recall_once (struct relay *relay, mach_port_t name)
{
	recall.came = recall.fenced = false;
	recall.found = MACH_PORT_NULL;
	if (!rights_send_probe (&relay->rights, name, ++recall.number))
		return name;	/* dead */
	send_fence (relay);
	while (!recall.came && !recall.fenced)
		pthread_cond_wait (&relay->changed, &relay->lock);
	recall.number++;	/* one that comes too late is nobody's */
	return recall.found;
}
