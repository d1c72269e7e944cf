/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory with a pager of the test's own, which fails or does not answer. */
#ifndef PAGED_H
#define PAGED_H

#include <mach.h>
#include <stdbool.h>

enum paged_kind
{
	PAGED_FAILS,	/* every request gets an error */
	PAGED_SILENT,	/* no request is answered before paged_answer or paged_give_up */
};

struct paged;

/* Maps BYTES of such memory at *ADDRESS.  NULL: could not. */
struct paged *paged_new (enum paged_kind kind, vm_size_t bytes, vm_address_t *address);

/* Whether a page was asked for, within a time. */
bool paged_was_asked (struct paged *paged, unsigned timeout_ms);

/* A silent pager answers with pages of zeros now and from now on. */
void paged_answer (struct paged *paged);

/* A silent pager tells the kernel that it will never answer. */
void paged_give_up (struct paged *paged);

/* Unmaps the memory and frees PAGED when the kernel has let go of it.  False: somebody still uses it
   after that time. */
bool paged_end (struct paged *paged, unsigned timeout_ms);

#endif
