/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The verbs that need a Mach kernel.  Each returns true when it did its work (the caller then ends
   with success), else a complaint.  The servers end the program themselves. */
#ifndef NETMSG_RUN_H
#define NETMSG_RUN_H

#include "options.h"

bool run_server (const struct options *options, struct complaint *complaint);
bool run_translator (const struct options *options, struct complaint *complaint);
bool run_status (const struct options *options, struct complaint *complaint);
bool run_stop (const struct options *options, struct complaint *complaint);

#endif
