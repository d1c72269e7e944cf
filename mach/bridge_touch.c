/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages whose memory has to be made resident before the engine and the link may rely on it. */
#include "mach/bridge_internal.h"

#include "mach/resident.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_MEMORY_PAUSE_NS 10000000

/* The message stays as the kernel gave it until its memory is there: what its names mean may change
   meanwhile, and is looked at only then. */
struct touching
{
	struct job job;
	struct bridge *bridge;
	struct proxy *proxy;	/* NULL: it is gone, and so is everything that was sent to it */
	mach_msg_header_t message[];
};

/* The memory cannot be had.  The rights are given up, so that whoever waits for an answer is told. */
static void
lose (struct bridge *bridge, const struct proxy *proxy, mach_msg_header_t *message)
{
	bridge->driver.log (bridge->driver.ctx, "a message was lost: the pager of its out-of-line memory failed");
	mach_msg_destroy (message);
	if (proxy->once)
		rights_send_once_gone (bridge->rights, bridge_now (), proxy->number);
}

static void
touch_and_pass_on (struct job *job)
{
	struct touching *touching = (struct touching *) job;
	struct bridge *bridge = touching->bridge;
	bool good = resident_touch (touching->message);

	bridge_enter (bridge);
	if (touching->proxy == NULL)
		mach_msg_destroy (touching->message);
	else if (good)
		bridge_pass_on (bridge, touching->proxy->number, touching->message);
	else
		lose (bridge, touching->proxy, touching->message);
	if (touching->proxy != NULL)
		proxies_go_on (&bridge->proxies, touching->proxy);
	bridge_leave (bridge);
	free (touching);
}

void
bridge_touch_first (struct bridge *bridge, struct proxy *proxy, const mach_msg_header_t *message)
{
	struct timespec pause = { 0, NO_MEMORY_PAUSE_NS };
	struct touching *touching;

	while ((touching = malloc (sizeof *touching + message->msgh_size)) == NULL)
		nanosleep (&pause, NULL);
	*touching = (struct touching) { .job = { NULL, touch_and_pass_on }, .bridge = bridge };
	memcpy (touching->message, message, message->msgh_size);
	proxies_hold (&bridge->proxies, proxy, &touching->proxy);
	workers_submit (bridge->touchers, &touching->job);
}
