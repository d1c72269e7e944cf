/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One client is one kernel's use of one memory object.  What is to be said to it stands in
   line; one worker at a time empties the line, so the order is the engine's.  */
#include <string.h>

#include "libpager/internal.h"

struct outgoing
{
  struct outgoing *next;
  struct pages_action action;
  struct dr_slice slices[];
};

/* --- Beginning and finding ----------------------------------------------------------- */

static void send_line (struct job *job);

static void
ask_for_death (struct client *client)
{
  mach_port_t old = MACH_PORT_NULL;
  mach_port_request_notification (mach_task_self (), client->control, MACH_NOTIFY_DEAD_NAME, 1,
				  client->pager->port.port_right,
				  MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
  if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
}

void
client_add (struct pager *pager, struct port_info *object, uint32_t number,
	    mach_port_t control, mach_port_t name, bool read_only)
{
  struct client *client = sure_alloc (sizeof *client);
  client->pager = pager;
  ports_port_ref (pager);
  client->number = number;
  client->object = object;
  client->control = control;
  client->name = name;
  client->read_only = read_only;
  client->job.run = send_line;
  client->next = pager->clients;
  pager->clients = client;
  pager->statistics.clients++;
  ask_for_death (client);
}

struct client *
client_by_control (struct pager *pager, mach_port_t control)
{
  struct client *client = pager->clients;
  while (client && client->control != control)
    client = client->next;
  return client;
}

struct client *
client_by_number (struct pager *pager, uint32_t number)
{
  struct client *client = pager->clients;
  while (client && client->number != number)
    client = client->next;
  return client;
}

/* --- The end --------------------------------------------------------------------------- */

/* The notification has been sent, and not been received: nobody will drop its reference.  Not
   so when the kernel takes the request back: the control port lives.  What it gives back then
   is dead if the pager's port, where the notification was to go, has been destroyed.  */
static bool
death_on_its_way (struct client *client)
{
  mach_port_t old = MACH_PORT_NULL;
  kern_return_t result
    = mach_port_request_notification (mach_task_self (), client->control,
				      MACH_NOTIFY_DEAD_NAME, 0, MACH_PORT_NULL,
				      MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
  if (result)
    return !client->death_seen;
  if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
  return false;
}

static void
end_client (struct client *client)
{
  struct pager *pager = client->pager;
  struct client **at = &pager->clients;
  pthread_mutex_lock (&pager->lock);
  while (*at != client)
    at = &(*at)->next;
  *at = client->next;
  pager->statistics.clients--;
  if (death_on_its_way (client))
    mach_port_deallocate (mach_task_self (), client->control);
  mach_port_deallocate (mach_task_self (), client->control);
  if (MACH_PORT_VALID (client->name))
    mach_port_deallocate (mach_task_self (), client->name);
  pthread_mutex_unlock (&pager->lock);
  if (client->changes)
    {
      ports_destroy_right (client->changes);
      ports_port_deref (client->changes);
    }
  free (client);
  ports_port_deref (pager);
}

/* --- The line -------------------------------------------------------------------------- */

static bool
counts (const struct client *client, const struct pages_action *action)
{
  return action->kind == PAGES_DROP || !client->dropped;
}

static void
note (struct pager_statistics *s, const struct pages_action *action)
{
  switch (action->kind)
    {
    case PAGES_READY: s->readies++; break;
    case PAGES_SUPPLY:
      s->supplies++;
      s->pages_supplied += action->length / vm_page_size;
      break;
    case PAGES_REFUSE: s->refusals++; break;
    case PAGES_LOCK: s->locks++; break;
    case PAGES_ATTRIBUTES: s->changes++; break;
    case PAGES_DROP:
      s->destroys += action->reason == PAGES_SILENT || action->reason == PAGES_SHUT;
      s->lost_clients += action->reason == PAGES_SILENT || action->reason == PAGES_DEAD;
      break;
    default: break;
    }
}

void
client_send (struct pager *pager, const struct pages_action *action)
{
  struct client *client = client_by_number (pager, action->client);
  struct outgoing *o
    = sure_alloc (sizeof *o + action->slices_count * sizeof *action->slices);
  o->action = *action;
  if (action->slices_count)
    memcpy (o->slices, action->slices, action->slices_count * sizeof *action->slices);
  dr_assert (client);
  note (&pager->statistics, action);
  *(client->last ? &client->last->next : &client->first) = o;
  client->last = o;
  client->dropped |= action->kind == PAGES_DROP;
  if (client->sending)
    return;
  client->sending = true;
  engine_submit (pager, &client->job);
}

static struct outgoing *
pop (struct client *client)
{
  struct outgoing *o = client->first;
  if (o)
    client->first = o->next;
  if (!client->first)
    client->last = NULL;
  return o;
}

/* A send right, for done_with_reply.  */
static mach_port_t
reply_port (struct client *client, const struct pages_action *action)
{
  return action->reply ? ports_get_send_right (client->object) : MACH_PORT_NULL;
}

static void
done_with_reply (mach_port_t right)
{
  if (MACH_PORT_VALID (right))
    mach_port_deallocate (mach_task_self (), right);
}

static struct side_port *
changes_port (struct client *client)
{
  if (!client->changes)
    client->changes = side_port_new (client->pager, OBJECT_CHANGES, client->number);
  return client->changes;
}

static mach_msg_return_t
supply (struct client *client, struct outgoing *o)
{
  const struct pages_action *a = &o->action;
  struct memory memory;
  mach_msg_return_t result;
  mach_port_t reply = reply_port (client, a);
  memory_gather (&memory, o->slices, a->slices_count);
  result = tell_supply (client->control, a->offset, memory.address, memory.bytes,
			memory.dealloc, (int) a->prot, a->precious, reply);
  memory_release (&memory);
  done_with_reply (reply);
  return result;
}

static mach_msg_return_t
attributes (struct client *client, const struct pages_action *a)
{
  struct side_port *side = changes_port (client);
  mach_port_t reply = side ? ports_get_send_right (side) : MACH_PORT_NULL;
  mach_msg_return_t result
    = tell_attributes (client->control, a->may_cache, a->copy_strategy, reply);
  done_with_reply (reply);
  return result;
}

static mach_msg_return_t
lock (struct client *client, const struct pages_action *a)
{
  mach_port_t reply = reply_port (client, a);
  mach_msg_return_t result
    = tell_lock (client->control, a->offset, a->length, a->should_return, a->flush,
		 (int) a->prot, reply);
  done_with_reply (reply);
  return result;
}

static mach_msg_return_t
tell (struct client *client, struct outgoing *o)
{
  const struct pages_action *a = &o->action;
  switch (a->kind)
    {
    case PAGES_READY:
      return tell_ready (client->control, a->may_cache, a->copy_strategy);
    case PAGES_SUPPLY:
      return supply (client, o);
    case PAGES_REFUSE:
      return tell_error (client->control, a->offset, a->length, a->error);
    case PAGES_LOCK:
      return lock (client, a);
    case PAGES_ATTRIBUTES:
      return attributes (client, a);
    case PAGES_DROP:
      return a->reason == PAGES_SILENT || a->reason == PAGES_SHUT
	     ? tell_destroy (client->control, KERN_FAILURE) : MACH_MSG_SUCCESS;
    default:
      return MACH_MSG_SUCCESS;
    }
}

static void
drop_slices (struct outgoing *o)
{
  for (uint32_t i = 0; i < o->action.slices_count; i++)
    dr_buf_drop (o->slices[i].buf);
}

/* It did not take a message in time, or cannot: what was said to it is not known any more,
   so it is no client any more.  The engine drops it.  */
static void
broken (struct client *client)
{
  struct pager *pager = client->pager;
  engine_enter (pager);
  client->broken = true;
  pages_client_dead (pager->pages, now_us (), client->number);
  engine_leave (pager);
}

static void
send_line (struct job *job)
{
  struct client *client = (struct client *) ((char *) job - offsetof (struct client, job));
  struct pager *pager = client->pager;
  for (;;)
    {
      struct outgoing *o;
      bool told, ended;
      pthread_mutex_lock (&pager->lock);
      o = pop (client);
      if (!o)
	client->sending = false;
      told = o && counts (client, &o->action) && !client->broken;
      pthread_mutex_unlock (&pager->lock);
      if (!o)
	return;
      ended = o->action.kind == PAGES_DROP;
      if (!told)
	drop_slices (o);
      else if (tell (client, o) != MACH_MSG_SUCCESS && !ended)
	broken (client);
      free (o);
      if (ended)
	{
	  end_client (client);
	  return;
	}
    }
}
