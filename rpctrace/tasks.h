/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traced tasks: how one becomes traced, and what requests about one need beyond their rights. */
#ifndef RPCTRACE_TASKS_H
#define RPCTRACE_TASKS_H

#include "cross.h"
#include "relay.h"

/* TASK, one reference of which becomes ours, is traced from now on: its own port and its threads' are
   ends.  Its other names are not changed. */
struct party *tasks_track (struct relay *relay, mach_port_t task, int32_t pid);

/* THREAD belongs to PARTY: what it knows itself by becomes an end. */
void tasks_track_thread (struct relay *relay, struct party *party, mach_port_t thread);

/* Before a request to QUEUE is turned: says whose names its rights belong to. */
void tasks_prepare_request (struct relay *relay, struct crossing *crossing, struct queue *queue);

/* After: remembers in the end for its answer what the answer is about. */
void tasks_note_request (struct relay *relay, struct crossing *crossing, struct queue *queue);

/* Before an answer is turned. */
void tasks_prepare_answer (struct relay *relay, struct crossing *crossing, struct end *end);

/* PARTY is traced no more, but lives. */
void tasks_let_go (struct relay *relay, struct party *party);

/* The kernel's port of a task died. */
void tasks_died (struct relay *relay, struct party *party);

#endif
