/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the model kernel and the model driver.  */
#ifndef MODEL_KERNEL_H
#define MODEL_KERNEL_H

#include "model.h"

struct port *port_new (struct world *w, int node, int receiver);
void port_enqueue (struct world *w, struct port *p, struct kmsg *m);
struct kmsg *port_dequeue (struct port *p);
void port_kill (struct world *w, struct port *p);
bool port_full (const struct port *p);
void port_check_senders (struct world *w, struct port *p, uint32_t sync);
/* A new right; sends and send-onces are counted.  */
void right_make (struct kright *k, struct port *p, uint8_t disposition);
void right_drop (struct world *w, struct kright *k);
void kmsg_destroy (struct world *w, struct kmsg *m);
void task_hold (struct world *w, int node, int task, struct port *p,
		uint8_t disposition);

/* driver.c */
void daemon_port_died (struct world *w, struct port *p);

#endif
