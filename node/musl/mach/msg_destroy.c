/* SPDX-License-Identifier: GPL-2.0-or-later */
/* mach_msg_destroy: free what a received message carries. */
#include <stddef.h>
#include <mach.h>

static void destroy_right(mach_port_t name, unsigned disposition)
{
	if (!MACH_PORT_VALID(name))
		return;
	switch (disposition) {
	case MACH_MSG_TYPE_PORT_SEND:
	case MACH_MSG_TYPE_PORT_SEND_ONCE:
		mach_port_deallocate(mach_task_self(), name);
		break;
	case MACH_MSG_TYPE_MAKE_SEND:
		/* As if it had been sent and then dropped: the receiver may be waiting for no-senders. */
		if (mach_port_insert_right(mach_task_self(), name, name, MACH_MSG_TYPE_MAKE_SEND) == KERN_SUCCESS)
			mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_SEND, -1);
		break;
	case MACH_MSG_TYPE_PORT_RECEIVE:
		mach_port_mod_refs(mach_task_self(), name, MACH_PORT_RIGHT_RECEIVE, -1);
		break;
	}
}

/* One item of a message's body, whichever form its descriptor has. */
struct item {
	unsigned name, size_bits;
	vm_size_t count;
	vm_size_t length;	/* of the data, bytes; as the kernel counts, for elements need not be whole bytes */
	boolean_t is_inline;
	char *data;
	char *next;	/* the descriptor that follows */
};

static vm_size_t padded(vm_size_t size)
{
	return (size + 7) & ~(vm_size_t)7;
}

/* Returns FALSE when no whole item is left before END. */
static boolean_t next_item(char *at, const char *end, struct item *item)
{
	if ((size_t)(end - at) < sizeof(mach_msg_type_t))
		return FALSE;
	/* On this machine the long form has the short one's size and layout. */
	const mach_msg_type_t *type = (const mach_msg_type_t *)(const void *)at;
	_Static_assert(sizeof(mach_msg_type_t) == sizeof(mach_msg_type_long_t), "one form of descriptor");
	item->name = type->msgt_name;
	item->size_bits = type->msgt_size;
	item->count = type->msgt_number;
	item->is_inline = type->msgt_inline;
	item->data = at + sizeof *type;
	item->length = (item->size_bits * item->count + 7) / 8;
	vm_size_t here = item->is_inline ? padded(item->length) : sizeof(void *);
	if (here > (vm_size_t)(end - item->data))
		return FALSE;
	item->next = item->data + here;
	return TRUE;
}

static void destroy_memory(const struct item *item)
{
	if (!item->is_inline && item->length != 0)
		syscall_vm_deallocate(mach_task_self(), *(vm_offset_t *)(void *)item->data, item->length);
}

static void destroy_item(const struct item *item)
{
	boolean_t is_port = MACH_MSG_TYPE_PORT_ANY(item->name);
	char *data = item->is_inline ? item->data : *(char **)(void *)item->data;

	/* Rights are 8 bytes wide inline and 4 in an out-of-line array. */
	for (vm_size_t i = 0; is_port && i < item->count; i++)
		destroy_right(*(mach_port_name_t *)(void *)(data + i * (item->size_bits / 8)), item->name);
	destroy_memory(item);
}

static void for_each_item(mach_msg_header_t *message, void (*destroy)(const struct item *))
{
	char *end = (char *)message + message->msgh_size;
	struct item item;

	if (message->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		for (char *at = (char *)(message + 1); next_item(at, end, &item); at = item.next)
			destroy(&item);
}

void mach_msg_destroy_memory(mach_msg_header_t *message)
{
	for_each_item(message, destroy_memory);
}

void mach_msg_destroy(mach_msg_header_t *message)
{
	destroy_right(message->msgh_remote_port, MACH_MSGH_BITS_REMOTE(message->msgh_bits));
	message->msgh_remote_port = MACH_PORT_NULL;
	for_each_item(message, destroy_item);
}
