/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/explore/scripts.h"

enum { A, B, C, D, FATE };

#define P 0
#define Q 1

const struct script scripts[] = {
  { "copy crossing release", 2, {
    [A] = { { WATCH, P }, { GIVE, P, B }, { GIVE, P, B }, { GIVE, P, B } },
    [B] = { { DROP, P }, { SEND, P }, { DROP, P }, { DROP, P } } } },
  { "release crossing hand-off", 3, {
    [A] = { { WATCH, P }, { GIVE, P, B } },
    [B] = { { GIVE, P, C }, { DROP, P } },
    [C] = { { SEND, P }, { DROP, P } } } },
  { "two paths to one node", 3, {
    [A] = { { GIVE, P, B }, { GIVE, P, C } },
    [B] = { { GIVE, P, C }, { DROP, P } },
    [C] = { { SEND, P }, { DROP, P }, { SEND, P } } } },
  { "a right comes home by a third node", 3, {
    [A] = { { GIVE, P, B } },
    [B] = { { GIVE, P, C }, { DROP, P } },
    [C] = { { GIVE, P, A }, { SEND, P }, { DROP, P } } } },
  { "migration", 2, {
    [A] = { { GIVE, P, B }, { SEND, P }, { MOVE, P, B }, { SEND, P } },
    [B] = { { SEND, P }, { SEND, P }, { DROP, P } } } },
  { "migration crossing hand-off", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, B } },
    [B] = { { GIVE, P, C }, { SEND, P } },
    [C] = { { SEND, P }, { SEND, P }, { DROP, P } } } },
  { "a sender follows a moved right", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, C } },
    [B] = { { SEND, P }, { SEND, P } } } },
  { "migration to a third node", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, C } },
    [B] = { { SEND, P }, { SEND, P } },
    [C] = { { MOVE, P, B } } } },
  { "migration crossing death", 3, {
    [A] = { { GIVE, P, B }, { GIVE, P, C }, { MOVE, P, C } },
    [B] = { { SEND, P }, { DROP, P } },
    [C] = { { KILL, P } } } },
  { "a right comes home crossing death", 2, {
    [A] = { { GIVE, P, B }, { KILL, P } },
    [B] = { { GIVE, P, A }, { DROP, P } } } },
  { "two ports cross", 2, {
    [A] = { { GIVE, P, B }, { SEND, Q }, { DROP, Q }, { KILL, P } },
    [B] = { { GIVE, Q, A }, { SEND, P }, { DROP, P }, { KILL, Q } } } },
  { "two ports move into each other", 2, {
    [A] = { { GIVE, P, B }, { MOVE, P, B } },
    [B] = { { GIVE, Q, A }, { MOVE, Q, A }, { SEND, P } } } },
  { "send-once over a third node", 3, {
    [A] = { { GIVE_ONCE, P, B } },
    [B] = { { PASS_ONCE, P, C } },
    [C] = { { USE_ONCE, P } } } },
  { "peer death while a right is copied", 2, {
    [A] = { { GIVE, P, B }, { GIVE, P, B } },
    [B] = { { SEND, P }, { DROP, P } },
    [FATE] = { { CUT, A, B } } } },
  { "peer death while a right is handed off", 3, {
    [A] = { { GIVE, P, B } },
    [B] = { { GIVE, P, C } },
    [C] = { { SEND, P } },
    [FATE] = { { CUT, A, B } } } },
  { "the third node dies while a right is handed off", 3, {
    [A] = { { GIVE, P, B } },
    [B] = { { GIVE, P, C } },
    [C] = { { SEND, P } },
    [FATE] = { { CUT, B, C } } } },
  { "the new holder loses the home while a right is handed off", 3, {
    [A] = { { GIVE, P, B } },
    [B] = { { GIVE, P, C }, { SEND, P } },
    [C] = { { SEND, P } },
    [FATE] = { { CUT, A, C } } } },
  { "peer death while a receive right moves", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, C } },
    [B] = { { SEND, P } },
    [C] = { { SEND, P } },
    [FATE] = { { CUT, A, C } } } },
  { "the holder starts anew while a right is copied", 2, {
    [A] = { { WATCH, P }, { GIVE, P, B }, { GIVE, P, B } },
    [B] = { { SEND, P }, { DROP, P } },
    [FATE] = { { CRASH, B } } } },
  { "the home starts anew while a right is handed off", 3, {
    [A] = { { GIVE, P, B } },
    [B] = { { GIVE, P, C } },
    [C] = { { SEND, P } },
    [FATE] = { { CRASH, A } } } },
  { "the granter starts anew while a right is handed off", 3, {
    [A] = { { WATCH, P }, { GIVE, P, B } },
    [B] = { { GIVE, P, C } },
    [C] = { { SEND, P }, { DROP, P } },
    [FATE] = { { CRASH, B } } } },
  { "the new holder starts anew while a right is handed off", 3, {
    [A] = { { WATCH, P }, { GIVE, P, B } },
    [B] = { { GIVE, P, C }, { DROP, P } },
    [C] = { { SEND, P } },
    [FATE] = { { CRASH, C } } } },
  { "the old home starts anew while a receive right moves", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, C } },
    [B] = { { SEND, P } },
    [C] = { { SEND, P } },
    [FATE] = { { CRASH, A } } } },
  { "the new home starts anew while a receive right moves", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, C } },
    [B] = { { SEND, P } },
    [FATE] = { { CRASH, C } } } },
  { "the node between starts anew under a send-once right", 3, {
    [A] = { { GIVE_ONCE, P, B } },
    [B] = { { PASS_ONCE, P, C } },
    [C] = { { USE_ONCE, P } },
    [FATE] = { { CRASH, B } } } },
  { "three holders pass each other copies", 3, {
    [A] = { { WATCH, P }, { GIVE, P, B }, { GIVE, P, C }, { GIVE, P, B } },
    [B] = { { GIVE, P, C }, { SEND, P }, { DROP, P } },
    [C] = { { GIVE, P, B }, { SEND, P }, { DROP, P } } } },
  { "two ports over three nodes", 3, {
    [A] = { { GIVE, P, B }, { SEND, Q } },
    [B] = { { GIVE, Q, C }, { GIVE, P, C }, { DROP, P } },
    [C] = { { GIVE, Q, A }, { SEND, P }, { SEND, Q } } } },
  { "two migrations with senders everywhere", 3, {
    [A] = { { GIVE, P, B }, { GIVE, P, C }, { MOVE, P, B }, { SEND, P } },
    [B] = { { SEND, P }, { MOVE, P, C } },
    [C] = { { SEND, P }, { SEND, P } } } },
  { "migration, hand-off and death of a peer", 3, {
    [A] = { { GIVE, P, B }, { MOVE, P, B } },
    [B] = { { GIVE, P, C }, { MOVE, P, C } },
    [C] = { { SEND, P }, { SEND, P } },
    [FATE] = { { CUT, B, C } } } },
  { "a marker whose answer has no way back", 4, {
    [A] = { { GIVE, P, D }, { MOVE, P, B } },
    [B] = { { MOVE, P, C } },
    [D] = { { SEND, P } },
    [FATE] = { { CUT, C, D } } } },
  { "peer death under a send-once right", 2, {
    [A] = { { GIVE_ONCE, P, B }, { GIVE_ONCE, P, B } },
    [B] = { { USE_ONCE, P } },
    [FATE] = { { CUT, A, B } } } },
};

