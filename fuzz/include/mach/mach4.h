/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the exec server wants of tasks and threads; a target answers it.  */
#ifndef FUZZ_MACH_MACH4_H
#define FUZZ_MACH_MACH4_H

#include <mach.h>
#include <mach/thread_status.h>

kern_return_t task_create (mach_port_t parent, boolean_t inherit, mach_port_t *task);
kern_return_t task_set_special_port (mach_port_t task, int which, mach_port_t port);
kern_return_t task_terminate (mach_port_t task);
kern_return_t thread_create (mach_port_t task, mach_port_t *thread);
kern_return_t thread_resume (mach_port_t thread);
kern_return_t thread_set_state (mach_port_t thread, int flavor, thread_state_t state, mach_msg_type_number_t count);
kern_return_t mach_port_destroy (mach_port_t task, mach_port_t name);

#endif
