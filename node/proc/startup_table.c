/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "startup_table.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct waiting *next;
	mach_port_t boot_port;
	struct startup startup;
};

static struct {
	pthread_mutex_t lock;
	struct waiting *first;
} table = { .lock = PTHREAD_MUTEX_INITIALIZER };

boolean_t startup_table_add(mach_port_t boot_port, struct startup *startup)
{
	struct waiting *entry = malloc(sizeof *entry);

	if (!entry)
		return FALSE;
	entry->boot_port = boot_port;
	entry->startup = *startup;
	memset(startup, 0, sizeof *startup);
	pthread_mutex_lock(&table.lock);
	entry->next = table.first;
	table.first = entry;
	pthread_mutex_unlock(&table.lock);
	return TRUE;
}

boolean_t startup_table_take(mach_port_t boot_port, struct startup *startup)
{
	struct waiting **link, *entry;

	pthread_mutex_lock(&table.lock);
	for (link = &table.first; *link && (*link)->boot_port != boot_port; link = &(*link)->next)
		;
	entry = *link;
	if (entry)
		*link = entry->next;
	pthread_mutex_unlock(&table.lock);
	if (!entry)
		return FALSE;
	*startup = entry->startup;
	free(entry);
	return TRUE;
}
