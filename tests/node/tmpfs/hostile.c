/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests whose descriptors are the sender's invention. */
#include "check.h"

#include <mach.h>

enum { IO_WRITE_ID = 21000, WAIT_MS = 5000 };

struct write_request {
	mach_msg_header_t header;
	mach_msg_type_t data_type;
	unsigned long data;
	mach_msg_type_t offset_type;
	long offset;
};

union answer {
	mig_reply_header_t reply;
	char bytes[256];
};

/* An io_write that does not say that it is complex, of 4 KiB at ADDRESS in the server. */
static kern_return_t write_from(file_t file, unsigned long address)
{
	union { struct write_request request; union answer answer; } message = { .request = {
		.header = {
			.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_COPY_SEND, MACH_MSG_TYPE_MAKE_SEND_ONCE),
			.msgh_size = sizeof(struct write_request), .msgh_remote_port = file,
			.msgh_local_port = mig_get_reply_port(), .msgh_id = IO_WRITE_ID,
		},
		.data_type = { .msgt_name = MACH_MSG_TYPE_CHAR, .msgt_size = 8, .msgt_longform = TRUE, .msgt_number = 4096 },
		.data = address,
		.offset_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_64, .msgt_size = 64, .msgt_inline = TRUE, .msgt_number = 1 },
	} };
	mach_msg_return_t error = mach_msg(&message.request.header, MACH_SEND_MSG | MACH_RCV_MSG | MACH_RCV_TIMEOUT,
					   sizeof(message.request), sizeof(message), message.request.header.msgh_local_port,
					   WAIT_MS, MACH_PORT_NULL);
	return error ? error : message.answer.reply.RetCode;
}

void test_false_descriptors(void)
{
	file_t file = file_open(as_root, "false-descriptors", HURD_O_READ | HURD_O_WRITE | HURD_O_CREAT, 0600);

	check_equal("memory that was not sent, at no address", write_from(file, 0), MIG_BAD_ARGUMENTS);
	check_equal("and at one that the server has", write_from(file, 0x400000), MIG_BAD_ARGUMENTS);
	check_equal("the server serves on", open_error(as_root, "false-descriptors", HURD_O_READ), 0);
	mach_port_deallocate(mach_task_self(), file);
	dir_unlink(as_root, "false-descriptors");
}
