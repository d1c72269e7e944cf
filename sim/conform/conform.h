/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conformance: one scenario script, run on the model of Mach's ports and on a real
   kernel, must show the same observations, line by line.

   A script is lines of words; `#` starts a comment.  Each operation prints one line of
   what was observed; the line that is expected follows it in the script behind `=>`.

     task A B                          start tasks
     end A                             terminate one
     A allocate receive|set|dead p     a new name, called p from now on
     A deallocate p      A destroy p
     A refs p send|receive|send-once|set|dead
     A mod p RIGHT DELTA
     A type p            A status p    A members s
     A qlimit p N        A mscount p N       A seqno p N
     A move p s|null
     A allocate-as receive|set|dead p q    the same, with the number that q has, or fresh
     A rename p          to a fresh number; the symbol follows
     A rename p q        to the number that q has
     A insert q B.p HOW      A gets the right that B has, under the name q (a fresh one
			     if there is no such name)
     A own q p HOW           A gets a right that it has itself, under the name q
     A extract B.p HOW q     A takes a right out of B, and calls it q
     A request p no-senders|dead-name|port-destroyed SYNC n HOW     (n may be null)
     A send p HOW ID [reply q HOW] [q HOW | array HOW q... end]...
     A receive p

   The rights of `array ... end` go out of line, and an array that comes is shown so.

   HOW is move-receive, move-send, move-send-once, copy-send, make-send or
   make-send-once.  Instead of a symbol null and dead may stand.  Names are never
   printed as numbers: a name that a task gets without asking is called n1, n2, ... in
   the order of appearance, and by its symbol whenever it appears again.  */
#ifndef DR_SIM_CONFORM_H
#define DR_SIM_CONFORM_H

#include <stdio.h>

#include "sim/kernel/kernel.h"

/* One way to do the operations.  Tasks are opaque; results are the kernel's numbers.
   START returns NULL when it cannot.  */
struct conform_backend
{
  void *(*start) (void);
  void (*end) (void *task);
  int (*allocate) (void *, enum mk_right, mk_name *);
  int (*allocate_name) (void *, enum mk_right, mk_name);
  int (*deallocate) (void *, mk_name);
  int (*destroy) (void *, mk_name);
  int (*get_refs) (void *, mk_name, enum mk_right, uint32_t *);
  int (*mod_refs) (void *, mk_name, enum mk_right, int32_t);
  int (*type) (void *, mk_name, uint32_t *);
  int (*status) (void *, mk_name, struct mk_receive_status *);
  int (*members) (void *, mk_name, mk_name *, size_t room, size_t *count);
  int (*set_qlimit) (void *, mk_name, uint32_t);
  int (*set_mscount) (void *, mk_name, uint32_t);
  int (*set_seqno) (void *, mk_name, uint32_t);
  int (*move_member) (void *, mk_name, mk_name);
  int (*rename) (void *, mk_name, mk_name to);
  /* *NAME: the name wanted, or MK_NULL for a fresh one.  */
  int (*insert) (void *, void *from, mk_name from_name, enum mk_disposition, mk_name *name);
  int (*insert_own) (void *, mk_name name, mk_name from_name, enum mk_disposition);
  int (*extract) (void *, void *from, mk_name from_name, enum mk_disposition, mk_name *name);
  int (*request) (void *, mk_name, int32_t id, uint32_t sync, mk_name notify,
		  enum mk_disposition, mk_name *previous);
  int (*send) (void *, const struct mk_message *);
  int (*receive) (void *, mk_name, struct mk_message *);
};

/* Runs the script.  Returns how many lines were not as expected; each is told on OUT
   with FILE:LINE.  Faults of the script itself count too.  ALL: print every
   observation, as a script with expectations.  */
int conform_run (const struct conform_backend *, const char *file, FILE *script, FILE *out,
		 int all);

extern const struct conform_backend conform_model;

#endif
