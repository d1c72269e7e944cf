/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One engine and what a test says to it and expects of it, in pages.  The data of a page
   is its version, a number.  */
#ifndef PAGES_HARNESS_H
#define PAGES_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/pages/pages.h"

enum { PAGE = 16, HOLD = 100, FENCE = 1000, LIMIT = 5000, LOST = 901, BEYOND = 902,
       READ_ONLY = 903, SHUT = 904 };

struct harness
{
  struct dr_alloc alloc;
  size_t in_use, allocations, fail_at;	/* fail_at: which allocation fails; 0 none */
  struct pages *pages;
  uint64_t now;
  struct pages_action a;		/* the last one; its slices are dropped */
  uint64_t versions[PAGES_RUN_MAX];	/* that came with it */
  unsigned messages;			/* both ways, but for READY and DROP */
};

/* hold 0 and no reading ahead unless CHANGE says so.  */
void start (struct harness *h, void (*change) (struct pages_config *config));
void stop (struct harness *h);		/* fails on a leak */
uint32_t join (struct harness *h, bool read_only);	/* with its READY */

void request (struct harness *h, uint32_t client, uint64_t page, unsigned access);
void unlock (struct harness *h, uint32_t client, uint64_t page);
/* COUNT pages with the versions VERSION, VERSION + 1, ...  */
void give_back (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
		uint64_t version, bool dirty, bool kernel_copy);
void completed (struct harness *h, uint32_t client, uint64_t page, uint64_t count);
void loaded (struct harness *h, uint64_t page, uint64_t count, uint64_t version);
void loaded_locked (struct harness *h, uint64_t page, uint64_t version);
void load_failed (struct harness *h, uint64_t page, int32_t error);
void saved (struct harness *h, uint64_t page, uint64_t count, int32_t error);
void at (struct harness *h, uint64_t now);

/* The next action is this one.  */
void expect_supply (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
		    unsigned lock, uint64_t version);
void expect_lock (struct harness *h, uint32_t client, uint64_t page, uint64_t count,
		  enum pages_return should_return, bool flush, unsigned prot, bool reply);
void expect_refuse (struct harness *h, uint32_t client, uint64_t page, int32_t error);
void expect_load (struct harness *h, uint64_t page, uint64_t count);
void expect_save (struct harness *h, uint64_t page, uint64_t count, uint64_t version);
void expect_unlock (struct harness *h, uint64_t page);
void expect_wake (struct harness *h, uint64_t cookie, int32_t error);
void expect_drop (struct harness *h, uint32_t client, enum pages_drop reason);
void expect_evicted (struct harness *h, uint64_t page);
void expect_nothing (struct harness *h);

/* CLIENT gets the page from the store (VERSION), by the usual messages.  */
void get (struct harness *h, uint32_t client, uint64_t page, unsigned access,
	  uint64_t version);

/* Shorthands for expect_lock.  */
#define FLUSH_READER PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, true
#define FLUSH_WRITER PAGES_RETURN_ALL, true, PAGES_PROT_NO_CHANGE, false
#define LOWER PAGES_RETURN_ALL, false, PAGES_WRITE, false
#define GRANT PAGES_RETURN_NONE, false, PAGES_PROT_NONE, false
#define DENY PAGES_RETURN_NONE, true, PAGES_PROT_NO_CHANGE, false

#endif
