/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A part of a message under way.  Every byte of a message that was sent once is
   in exactly one fragment (in flight, or lost and to be sent again) until it is
   acknowledged; so acknowledged bytes are simply counted, and a message without
   unacknowledged bytes is in no list.  */
#ifndef DR_LINK_FRAGMENT_H
#define DR_LINK_FRAGMENT_H

#include <stddef.h>
#include <stdint.h>

struct out_message;

struct fragment
{
  struct fragment *next;
  struct out_message *message;
  uint32_t offset, bytes;
};

struct fragment_list
{
  struct fragment *head;
  struct fragment *tail;	/* undefined while head is NULL */
};

static inline void
fragment_append (struct fragment_list *list, struct fragment *chain)
{
  if (!chain)
    return;
  if (list->head)
    list->tail->next = chain;
  else
    list->head = chain;
  while (chain->next)
    chain = chain->next;
  list->tail = chain;
}

static inline struct fragment *
fragment_pop (struct fragment_list *list)
{
  struct fragment *f = list->head;
  if (f)
    {
      list->head = f->next;
      f->next = NULL;
    }
  return f;
}

#endif
