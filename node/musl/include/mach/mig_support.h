/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the generated stubs call. */
#ifndef _MACH_MIG_SUPPORT_H
#define _MACH_MIG_SUPPORT_H

#include <string.h>
#include <mach/std_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>

/* One reply port for each thread, made at its first RPC.  A stub whose RPC
   failed midway gives it up, so that a late reply finds no one. */
mach_port_t mig_get_reply_port(void);
void mig_dealloc_reply_port(mach_port_t port);
void mig_put_reply_port(mach_port_t port);

void mig_init(void *first);
void mig_allocate(vm_address_t *address, vm_size_t size);
void mig_deallocate(vm_address_t address, vm_size_t size);
/* Copies at most SIZE bytes, always ends the string, returns its length. */
vm_size_t mig_strncpy(char *to, const char *from, vm_size_t size);
/* Makes the header of an error reply to REQUEST. */
void mig_reply_setup(const mach_msg_header_t *request, mach_msg_header_t *reply);

#endif