const unsigned scripts_count = sizeof scripts / sizeof *scripts;

static mk_name
find (struct task *t, uid u, uint32_t types)
{
  uint32_t type;
  for (mk_name name = 1; name < WORLD_NAMES_MAX; name++)
    if (t->names[name] == u && mk_type (t->mk, name, &type) == MK_SUCCESS && (type & types))
      return name;
  return MK_NULL;
}

static bool
give (struct world *w, struct task *t, const struct operation *op, mk_name name,
      enum mk_disposition how)
{
  struct mk_message m = { .rights = 1, .right = { { name, how } } };
  mk_name root = find (t, w->node[op->to].root_uid, MK_TYPE_SEND);
  if (name == MK_NULL || root == MK_NULL)
    return false;
  m.remote = (struct mk_message_right) { root, MK_COPY_SEND };
  return tasks_send (w, t, &m);
}

static bool
watch (struct world *w, struct task *t, uid u)
{
  mk_name name = find (t, u, MK_TYPE_RECEIVE), previous;
  struct mk_receive_status status;
  if (name == MK_NULL)
    return false;
  mk_get_receive_status (t->mk, name, &status);
  mk_request_notification (t->mk, name, MK_NOTIFY_NO_SENDERS, status.mscount + 1, name,
			   MK_MAKE_SEND_ONCE, &previous);
  w->port[u].requested = true;
  w->port[u].moves_requested = w->port[u].moves;
  return true;
}

