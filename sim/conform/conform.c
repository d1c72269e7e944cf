/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sim/conform/conform.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_MAX = 32, LINE_BYTES = 512, TASKS_MAX = 8, SYMBOLS_MAX = 64 };

/* The name of a symbol whose name is gone: one that no kernel gives out.  */
#define GONE (MK_DEAD - 1)
/* Names that are asked for begin here.  */
enum { FRESH_NAME = 7000 };

struct symbol
{
  char text[16];
  mk_name name;
};

struct actor
{
  char text[16];
  void *task;				/* NULL: ended */
  struct symbol symbol[SYMBOLS_MAX];
  unsigned symbols, appeared;
};

struct run
{
  const struct conform_backend *backend;
  struct actor actor[TASKS_MAX];
  unsigned actors;
  char line[LINE_BYTES];		/* what was observed */
  const char *fault;			/* of the script */
};

static void
say (struct run *r, const char *format, ...)
{
  size_t at = strlen (r->line);
  va_list ap;
  va_start (ap, format);
  vsnprintf (r->line + at, sizeof r->line - at, format, ap);
  va_end (ap);
}

static const char *
result_text (int result)
{
  static char number[24];
  const char *name = mk_result_name ((enum mk_result) result);
  if (strcmp (name, "?") != 0)
    return name;
  snprintf (number, sizeof number, "error-%#x", (unsigned) result);
  return number;
}

/* --- Words ---------------------------------------------------------------------- */

struct word { const char *text; int value; };

static int
look_up (struct run *r, const struct word *words, size_t count, const char *text)
{
  for (size_t i = 0; text != NULL && i < count; i++)
    if (strcmp (words[i].text, text) == 0)
      return words[i].value;
  r->fault = text == NULL ? "a word is missing" : "unknown word";
  return 0;
}
#define LOOK_UP(r, words, text) look_up (r, words, sizeof words / sizeof *words, text)

static const struct word rights[] = {
  { "send", MK_SEND }, { "receive", MK_RECEIVE }, { "send-once", MK_SEND_ONCE },
  { "set", MK_PORT_SET }, { "dead", MK_DEAD_NAME }, { "nonsense", MK_DEAD_NAME + 7 },
};
static const struct word dispositions[] = {
  { "move-receive", MK_MOVE_RECEIVE }, { "move-send", MK_MOVE_SEND },
  { "move-send-once", MK_MOVE_SEND_ONCE }, { "copy-send", MK_COPY_SEND },
  { "make-send", MK_MAKE_SEND }, { "make-send-once", MK_MAKE_SEND_ONCE }, { "none", MK_NONE },
};
static const struct word notifications[] = {
  { "no-senders", MK_NOTIFY_NO_SENDERS }, { "dead-name", MK_NOTIFY_DEAD_NAME },
  { "port-destroyed", MK_NOTIFY_PORT_DESTROYED }, { "msg-accepted", MK_NOTIFY_MSG_ACCEPTED },
};

static struct actor *
actor_of (struct run *r, const char *text)
{
  for (unsigned i = 0; text != NULL && i < r->actors; i++)
    if (strcmp (r->actor[i].text, text) == 0 && r->actor[i].task != NULL)
      return &r->actor[i];
  r->fault = "no such task";
  return NULL;
}

static void
bind_symbol (struct run *r, struct actor *a, const char *text, mk_name name)
{
  if (text == NULL || strlen (text) >= sizeof a->symbol[0].text)
    {
      r->fault = "a symbol is missing or too long";
      return;
    }
  for (unsigned i = 0; i < a->symbols; i++)
    if (strcmp (a->symbol[i].text, text) == 0)
      {
	a->symbol[i].name = name;
	return;
      }
  if (a->symbols == SYMBOLS_MAX)
    {
      r->fault = "too many symbols";
      return;
    }
  strcpy (a->symbol[a->symbols].text, text);
  a->symbol[a->symbols++].name = name;
}

static mk_name
name_of (struct run *r, struct actor *a, const char *text)
{
  if (text != NULL && strcmp (text, "null") == 0)
    return MK_NULL;
  if (text != NULL && strcmp (text, "dead") == 0)
    return MK_DEAD;
  for (unsigned i = 0; text != NULL && a != NULL && i < a->symbols; i++)
    if (strcmp (a->symbol[i].text, text) == 0)
      return a->symbol[i].name;
  r->fault = "no such name";
  return MK_NULL;
}

