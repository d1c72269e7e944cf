/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef _MACH_INIT_H
#define _MACH_INIT_H

#include <stdint.h>

#include <mach/mach_types.h>
#include <mach/mach_traps.h>
#include <mach/vm_param.h>

/* As on the Hurd, mach_task_self() names the task without a new reference;
   the trap of that name would add one. */
extern mach_port_t mach_task_self_;
#define mach_task_self() (mach_task_self_ + 0)

extern vm_size_t vm_page_size;
#ifndef trunc_page
#define trunc_page(x) (((vm_offset_t)(x)) & ~(vm_page_size - 1))
#define round_page(x) trunc_page(((vm_offset_t)(x)) + vm_page_size - 1)
#endif

#endif