static bool
cut (struct world *w, unsigned a, unsigned b)
{
  for (size_t i = 0; i < WORLD_SESSIONS_MAX; i++)
    {
      struct session *s = &w->session[i];
      if (s->used && s->up && s->node[0] == a && s->node[1] == b)
	{
	  network_down (w, s);
	  return true;
	}
    }
  return false;
}

bool
script_step (struct world *w, const struct script *script, unsigned actor, unsigned number,
	     const uid *ports)
{
  const struct operation *op = &script->actor[actor][number];
  if (op->verb == CUT)
    return cut (w, op->port, op->to);
  if (op->verb == CRASH)
    {
      world_crash (w, op->port);
      return true;
    }
  struct task *t = &w->node[actor].root;
  uid u = ports[op->port];
  mk_name receive = find (t, u, MK_TYPE_RECEIVE), send = find (t, u, MK_TYPE_SEND);
  mk_name once = find (t, u, MK_TYPE_SEND_ONCE);
  struct mk_message m = { 0 };
  switch (op->verb)
    {
    case GIVE:
      return receive != MK_NULL ? give (w, t, op, receive, MK_MAKE_SEND)
	: give (w, t, op, send, MK_COPY_SEND);
    case GIVE_ONCE: return give (w, t, op, receive, MK_MAKE_SEND_ONCE);
    case PASS_ONCE: return give (w, t, op, once, MK_MOVE_SEND_ONCE);
    case USE_ONCE:
      m.remote = (struct mk_message_right) { once, MK_MOVE_SEND_ONCE };
      return once != MK_NULL && tasks_send (w, t, &m);
    case MOVE: return give (w, t, op, receive, MK_MOVE_RECEIVE);
    case SEND:
      if (send == MK_NULL && receive != MK_NULL)
	{
	  /* The owner makes a send right of its own first; that is no step.  */
	  struct mk_receive_status status;
	  mk_get_receive_status (t->mk, receive, &status);
	  if (status.msgcount >= status.qlimit)
	    return false;
	  mk_insert_right (t->mk, receive, t->mk, receive, MK_MAKE_SEND);
	  send = receive;
	}
      m.remote = (struct mk_message_right) { send, MK_COPY_SEND };
      return send != MK_NULL && tasks_send (w, t, &m);
    case DROP:
      {
	uint32_t refs;
	if (send == MK_NULL || mk_get_refs (t->mk, send, MK_SEND, &refs) != MK_SUCCESS)
	  return false;
	mk_mod_refs (t->mk, send, MK_SEND, -(int32_t) refs);
	tasks_forget (t);
	return true;
      }
    case KILL:
      if (receive == MK_NULL)
	return false;
      w->port[u].destroyed = true;
      mk_mod_refs (t->mk, receive, MK_RECEIVE, -1);
      tasks_forget (t);
      return true;
    case WATCH: return watch (w, t, u);
    default: return false;
    }
}