/* What NAME is called; a new one gets the next symbol.  A symbol whose name the kernel
   has used again for something else loses it: the youngest binding counts.  */
static const char *
symbol_of (struct run *r, struct actor *a, mk_name name)
{
  if (name == MK_NULL)
    return "null";
  if (name == MK_DEAD)
    return "dead";
  for (unsigned i = a->symbols; i-- > 0;)
    if (a->symbol[i].name == name)
      return a->symbol[i].text;
  char text[16];
  snprintf (text, sizeof text, "n%u", ++a->appeared);
  bind_symbol (r, a, text, name);
  return a->symbol[a->symbols - 1].text;
}

/* Symbols of names that are gone are forgotten, so that a number used again is new.  */
static void
forget (struct run *r, struct actor *a)
{
  uint32_t type;
  for (unsigned i = 0; i < a->symbols; i++)
    if (a->symbol[i].name != MK_NULL && a->symbol[i].name != MK_DEAD
	&& r->backend->type (a->task, a->symbol[i].name, &type) != MK_SUCCESS)
      a->symbol[i].name = GONE;
}

static long
number_of (struct run *r, const char *text)
{
  char *end = NULL;
  long value = text == NULL ? 0 : strtol (text, &end, 0);
  if (text == NULL || *end != '\0')
    r->fault = "a number is missing";
  return value;
}

/* --- Observations ------------------------------------------------------------------ */

static void
say_type (struct run *r, uint32_t type)
{
  static const struct { uint32_t bit; const char *text; } bits[] = {
    { MK_TYPE_SEND, " send" }, { MK_TYPE_RECEIVE, " receive" },
    { MK_TYPE_SEND_ONCE, " send-once" }, { MK_TYPE_PORT_SET, " set" },
    { MK_TYPE_DEAD_NAME, " dead" }, { MK_TYPE_DNREQUEST, " dead-name-requested" },
  };
  for (size_t i = 0; i < sizeof bits / sizeof *bits; i++)
    if (type & bits[i].bit)
      say (r, "%s", bits[i].text);
}

static void
say_right (struct run *r, struct actor *a, struct mk_message_right right)
{
  const char *kind = right.disposition == MK_MOVE_RECEIVE ? "receive"
    : right.disposition == MK_MOVE_SEND ? "send"
    : right.disposition == MK_MOVE_SEND_ONCE ? "send-once" : "none";
  say (r, " %s:%s", kind, symbol_of (r, a, right.name));
}

static void
say_message (struct run *r, struct actor *a, const struct mk_message *m)
{
  uint32_t word = 0;
  if (m->bytes >= sizeof word)
    memcpy (&word, m->data, sizeof word);
  bool once = m->local.disposition == MK_MOVE_SEND_ONCE;
  say (r, " at %s%s seqno %u", symbol_of (r, a, m->local.name), once ? " once" : "", m->seqno);
  if (once && m->id == MK_NOTIFY_NO_SENDERS)
    say (r, " no-senders %u", word);
  else if (once && m->id == MK_NOTIFY_DEAD_NAME)
    say (r, " dead-name %s", symbol_of (r, a, word));
  else if (once && m->id == MK_NOTIFY_PORT_DELETED)
    say (r, " port-deleted");
  else if (once && m->id == MK_NOTIFY_SEND_ONCE)
    say (r, " send-once-gone");
  else if (once && m->id == MK_NOTIFY_PORT_DESTROYED)
    say (r, " port-destroyed");
  else
    say (r, " id %d", m->id);
  if (m->remote.disposition != MK_NONE || m->remote.name != MK_NULL)
    {
      say (r, " reply");
      say_right (r, a, m->remote);
    }
  for (size_t i = 0; i < m->rights; i++)
    {
      uint8_t array = m->right[i].array;
      if (array != 0 && (i == 0 || m->right[i - 1].array != array))
	say (r, " array");
      say_right (r, a, m->right[i]);
      if (array != 0 && (i + 1 == m->rights || m->right[i + 1].array != array))
	say (r, " end");
    }
}

/* A name that the task does not have.  */
static mk_name
fresh_name (struct run *r, struct actor *a)
{
  uint32_t type;
  mk_name name = FRESH_NAME;
  while (r->backend->type (a->task, name, &type) == MK_SUCCESS)
    name++;
  return name;
}

