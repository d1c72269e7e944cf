/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/world/node_internal.h"

#include "sim/kernel/check.h"

#include <stdlib.h>
#include <string.h>

void
node_wrong (struct node *node, const char *what)
{
  node->world.wrong (node->world.ctx, node, what);
}

struct node *
node_create (const struct node_world *world, const struct rights_config *config,
	     const struct dr_alloc *alloc)
{
  struct node *node = calloc (1, sizeof *node);
  dr_assert (node != NULL);
  node->world = *world;
  node->alloc = *alloc;
  node->kernel = mk_create ();
  node->task = mk_task_create (node->kernel);
  enum dr_status status = rights_create (config, alloc, &node->engine);
  dr_assert (status == DR_OK);
  mk_allocate (node->task, MK_RECEIVE, &node->notify);
  return node;
}

void
node_drop_translated (struct translated *t)
{
  if (t == NULL)
    return;
  translate_drop (t);
  free (t);
}

void
node_destroy (struct node *node)
{
  for (struct delivery *d; (d = node->deliveries) != NULL;)
    {
      node->deliveries = d->next;
      node->events++;
      rights_delivered (node->engine, UINT64_MAX / 2, d->action.ticket, RIGHTS_UNDELIVERABLE);
      free (d);
    }
  for (size_t i = 0; i < node->proxies; i++)
    node_drop_translated (node->proxy[i].stalled);
  rights_destroy (node->engine);
  mk_destroy (node->kernel);
  free (node->proxy);
  free (node);
}

void node_use_regions (struct node *node) { node->far = true; }
struct mk *node_kernel (struct node *node) { return node->kernel; }
struct mk_task *node_task (struct node *node) { return node->task; }
struct rights *node_engine (struct node *node) { return node->engine; }
uint64_t node_events (const struct node *node) { return node->events; }

struct proxy *
node_proxy (struct node *node, uint32_t number)
{
  for (size_t i = 0; i < node->proxies; i++)
    if (node->proxy[i].number == number)
      return &node->proxy[i];
  return NULL;
}

struct proxy *
node_proxy_named (struct node *node, mk_name name)
{
  for (size_t i = 0; i < node->proxies; i++)
    if (node->proxy[i].name == name)
      return &node->proxy[i];
  return NULL;
}

static void
add_proxy (struct node *node, struct proxy proxy)
{
  if (node_proxy (node, proxy.number) != NULL)
    node_wrong (node, "a proxy's number was used twice");
  if (node->proxies == node->room)
    {
      node->room = node->room * 2 + 8;
      node->proxy = realloc (node->proxy, node->room * sizeof *node->proxy);
      dr_assert (node->proxy != NULL);
    }
  node->proxy[node->proxies++] = proxy;
}

void
node_forget_proxy (struct node *node, struct proxy *proxy)
{
  node_drop_translated (proxy->stalled);
  if (proxy->notify != proxy->name)
    mk_mod_refs (node->task, proxy->notify, MK_RECEIVE, -1);
  *proxy = node->proxy[--node->proxies];
}

static void
arm (struct node *node, struct proxy *proxy, uint32_t sync)
{
  mk_name previous;
  if (mk_request_notification (node->task, proxy->name, MK_NOTIFY_NO_SENDERS, sync, proxy->notify,
			       MK_MAKE_SEND_ONCE, &previous) != MK_SUCCESS)
    node_wrong (node, "no-senders cannot be requested");
  else if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
}

static void
close_proxy (struct node *node, struct proxy *proxy, uint64_t now)
{
  uint32_t number = proxy->number;
  mk_name name = proxy->name, previous = MK_NULL;
  proxy->closing = true;
  mk_set_qlimit (node->task, name, 0);
  mk_request_notification (node->task, name, MK_NOTIFY_NO_SENDERS, 0, MK_NULL, MK_NONE,
			   &previous);
  if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
  node_requeue_no_senders (node, proxy);
  /* One at a time: the engine may be out of memory for a while.  */
  for (unsigned tries = 0; tries < 100000; tries++)
    {
      proxy = node_proxy (node, number);
      if (proxy == NULL)
	return;
      if (!node_receive_from (node, proxy, now) && proxy->stalled == NULL)
	{
	  mk_insert_right (node->task, name, node->task, name, MK_MAKE_SEND);
	  node->events++;
	  rights_proxy_closed (node->engine, now, number, name);
	  return;
	}
    }
  node_wrong (node, "a proxy could not be drained");
}

