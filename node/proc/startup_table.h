/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Startup information of tasks that have not asked for it yet, by boot port.
   Safe for several threads. */
#ifndef DROVE_STARTUP_TABLE_H
#define DROVE_STARTUP_TABLE_H

#include "new_task.h"

/* Moves *STARTUP into the table and clears it; FALSE (nothing moved) when there is no memory. */
boolean_t startup_table_add(mach_port_t boot_port, struct startup *startup);
/* Moves it out to *STARTUP; FALSE when there is none. */
boolean_t startup_table_take(mach_port_t boot_port, struct startup *startup);

#endif