static int
do_allocate (struct run *r, struct actor *a, char **word, bool as)
{
  int right = LOOK_UP (r, rights, word[0]), result;
  mk_name name = MK_NULL;
  if (as && r->fault == NULL && word[1] != NULL)
    name = word[2] != NULL && strcmp (word[2], "fresh") == 0 ? fresh_name (r, a)
      : name_of (r, a, word[2]);
  if (r->fault != NULL)
    return 0;
  result = as ? r->backend->allocate_name (a->task, (enum mk_right) right, name)
    : r->backend->allocate (a->task, (enum mk_right) right, &name);
  if (result == MK_SUCCESS)
    bind_symbol (r, a, word[1], name);
  return result;
}

static int
do_rename (struct run *r, struct actor *a, mk_name name, char **word)
{
  mk_name to = word[1] == NULL ? fresh_name (r, a) : name_of (r, a, word[1]);
  int result = r->fault != NULL ? 0 : r->backend->rename (a->task, name, to);
  if (r->fault == NULL && result == MK_SUCCESS)
    bind_symbol (r, a, word[0], to);
  return result;
}

/* --- Operations ---------------------------------------------------------------------- */

/* HOW q... end; gives the last word but one.  */
static char **
read_array (struct run *r, struct actor *a, char **word, uint8_t array, struct mk_message *m)
{
  enum mk_disposition how = (enum mk_disposition) LOOK_UP (r, dispositions, *word);
  for (word++; r->fault == NULL && *word != NULL && strcmp (*word, "end") != 0; word++)
    if (m->rights < MK_MESSAGE_RIGHTS_MAX)
      m->right[m->rights++] = (struct mk_message_right) { name_of (r, a, *word), how, array };
  if (r->fault == NULL && *word == NULL)
    r->fault = "an array has no end";
  return word - 1;
}

static int
do_send (struct run *r, struct actor *a, char **word)
{
  struct mk_message m = { 0 };
  m.remote.name = name_of (r, a, word[0]);
  m.remote.disposition = LOOK_UP (r, dispositions, word[1]);
  m.id = (int32_t) number_of (r, word[2]);
  uint8_t arrays = 0;
  for (word += 3; *word != NULL && r->fault == NULL; word += 2)
    {
      if (strcmp (*word, "array") == 0)
	{
	  word = read_array (r, a, word + 1, ++arrays, &m);
	  continue;
	}
      bool reply = strcmp (*word, "reply") == 0;
      word += reply;
      struct mk_message_right right = { 0 };
      right.name = name_of (r, a, word[0]);
      right.disposition = LOOK_UP (r, dispositions, word[0] == NULL ? NULL : word[1]);
      if (reply)
	m.local = right;
      else if (m.rights < MK_MESSAGE_RIGHTS_MAX)
	m.right[m.rights++] = right;
    }
  return r->fault != NULL ? 0 : r->backend->send (a->task, &m);
}

static int
do_request (struct run *r, struct actor *a, char **word)
{
  mk_name name = name_of (r, a, word[0]), previous = MK_NULL;
  int id = LOOK_UP (r, notifications, word[1]);
  uint32_t sync = (uint32_t) number_of (r, word[1] == NULL ? NULL : word[2]);
  mk_name notify = name_of (r, a, r->fault != NULL ? NULL : word[3]);
  int how = r->fault != NULL || notify == MK_NULL ? MK_NONE : LOOK_UP (r, dispositions, word[4]);
  if (r->fault != NULL)
    return 0;
  int result = r->backend->request (a->task, name, id, sync, notify, (enum mk_disposition) how,
				    &previous);
  say (r, "%s", result_text (result));
  if (result == MK_SUCCESS && previous != MK_NULL)
    say (r, " previous %s", symbol_of (r, a, previous));
  return result;
}

/* insert q B.p HOW, and extract B.p HOW q.  */
static int
do_transfer (struct run *r, struct actor *a, char **word, bool insert)
{
  char *from_text = insert ? word[1] : word[0], *dot;
  const char *how_text = from_text == NULL ? NULL : insert ? word[2] : word[1];
  if (from_text == NULL || (dot = strchr (from_text, '.')) == NULL)
    {
      r->fault = "TASK.NAME is missing";
      return 0;
    }
  *dot = '\0';
  struct actor *from = actor_of (r, from_text);
  mk_name from_name = name_of (r, from, dot + 1), name = MK_NULL;
  int how = LOOK_UP (r, dispositions, how_text);
  if (r->fault != NULL)
    return 0;
  if (insert && strcmp (word[0], "dead") == 0)
    name = MK_DEAD;
  for (unsigned i = 0; insert && i < a->symbols; i++)
    if (strcmp (a->symbol[i].text, word[0]) == 0 && a->symbol[i].name != GONE)
      name = a->symbol[i].name;
  int result = (insert ? r->backend->insert : r->backend->extract)
    (a->task, from->task, from_name, (enum mk_disposition) how, &name);
  if (result == MK_SUCCESS)
    bind_symbol (r, a, insert ? word[0] : word[2], name);
  return result;
}

