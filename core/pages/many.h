/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a memory object says that any number of kernels may have it.  */
#ifndef DR_PAGES_MANY_H
#define DR_PAGES_MANY_H

/* The id of a request of a header only, with a send-once right for the answer, which is MIG's
   with the code 0.  Other pagers know no such request, and answer so or not at all.  */
#define PAGES_ARE_FOR_MANY 470960

#endif
