/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between the model driver and the world.  */
#ifndef MODEL_DRIVER_H
#define MODEL_DRIVER_H

#include "kernel.h"

void node_action (struct node *n, const struct rights_action *a);
bool delivery_try (struct node *n, struct delivery *d);
void delivery_back (struct node *n, struct delivery *d);
bool daemon_receive (struct node *n, uint32_t proxy);
bool daemon_dead_name (struct node *n);
void node_check (struct node *n, enum dr_status st);

/* world.c */
void world_transmit (struct world *w, struct node *n, const struct rights_action *a);
void world_connect (struct world *w, struct node *n, const struct rights_action *a);

#endif