static void
mark_proxy (struct node *node, struct proxy *proxy, uint64_t cookie)
{
  struct mk_message m = { .id = NODE_MARK_ID, .remote = { proxy->name, MK_MAKE_SEND_ONCE },
			  .bytes = sizeof cookie };
  memcpy (m.data, &cookie, sizeof cookie);
  if (mk_send (node->task, &m) != MK_SUCCESS)
    node_wrong (node, "a marker could not be queued");
}

static void
watch (struct node *node, mk_name name, uint64_t now)
{
  mk_name previous = MK_NULL;
  enum mk_result result = mk_request_notification (node->task, name, MK_NOTIFY_DEAD_NAME, 0,
						   node->notify, MK_MAKE_SEND_ONCE, &previous);
  if (previous != MK_NULL)
    mk_deallocate (node->task, previous);
  if (result == MK_INVALID_ARGUMENT)	/* dead already */
    {
      node->events++;
      rights_local_dead (node->engine, now, name);
    }
  else if (result != MK_SUCCESS)
    node_wrong (node, "a local name to watch does not exist");
}

static void
drop_local (struct node *node, mk_name name, uint32_t count)
{
  while (count-- > 0)
    if (mk_deallocate (node->task, name) != MK_SUCCESS)
      {
	node_wrong (node, "a user reference was given back that is not there");
	return;
      }
}

static struct dr_buf *
gather (const struct rights_action *action)
{
  static const struct dr_alloc none;
  size_t bytes = 0, at = 0;
  (void) none;
  for (uint32_t i = 0; i < action->slices_count; i++)
    bytes += action->slices[i].bytes;
  struct dr_buf *frame = malloc (sizeof *frame + bytes + 1);
  dr_assert (frame != NULL);
  dr_buf_wrap (frame, frame + 1, bytes, (void (*) (struct dr_buf *)) free);
  for (uint32_t i = 0; i < action->slices_count; i++)
    {
      const struct dr_slice *slice = &action->slices[i];
      if (slice->bytes > 0)
	memcpy (frame->data + at, dr_slice_data (slice), slice->bytes);
      at += slice->bytes;
      dr_buf_drop (slice->buf);
    }
  return frame;
}

static void
root_came (struct node *node, const struct rights_action *action, uint64_t now)
{
  struct mk_message_right right = node_outgoing (node, action->to);
  mk_name name = MK_NULL;
  if (right.name != MK_NULL && right.name != MK_DEAD
      && mk_extract_right (node->task, right.name, right.disposition, node->task, &name)
	 != MK_SUCCESS)
    node_wrong (node, "the root right is not there");
  node->events++;
  rights_delivered (node->engine, now, action->ticket,
		    name != MK_NULL ? RIGHTS_DELIVERED : RIGHTS_UNDELIVERABLE);
  node->world.root_came (node->world.ctx, node, name);
}

static void
give_root (struct node *node, const struct rights_action *action, uint64_t now)
{
  mk_name name = node->world.root (node->world.ctx, node, action->session);
  struct wire_right right = { .reference = name == MK_NULL ? WIRE_NULL : WIRE_LOCAL,
			      .disposition = WIRE_SEND, .name = name };
  struct proxy *proxy = node_proxy_named (node, name);
  if (proxy != NULL)
    {
      right.reference = WIRE_PROXY;
      right.proxy = proxy->number;
    }
  enum dr_status status = rights_give_root (node->engine, now, action->session, action->request,
					    &right, name == MK_NULL ? 1 : 0);
  if (name != MK_NULL && (status != DR_OK || proxy != NULL))
    mk_deallocate (node->task, name);
}

