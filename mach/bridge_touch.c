/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages whose memory has to be made resident before the engine and the link may rely on it.

   Nearly always it is there in no time, so the receive thread does it itself: handing it to another
   thread costs more than all else that is done for a page.  If it takes long another receive thread
   begins, and for some time all such messages go to the touchers: so slow pagers cost the other
   messages BRIDGE_TOUCH_US in each BRIDGE_WARY_US, whatever they do. */
#include "mach/bridge_internal.h"

#include "mach/resident.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NO_MEMORY_PAUSE_NS 10000000

/* The memory cannot be had.  The rights are given up, so that whoever waits for an answer is told. */
static void
lose (struct bridge *bridge, const struct proxy *proxy, mach_msg_header_t *message)
{
	bridge->driver.log (bridge->driver.ctx, "a message was lost: the pager of its out-of-line memory failed");
	mach_msg_destroy (message);
	if (proxy->once)
		rights_send_once_gone (bridge->rights, bridge_now (), proxy->number);
}

/* PROXY: NULL when it is gone, and so is everything that was sent to it. */
static void
touched (struct bridge *bridge, struct proxy *const *proxy, mach_msg_header_t *message, bool good)
{
	if (*proxy == NULL)
		mach_msg_destroy (message);
	else if (good)
		bridge_pass_on (bridge, (*proxy)->number, message);
	else
		lose (bridge, *proxy, message);
	if (*proxy != NULL)
		proxies_go_on (&bridge->proxies, *proxy);
}

/* --- by a toucher ----------------------------------------------------------- */

/* The message stays as the kernel gave it until its memory is there: what its names mean may change
   meanwhile, and is looked at only then. */
struct touching
{
	struct job job;
	struct bridge *bridge;
	struct proxy *proxy;
	mach_msg_header_t message[];
};

static void
touch_and_pass_on (struct job *job)
{
	struct touching *touching = (struct touching *) job;
	struct bridge *bridge = touching->bridge;
	bool good = resident_touch (touching->message);

	bridge_enter (bridge);
	touched (bridge, &touching->proxy, touching->message, good);
	bridge_leave (bridge);
	free (touching);
}

static void
touch_elsewhere (struct bridge *bridge, struct proxy *proxy, const mach_msg_header_t *message)
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

/* --- by the receive thread -------------------------------------------------- */

struct touch
{
	struct proxy *proxy;
	uint64_t deadline;	/* then it is the receive thread no more */
};

static bool
touch_here (struct bridge *bridge, struct proxy *proxy, mach_msg_header_t *message)
{
	struct touch touch = { .deadline = bridge_now () + BRIDGE_TOUCH_US };
	bool good, ours;

	proxies_keep (proxy, &touch.proxy);
	bridge->touch = &touch;
	bridge_leave (bridge);
	good = resident_touch (message);
	bridge_enter (bridge);
	ours = bridge->touch == &touch;
	if (ours)
		bridge->touch = NULL;
	else
		bridge->stranded--;
	touched (bridge, &touch.proxy, message, good);
	return ours;
}

void
bridge_touch_tick (struct bridge *bridge)
{
	struct touch *touch = bridge->touch;
	uint64_t now = bridge_now ();

	if (touch == NULL || now < touch->deadline)
		return;
	touch->deadline = now + BRIDGE_TOUCH_US;
	if (touch->proxy != NULL)
		proxies_hold (&bridge->proxies, touch->proxy, &touch->proxy);
	if (!bridge_start_receiving (bridge))
		return;
	bridge->touch = NULL;
	bridge->stranded++;
	bridge->wary_until = now + BRIDGE_WARY_US;
}

uint64_t
bridge_touch_deadline (const struct bridge *bridge)
{
	return bridge->touch != NULL ? bridge->touch->deadline : UINT64_MAX;
}

bool
bridge_touch_first (struct bridge *bridge, struct proxy *proxy, mach_msg_header_t *message)
{
	if (bridge->stranded < BRIDGE_STRANDED_MAX && bridge_now () >= bridge->wary_until)
		return touch_here (bridge, proxy, message);
	touch_elsewhere (bridge, proxy, message);
	return true;
}
