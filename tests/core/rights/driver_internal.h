/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the model driver share.  */
#ifndef MODEL_DRIVER_INTERNAL_H
#define MODEL_DRIVER_INTERNAL_H

#include "driver.h"

/* driver.c: names in the daemon's task */
struct entry *driver_entry (struct node *n, uint32_t name);
uint32_t driver_name_of (struct node *n, struct port *p);
uint32_t driver_name_new (struct node *n, struct port *p);
void driver_name_drop (struct node *n, uint32_t name, int count);
void driver_name_tidy (struct entry *e);

struct outgoing
{
  struct wire_message w;
  struct wire_right rights[RIGHTS_PER_MESSAGE];
  struct wire_receive receives[RIGHTS_PER_MESSAGE];
  struct dr_slice region;
  uint32_t proxy_names[RIGHTS_PER_MESSAGE + 1];	/* references to give back */
  int proxy_count;
};

/* driver_receive.c */
void driver_copy_out (struct node *n, struct kright *k, struct wire_right *out, struct outgoing *o);
uint64_t driver_get64 (const uint8_t *p);
void driver_destroy_local (struct node *n, struct wire_right *r);

/* driver_deliver.c */
void driver_copy_in (struct node *n, const struct wire_right *r, const struct wire_message *w, int ghost,
		     struct kright *k, struct kmsg *m);
struct port *driver_proxy_port (struct node *n, uint32_t proxy);

#endif
