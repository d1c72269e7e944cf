/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What has been seen, as lines. */
#ifndef RPCTRACE_SHOW_H
#define RPCTRACE_SHOW_H

#include "cross.h"
#include "options.h"

struct show;

/* NULL: COMPLAINT says why. */
struct show *show_open (const struct options *options, struct complaint *complaint);

/* What comes to no end any more; the summary if asked for.  Like all that follows it is called with the
   relay's lock held. */
void show_end (struct show *show);

/* Waits until all is written, without that lock: who serves the file may answer by the relay. */
void show_flush (struct show *show);

/* Whether lines are written to PORT, a port of what is traced from now on: then nobody waits for them. */
bool show_output_is (struct show *show, mach_port_t port);

/* PARTY is traced, or its pid has become known. */
void show_task (struct show *show, struct party *party);
void show_task_ended (struct show *show, const struct party *party);

/* PARTY, which ran already, is traced from now on. */
void show_attached (struct show *show, const struct party *party);

/* PARTY goes on without us. */
void show_detached (struct show *show, const struct party *party);

/* KEY is the file PATH. */
void show_file (struct show *show, uint64_t key, const char *path);

/* CROSSING, turned already, is on its way to TARGET. */
void show_message (struct show *show, const struct crossing *crossing, uint64_t target);

void show_right_died (void *show, uint64_t key);

#endif
