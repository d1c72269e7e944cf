/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every bound of rpctrace. */
#ifndef RPCTRACE_LIMITS_H
#define RPCTRACE_LIMITS_H

#define TICK_MS 10			/* how often the watch looks */
#define STUCK_TICKS 2			/* a send into the kernel that takes longer gets company */
#define YOUNG_TICKS 2			/* send-once rights older than this are watched for death */
#define SPARE_ENDS_MAX 256		/* used-up ports kept for the next proxies */
#define IDLE_LEADERS_MAX 8		/* threads kept for the next send that takes long */
#define WAITING_PAUSE 2			/* messages held for one port before its senders have to wait */
#define WAITING_RESUME 0
#define UREFS_KEPT_MAX 1000		/* user references of one right: the kernel counts them up to 65534 only */
#define SENDERS_MAX 512			/* messages that wait for room in a queue, each with a thread */
#define OUTPUT_BYTES_MAX (4u << 20)	/* lines not yet written; beyond it tracing waits for the file, */
#define OUTPUT_STALL_MS 1000		/* unless that has taken nothing for so long */
#define OUTPUT_LINE_BYTES_MAX (48u << 10)	/* more than a line and what goes on in it later */
#define OUTPUT_DELAY_MS 100
#define STOP_MS 2000			/* until a task is said not to be stoppable */
#define RECALL_LOOK_MS 5		/* a probe that another tracer passes on is looked for so often, */
#define RECALL_PATIENCE_MS 5000		/* and all of them together for so long, while a task is let go */
#define GIVE_WAY_NS 1000000		/* until a message that waited for room has got it */
#define PAUSE_NS 10000000		/* between attempts when the kernel is short of something */

#endif