static void
do_status (struct run *r, struct actor *a, mk_name name)
{
  struct mk_receive_status s;
  int result = r->backend->status (a->task, name, &s);
  say (r, "%s", result_text (result));
  if (result == MK_SUCCESS)
    say (r, " set %s seqno %u mscount %u qlimit %u queued %u send-once %u%s%s%s",
	 symbol_of (r, a, s.set), s.seqno, s.mscount, s.qlimit, s.msgcount, s.sorights,
	 s.srights ? " senders" : "", s.pdrequest ? " port-destroyed-requested" : "",
	 s.nsrequest ? " no-senders-requested" : "");
}

static void
do_members (struct run *r, struct actor *a, mk_name name)
{
  mk_name names[16];
  size_t count = 0;
  int result = r->backend->members (a->task, name, names, 16, &count);
  say (r, "%s", result_text (result));
  /* A set has no order: by the order of the symbols.  */
  for (unsigned s = 0; result == MK_SUCCESS && s < a->symbols; s++)
    for (size_t i = 0; i < count && i < 16; i++)
      if (names[i] == a->symbol[s].name)
	say (r, " %s", a->symbol[s].text);
}

static void
do_operation (struct run *r, struct actor *a, const char *verb, char **word)
{
  const struct conform_backend *b = r->backend;
  mk_name name = MK_NULL;
  uint32_t value = 0;
  int result = 0;
  bool named = strncmp (verb, "allocate", 8) != 0 && strcmp (verb, "insert") != 0
    && strcmp (verb, "extract") != 0;
  if (named)
    name = name_of (r, a, word[0]);
  if (r->fault != NULL)
    return;
  if (strcmp (verb, "allocate") == 0 || strcmp (verb, "allocate-as") == 0)
    result = do_allocate (r, a, word, verb[8] != '\0');
  else if (strcmp (verb, "deallocate") == 0)
    result = b->deallocate (a->task, name);
  else if (strcmp (verb, "destroy") == 0)
    result = b->destroy (a->task, name);
  else if (strcmp (verb, "mod") == 0)
    {
      int right = LOOK_UP (r, rights, word[1]);
      long delta = number_of (r, r->fault != NULL ? NULL : word[2]);
      if (r->fault == NULL)
	result = b->mod_refs (a->task, name, (enum mk_right) right, (int32_t) delta);
    }
  else if (strcmp (verb, "qlimit") == 0)
    result = b->set_qlimit (a->task, name, (uint32_t) number_of (r, word[1]));
  else if (strcmp (verb, "mscount") == 0)
    result = b->set_mscount (a->task, name, (uint32_t) number_of (r, word[1]));
  else if (strcmp (verb, "seqno") == 0)
    result = b->set_seqno (a->task, name, (uint32_t) number_of (r, word[1]));
  else if (strcmp (verb, "move") == 0)
    result = b->move_member (a->task, name, name_of (r, a, word[1]));
  else if (strcmp (verb, "rename") == 0)
    result = do_rename (r, a, name, word);
  else if (strcmp (verb, "own") == 0)
    {
      mk_name from = name_of (r, a, word[1]);
      int how = LOOK_UP (r, dispositions, r->fault != NULL ? NULL : word[2]);
      result = r->fault != NULL ? 0 : b->insert_own (a->task, name, from, (enum mk_disposition) how);
    }
  else if (strcmp (verb, "insert") == 0 || strcmp (verb, "extract") == 0)
    result = do_transfer (r, a, word, verb[0] == 'i');
  else if (strcmp (verb, "send") == 0)
    result = do_send (r, a, word);
  else if (strcmp (verb, "request") == 0)
    {
      do_request (r, a, word);
      return;
    }
  else if (strcmp (verb, "status") == 0)
    {
      do_status (r, a, name);
      return;
    }
  else if (strcmp (verb, "members") == 0)
    {
      do_members (r, a, name);
      return;
    }
  else if (strcmp (verb, "refs") == 0)
    {
      int right = LOOK_UP (r, rights, word[1]);
      result = b->get_refs (a->task, name, (enum mk_right) right, &value);
      say (r, result == MK_SUCCESS ? "%s %u" : "%s", result_text (result), value);
      return;
    }
  else if (strcmp (verb, "type") == 0)
    {
      result = b->type (a->task, name, &value);
      say (r, "%s", result_text (result));
      if (result == MK_SUCCESS)
	say_type (r, value);
      return;
    }
  else if (strcmp (verb, "receive") == 0)
    {
      struct mk_message m;
      result = b->receive (a->task, name, &m);
      say (r, "%s", result_text (result));
      if (result == MK_SUCCESS)
	say_message (r, a, &m);
      return;
    }
  else
    r->fault = "unknown operation";
  say (r, "%s", result_text (result));
}

