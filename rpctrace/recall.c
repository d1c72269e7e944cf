/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recall.h"

#include "leaders.h"

#include <time.h>

bool
recall_came (struct relay *relay, struct end *end, const mach_msg_header_t *header)
{
	const struct probe *probe = (const struct probe *) header;
	struct recall *recall = &relay->recall;
	mach_msg_type_name_t type;

	if (!rights_is_probe (&relay->rights, header))
		return false;
	if (probe->number == 0)
		rights_discarded (&relay->rights, end);
	if (probe->number == 0 || probe->number != recall->wanted)
		return true;
	recall->came = true;
	if (end->queue == NULL)
	{
		recall->found = rights_once_of (end);
		recall->origin = end->origin;
		rights_once_used (&relay->rights, end);
	}
	/* a port that others have got meanwhile: one of the rights to that which are kept for it */
	else if (end->queue->home->world && (recall->found = rights_straggler (end)) != MACH_PORT_NULL)
		;
	/* a port that was the task's own: another right to it is as good */
	else if (mach_port_extract_right (mach_task_self (), end->port, MACH_MSG_TYPE_MAKE_SEND_ONCE, &recall->found,
		&type) != KERN_SUCCESS)
		recall->found = MACH_PORT_NULL;
	pthread_cond_broadcast (&relay->changed);
	return true;
}

void
recall_notice (struct relay *relay, const mach_msg_header_t *header)
{
	if (!rights_is_probe (&relay->rights, header))
		return;
	relay->recall.fenced = ((const struct probe *) header)->number;	/* in the order in which they were sent */
	pthread_cond_broadcast (&relay->changed);
}

/* The number by which it will be known. */
static uint64_t
send_fence (struct relay *relay)
{
	uint64_t number;
	mach_msg_type_name_t type;
	mach_port_t fence;

	while (mach_port_extract_right (mach_task_self (), relay->rights.notices, MACH_MSG_TYPE_MAKE_SEND_ONCE, &fence,
		&type) != KERN_SUCCESS)
		relay->rights.give_way (relay);
	number = ++relay->recall.last;
	rights_send_probe (&relay->rights, fence, number);
	return number;
}

void
recall_fence (struct relay *relay)
{
	uint64_t number;

	if (leaders_lead (relay))
		return;
	number = send_fence (relay);
	while (relay->recall.fenced < number)
		pthread_cond_wait (&relay->changed, &relay->lock);
}

/* What comes to our ports comes in the order in which it was sent: when the second message is there, the
   first one was, or never will be: unless another tracer has passed it on. */
mach_port_t
recall_once (struct relay *relay, mach_port_t name, const struct party **origin)
{
	struct recall *recall = &relay->recall;
	uint64_t number;

	recall->came = false;
	recall->found = MACH_PORT_NULL;
	recall->origin = *origin = NULL;
	recall->wanted = ++recall->last;
	if (!rights_send_probe (&relay->rights, name, recall->wanted))
		return name;	/* dead */
	number = send_fence (relay);
	while (!recall->came && recall->fenced < number)
		pthread_cond_wait (&relay->changed, &relay->lock);
	*origin = recall->origin;
	return recall->found;
}

mach_port_t
recall_later (struct relay *relay, const struct party **origin)
{
	pthread_mutex_unlock (&relay->lock);
	nanosleep (&(struct timespec) { 0, RECALL_LOOK_MS * 1000000 }, NULL);
	pthread_mutex_lock (&relay->lock);
	*origin = relay->recall.origin;
	return relay->recall.found;
}

void
recall_end (struct relay *relay)
{
	relay->recall.wanted = 0;
}
