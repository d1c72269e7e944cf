/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzed sources want of Mach, on a machine without one: the kernel's types, and
   calls that the fuzz target answers itself, or has answered by fuzz/machine.  */
#ifndef FUZZ_MACH_H
#define FUZZ_MACH_H

#include <stdint.h>

#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/mig_support.h>
#include <mach/notify.h>
#include <mach/port.h>
#include <mach/vm_inherit.h>
#include <mach/vm_prot.h>

extern vm_size_t vm_page_size;
#undef trunc_page
#undef round_page
#define trunc_page(x) ((vm_offset_t) (x) & ~(vm_page_size - 1))
#define round_page(x) trunc_page ((vm_offset_t) (x) + vm_page_size - 1)

mach_port_t mach_task_self (void);
mach_msg_return_t mach_msg (mach_msg_header_t *message, mach_msg_option_t option, mach_msg_size_t send_size,
			    mach_msg_size_t receive_size, mach_port_t receive_name, mach_msg_timeout_t timeout,
			    mach_port_t notify);
void mach_msg_destroy (mach_msg_header_t *message);
void mach_msg_destroy_memory (mach_msg_header_t *message);
int mach_msg_request_is_sound (const mach_msg_header_t *request);
mach_msg_return_t mach_msg_server (boolean_t (*demux) (mach_msg_header_t *request, mach_msg_header_t *reply),
				   mach_msg_size_t max_size, mach_port_t receive_name);

void mig_reply_setup (const mach_msg_header_t *request, mach_msg_header_t *reply);
int mach_print (const char *text);

kern_return_t mach_port_allocate (mach_port_t task, mach_port_right_t right, mach_port_t *name);
kern_return_t mach_port_deallocate (mach_port_t task, mach_port_t name);
kern_return_t mach_port_get_receive_status (mach_port_t task, mach_port_t name, mach_port_status_t *status);
kern_return_t mach_port_insert_right (mach_port_t task, mach_port_t name, mach_port_t right,
				      mach_msg_type_name_t disposition);
kern_return_t mach_port_mod_refs (mach_port_t task, mach_port_t name, mach_port_right_t right, int delta);
kern_return_t mach_port_move_member (mach_port_t task, mach_port_t member, mach_port_t after);
kern_return_t mach_port_names (mach_port_t task, mach_port_array_t *names, mach_msg_type_number_t *names_count,
			       mach_port_type_array_t *types, mach_msg_type_number_t *types_count);
kern_return_t mach_port_set_protected_payload (mach_port_t task, mach_port_t name, uintptr_t payload);
kern_return_t mach_port_request_notification (mach_port_t task, mach_port_t name, mach_msg_id_t id,
					      mach_port_mscount_t sync, mach_port_t notify,
					      mach_msg_type_name_t disposition, mach_port_t *previous);
kern_return_t mach_port_type (mach_port_t task, mach_port_t name, mach_port_type_t *type);

kern_return_t vm_allocate (mach_port_t task, vm_address_t *address, vm_size_t bytes, boolean_t anywhere);
kern_return_t syscall_vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes);
kern_return_t vm_deallocate (mach_port_t task, vm_address_t address, vm_size_t bytes);
kern_return_t vm_map (mach_port_t task, vm_address_t *address, vm_size_t bytes, vm_address_t mask, boolean_t anywhere,
		      mach_port_t object, vm_offset_t offset, boolean_t copy, vm_prot_t current, vm_prot_t most,
		      vm_inherit_t inheritance);
kern_return_t vm_protect (mach_port_t task, vm_address_t address, vm_size_t bytes, boolean_t maximum,
			  vm_prot_t protection);
kern_return_t vm_read (mach_port_t task, vm_address_t address, vm_size_t bytes, vm_offset_t *data,
		       mach_msg_type_number_t *count);
kern_return_t vm_write (mach_port_t task, vm_address_t address, vm_offset_t data, vm_size_t bytes);

#endif