static void
start_tasks (struct run *r, char **word)
{
  for (; *word != NULL && r->fault == NULL; word++)
    if (r->actors == TASKS_MAX || strlen (*word) >= sizeof r->actor[0].text)
      r->fault = "too many tasks, or too long a name";
    else
      {
	struct actor *a = &r->actor[r->actors++];
	memset (a, 0, sizeof *a);
	strcpy (a->text, *word);
	a->task = r->backend->start ();
	if (a->task == NULL)
	  r->fault = "a task cannot be started";
      }
}

/* True if the line is an operation, whose observation is in r->line.  */
static bool
do_line (struct run *r, char *text)
{
  char *word[WORDS_MAX + 1], *save = NULL;
  size_t words = 0;
  text[strcspn (text, "#\n")] = '\0';
  for (char *w = strtok_r (text, " \t", &save); w != NULL && words < WORDS_MAX;
       w = strtok_r (NULL, " \t", &save))
    word[words++] = w;
  if (words == 0)
    return false;
  word[words] = NULL;
  if (strcmp (word[0], "task") == 0)
    {
      start_tasks (r, word + 1);
      return false;
    }
  struct actor *a = actor_of (r, strcmp (word[0], "end") == 0 ? word[1] : word[0]);
  if (a == NULL)
    return false;
  if (strcmp (word[0], "end") == 0)
    {
      r->backend->end (a->task);
      a->task = NULL;
      return false;
    }
  if (words < 3)
    {
      r->fault = "an operation needs a task, a verb and a name";
      return false;
    }
  do_operation (r, a, word[1], word + 2);
  forget (r, a);
  return r->fault == NULL;
}

int
conform_run (const struct conform_backend *backend, const char *file, FILE *script, FILE *out,
	     int all)
{
  struct run r = { .backend = backend };
  char text[LINE_BYTES], copy[LINE_BYTES];
  int line = 0, wrong = 0;
  bool observed = false;
  while (fgets (text, sizeof text, script) != NULL)
    {
      line++;
      const char *expected = text + strspn (text, " \t");
      if (strncmp (expected, "=>", 2) == 0)
	{
	  if (all)
	    continue;
	  expected += 2 + strspn (expected + 2, " \t");
	  text[strcspn (text, "\n")] = '\0';
	  if (!observed || strcmp (expected, r.line) != 0)
	    {
	      fprintf (out, "%s:%d: expected \"%s\", observed \"%s\"\n", file, line, expected,
		       observed ? r.line : "");
	      wrong++;
	    }
	  observed = false;
	  continue;
	}
      if (observed)
	{
	  fprintf (out, "%s:%d: nothing is expected of the operation before this line\n", file,
		   line);
	  wrong++;
	}
      r.line[0] = '\0';
      strcpy (copy, text);
      observed = do_line (&r, text);
      if (all)
	fputs (copy, out);
      if (all && observed)
	fprintf (out, "  => %s\n", r.line);
      if (all)
	observed = false;
      if (r.fault != NULL)
	{
	  fprintf (out, "%s:%d: %s\n", file, line, r.fault);
	  wrong++;
	  break;
	}
    }
  if (line == 0)
    {
      fprintf (out, "%s: the script is empty\n", file);
      wrong++;
    }
  for (unsigned i = 0; i < r.actors; i++)
    if (r.actor[i].task != NULL)
      backend->end (r.actor[i].task);
  return wrong;
}
