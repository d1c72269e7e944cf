/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kernels, tasks and the names that tasks have for rights.  */
#include "sim/kernel/internal.h"

#include <stdlib.h>
#include <string.h>

void *
mk_xcalloc (size_t bytes)
{
  void *p = calloc (1, bytes);
  dr_assert (p != NULL);
  return p;
}

struct mk *
mk_create (void)
{
  struct mk *kernel = mk_xcalloc (sizeof *kernel);
  kernel->doomed_tail = &kernel->doomed;
  return kernel;
}

void
mk_destroy (struct mk *kernel)
{
  while (kernel->tasks != NULL)
    mk_task_terminate (kernel->tasks);
  /* What is left is ports in transit inside each other's queues; the real
     kernel refuses to build such loops and so does mk_send.  */
  dr_assert (kernel->ports == NULL);
  free (kernel);
}

struct mk_task *
mk_task_create (struct mk *kernel)
{
  struct mk_task *task = mk_xcalloc (sizeof *task);
  task->kernel = kernel;
  task->next = kernel->tasks;
  task->link = &kernel->tasks;
  if (task->next != NULL)
    task->next->link = &task->next;
  kernel->tasks = task;
  return task;
}

void
mk_task_terminate (struct mk_task *task)
{
  for (mk_name name = 1; name < task->entries; name++)
    if (task->entry[name].type != 0)
      mk_destroy_name (task, name);
  *task->link = task->next;
  if (task->next != NULL)
    task->next->link = task->link;
  free (task->entry);
  free (task);
}

struct mk_entry *
mk_lookup (struct mk_task *task, mk_name name)
{
  if (name == MK_NULL || name >= task->entries || task->entry[name].type == 0)
    return NULL;
  return &task->entry[name];
}

mk_name
mk_free_name (struct mk_task *task)
{
  for (mk_name name = 1; name < task->entries; name++)
    if (task->entry[name].type == 0)
      return name;
  return task->entries == 0 ? 1 : (mk_name) task->entries;
}

struct mk_entry *
mk_claim_name (struct mk_task *task, mk_name name)
{
  if (name >= task->entries)
    {
      size_t entries = (size_t) name + 16;
      task->entry = realloc (task->entry, entries * sizeof *task->entry);
      dr_assert (task->entry != NULL);
      memset (task->entry + task->entries, 0,
	      (entries - task->entries) * sizeof *task->entry);
      task->entries = entries;
    }
  dr_assert (task->entry[name].type == 0);
  return &task->entry[name];
}

mk_name
mk_name_of (struct mk_task *task, const struct mk_port *port)
{
  for (mk_name name = 1; name < task->entries; name++)
    if (task->entry[name].port == port
	&& (task->entry[name].type & (MK_TYPE_SEND | MK_TYPE_RECEIVE)))
      return name;
  return MK_NULL;
}

void
mk_entry_free (struct mk_entry *entry)
{
  dr_assert (entry->request == NULL);
  memset (entry, 0, sizeof *entry);
}
