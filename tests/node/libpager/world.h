/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the tests of one kernel share.  */
#ifndef WORLD_H
#define WORLD_H

#include "store.h"

enum { READ_WRITE = VM_PROT_READ | VM_PROT_WRITE };

extern struct port_bucket *bucket;
extern struct pager_requests *requests;

/* One line, `PASS name' or `FAIL name: why'.  */
void check (bool good, const char *name, const char *format, ...)
  __attribute__ ((format (printf, 3, 4)));
/* For main's return: 0 only when something was checked and nothing failed.  */
int check_result (const char *program);

/* A pager of PAGES pages with a mapping of them.  */
struct world
{
  struct user_pager_info store;
  struct pager *pager;
  mach_port_t object;		/* a send right */
  char *at;
  unsigned pages;
};

void world_begin (struct world *w, unsigned pages, bool notify);
/* Unmaps, drops everything and waits until the pager is gone.  */
bool world_end (struct world *w);

/* A mapping, or NULL.  */
char *world_map (mach_port_t object, unsigned pages, int prot);
void world_unmap (char *at, unsigned pages);
mach_port_t world_object (struct pager *pager);

/* One byte, read or written; false: the access faulted.  */
bool peek (const char *at, char *byte);
bool poke (char *at, char byte);
/* The byte, or '!' when the access faulted.  */
char byte_at (const char *at);

/* Waits until *CONDITION is not 0, at most MS milliseconds.  */
bool comes_true (const volatile bool *condition, unsigned ms);
void sleep_ms (unsigned ms);

struct pager_statistics statistics_of (struct pager *pager);

void test_calls (void);
void test_errors (void);
void test_ends (void);

#endif
