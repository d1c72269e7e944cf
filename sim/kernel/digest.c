/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/kernel/check.h"
#include "sim/kernel/internal.h"

enum { PORTS_MAX = 1024 };

struct digest
{
  void (*absorb) (void *, const void *, size_t);
  void *ctx;
  const struct mk_port *met[PORTS_MAX];
  size_t ports;
};

static void
put (struct digest *d, uint64_t n)
{
  d->absorb (d->ctx, &n, sizeof n);
}

static void
put_port (struct digest *d, const struct mk_port *port)
{
  if (port == NULL || !port->active)
    {
      put (d, port == NULL ? 0 : 1);
      return;
    }
  for (size_t i = 0; i < d->ports; i++)
    if (d->met[i] == port)
      {
	put (d, i + 2);
	return;
      }
  dr_assert (d->ports < PORTS_MAX);
  d->met[d->ports++] = port;
  put (d, d->ports + 1);
}

static void
put_carried (struct digest *d, const struct mk_carried *right)
{
  put (d, right->disposition | right->dead << 8 | (uint64_t) right->array << 16);
  put_port (d, right->port);
}

static void
put_contents (struct digest *d, const struct mk_port *port)
{
  put (d, port->mscount | (uint64_t) port->qlimit << 32);
  put_port (d, port->nsrequest);
  put_port (d, port->pdrequest);
  for (struct mk_dnrequest *r = port->dnrequests; r != NULL; r = r->next)
    {
      put (d, r->name);
      put_port (d, r->notify);
    }
  for (struct mk_kmsg *m = port->head; m != NULL; m = m->next)
    {
      put (d, (uint32_t) m->id | (uint64_t) m->rights << 32);
      d->absorb (d->ctx, m->data, m->bytes);
      put (d, m->destination.disposition);
      put_carried (d, &m->reply);
      for (size_t i = 0; i < m->rights; i++)
	put_carried (d, &m->right[i]);
    }
}

static void
put_task (struct digest *d, struct mk_task *task)
{
  for (mk_name name = 1; name < task->entries; name++)
    {
      struct mk_entry *e = &task->entry[name];
      if (e->type == 0)
	continue;
      put (d, name | (uint64_t) e->type << 12 | (uint64_t) e->urefs << 44);
      put_port (d, e->port);
    }
  put (d, 0);
}

void
mk_digest (struct mk *kernel, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  struct digest d = { .absorb = absorb, .ctx = ctx };
  struct mk_task *last = kernel->tasks;
  while (last != NULL && last->next != NULL)
    last = last->next;
  /* The list is youngest first; LINK leads back.  */
  for (struct mk_task *task = last; task != NULL;)
    {
      put_task (&d, task);
      task = task->link == &kernel->tasks ? NULL
	: (struct mk_task *) ((char *) task->link - offsetof (struct mk_task, next));
    }
  for (size_t i = 0; i < d.ports; i++)
    put_contents (&d, d.met[i]);
}