static void
execute (struct node *node, const struct rights_action *action, uint64_t now)
{
  struct proxy *proxy = node_proxy (node, action->proxy);
  mk_name name;
  switch (action->kind)
    {
    case RIGHTS_SEND:
      node->world.send (node->world.ctx, node, action->session, action->stream, gather (action),
			action->lazy);
      break;
    case RIGHTS_CONNECT:
      node->world.connect (node->world.ctx, node, &action->key);
      break;
    case RIGHTS_DELIVER:
      {
	struct delivery *d = calloc (1, sizeof *d), **p = &node->deliveries;
	dr_assert (d != NULL);
	d->action = *action;
	while (*p != NULL)
	  p = &(*p)->next;
	*p = d;
	node->deliveries_count++;
	break;
      }
    case RIGHTS_PROXY_CREATE:
      mk_allocate (node->task, MK_RECEIVE, &name);
      add_proxy (node, (struct proxy) { .number = action->proxy, .name = name, .notify = name,
					.once = action->once });
      if (!action->once)
	arm (node, node_proxy (node, action->proxy), action->sync);
      trace (node, "proxy %u created, name %u%s", action->proxy, name, action->once ? ", once" : "");
      break;
    case RIGHTS_PROXY_ADOPT:
      mk_allocate (node->task, MK_RECEIVE, &name);
      add_proxy (node, (struct proxy) { .number = action->proxy, .name = action->name,
					.notify = name, .paused = true });
      arm (node, node_proxy (node, action->proxy), action->sync);
      trace (node, "proxy %u adopted, name %u", action->proxy, action->name);
      break;
    case RIGHTS_ROOT_WANTED:
      give_root (node, action, now);
      break;
    case RIGHTS_ROOT:
      root_came (node, action, now);
      break;
    case RIGHTS_LOCAL_WATCH:
      watch (node, action->name, now);
      break;
    case RIGHTS_LOCAL_DROP:
      trace (node, "drop name %u, %u references", action->name, action->count);
      drop_local (node, action->name, action->count);
      break;
    default:
      if (proxy == NULL)
	{
	  node_wrong (node, "an action for a proxy that does not exist");
	  break;
	}
      switch (action->kind)
	{
	case RIGHTS_PROXY_ARM: arm (node, proxy, action->sync); break;
	case RIGHTS_PROXY_PAUSE: proxy->paused = true; break;
	case RIGHTS_PROXY_RESUME: proxy->paused = false; break;
	case RIGHTS_PROXY_MARK: mark_proxy (node, proxy, action->cookie); break;
	case RIGHTS_PROXY_CLOSE: close_proxy (node, proxy, now); break;
	case RIGHTS_PROXY_DESTROY:
	  trace (node, "proxy %u destroyed", action->proxy);
	  if (proxy->stalled != NULL)
	    {
	      node_settle (node, proxy->stalled, false);
	    }
	  name = proxy->name;
	  node_forget_proxy (node, proxy);
	  mk_mod_refs (node->task, name, MK_RECEIVE, -1);
	  break;
	default:
	  node_wrong (node, "an action that the driver does not know");
	}
    }
}

void
node_run (struct node *node, uint64_t now)
{
  struct rights_action action;
  for (unsigned actions = 0; rights_next (node->engine, &action); actions++)
    {
      node->events++;
      execute (node, &action, now);
      if (actions > 1000000)
	{
	  node_wrong (node, "the engine never ends asking");
	  return;
	}
    }
}

size_t
node_choices (struct node *node)
{
  return 1 + node->proxies + node->deliveries_count;
}

bool
node_choose (struct node *node, size_t i, uint64_t now)
{
  bool progress;
  if (i == 0)
    progress = node_receive_notification (node, now);
  else if (i <= node->proxies)
    {
      struct proxy *proxy = &node->proxy[i - 1];
      progress = !(proxy->paused || proxy->closing) && node_receive_from (node, proxy, now);
    }
  else
    {
      struct delivery **p = &node->deliveries;
      for (size_t skip = i - 1 - node->proxies; skip > 0 && *p != NULL; skip--)
	p = &(*p)->next;
      struct delivery *d = *p;
      if (d == NULL)
	return false;
      progress = node_try_delivery (node, d, now);
      if (progress)
	{
	  /* try_delivery called the engine, which may not have grown this list.  */
	  *p = d->next;
	  node->deliveries_count--;
	  free (d);
	}
    }
  node_run (node, now);
  return progress;
}

void
node_digest (struct node *node, void (*absorb) (void *, const void *, size_t), void *ctx)
{
  mk_digest (node->kernel, absorb, ctx);
  rights_digest (node->engine, absorb, ctx);
  for (size_t i = 0; i < node->proxies; i++)
    {
      struct proxy *p = &node->proxy[i];
      uint64_t state = p->name | (uint64_t) p->notify << 16 | (uint64_t) p->once << 32
	| (uint64_t) p->paused << 33 | (uint64_t) p->closing << 34
	| (uint64_t) (p->stalled != NULL) << 35;
      absorb (ctx, &state, sizeof state);
    }
  for (struct delivery *d = node->deliveries; d != NULL; d = d->next)
    {
      uint64_t state = d->action.ticket << 1 | d->taken;
      absorb (ctx, &state, sizeof state);
    }
}
