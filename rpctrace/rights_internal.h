/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What rights.c, once.c and adopted.c share. */
#ifndef RPCTRACE_RIGHTS_INTERNAL_H
#define RPCTRACE_RIGHTS_INTERNAL_H

#include "rights.h"

/* Before it is tried again what the kernel had nothing for. */
void rights_pause_for_resources (void);

/* Never fails, as rights_memory. */
void rights_put (struct map *map, uint32_t key, void *value);

/* Known by no name yet. */
struct queue *rights_new_queue (struct rights *rights, struct party *home);

/* An end with a port that is received from, and nothing else. */
struct end *rights_new_port (struct rights *rights);

/* END and its port go, which has no rights but ours and no messages. */
void rights_free_port (struct rights *rights, struct end *end);

/* END's ports go, with all that leads to them; END stays the caller's. */
void rights_destroy_ports (struct rights *rights, struct end *end);

/* The port goes that the kernel's word about an adopted one came to. */
void rights_no_notify (struct rights *rights, struct end *end);

void rights_request_no_senders (struct end *end, uint32_t sync);
void rights_drop_extra (struct end *end);
void rights_stop_dropping (struct rights *rights, struct end *end);

/* HOLDER knows QUEUE by END. */
void rights_link_end (struct rights *rights, struct end *end, struct queue *queue, struct party *holder);

/* END is its queue's no more; its use of the holder is the caller's to end. */
void rights_unlink_end (struct rights *rights, struct end *end);

/* NAME, a send-once right of ours or a dead name, goes. */
void once_discard (struct rights *rights, mach_port_t name);

/* END's stragglers go: their port is dead or, yet, ours. */
void adopted_no_stragglers (struct rights *rights, struct end *end);

/* END, adopted, has no senders.  True: it stays, for messages that were sent before or for send-once rights. */
bool adopted_more_to_come (struct rights *rights, struct end *end);

/* One straggler of END, which has no queue, was used; with the last one END goes. */
void adopted_straggler_used (struct rights *rights, struct end *end);

#endif
