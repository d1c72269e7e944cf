/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the tasks share.  */
#ifndef DR_SIM_TASKS_H
#define DR_SIM_TASKS_H

#include "sim/world/internal.h"

/* What NAME is, without whether its death was asked for; 0: nothing.  */
uint32_t tasks_type (struct task *, mk_name);
/* A port that the world's order rests on.  */
bool tasks_is_root (struct world *, struct task *, mk_name);
/* A random name of one of the TYPES, or MK_NULL.  */
mk_name tasks_some_name (struct world *, struct task *, uint32_t types);

/* tasks_send.c */
void tasks_send_something (struct world *, struct task *);
struct flow *tasks_flow (struct world *, uint32_t task, uid destination);

/* tasks_requests.c */
void tasks_request (struct world *, struct task *);
/* A receive right is to go to another port when it is destroyed, or is not any more.  */
void tasks_want_back (struct world *, struct task *);
/* M is a port-destroyed notification that came to the port TO.  */
void tasks_came_back (struct world *, struct task *, uid to, const struct mk_message *m);

/* tasks_receive.c: true if there was something.  */
bool tasks_receive (struct world *, struct task *, mk_name);

#endif
