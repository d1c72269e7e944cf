/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <device/device.h>
#include <device/device_request.h>
#include <device/tty_status.h>
#include "server.h"

enum { READ_INBAND_REPLY_ID = 2905, WRITE_BYTES_MAX = 16384 };

/* Eight bits, no parity, nothing interpreted by the kernel. */
static void make_raw(void)
{
	struct tty_status status;
	mach_msg_type_number_t count = TTY_STATUS_COUNT;
	if (device_get_status(console.device, TTY_STATUS, (dev_status_t)&status, &count))
		return;
	status.tt_breakc = 0;
	status.tt_flags = TF_ANYP | TF_LITOUT | TF_NOHANG | TF_HUPCLS;
	device_set_status(console.device, TTY_STATUS, (dev_status_t)&status, TTY_STATUS_COUNT);
}

kern_return_t device_prepare(mach_port_t device_master)
{
	dev_name_t serial = "com0", any = "console";
	kern_return_t error = device_open(device_master, D_READ | D_WRITE, serial, &console.device);
	if (error)
		error = device_open(device_master, D_READ | D_WRITE, any, &console.device);
	if (error)
		return error;
	make_raw();
	return mach_port_allocate(mach_task_self(), MACH_PORT_RIGHT_RECEIVE, &console.input_reply);
}

void device_ask(void)
{
	device_read_request_inband(console.device, console.input_reply, 0, 0, IO_INBAND_MAX);
}

bool device_demux(mach_msg_header_t *header)
{
	struct {
		mach_msg_header_t header;
		mach_msg_type_t code_type;
		kern_return_t code;
		int pad;
		mach_msg_type_t data_type;
		uint8_t data[IO_INBAND_MAX];
	} *message = (void *)header;

	if (header->msgh_local_port != console.input_reply || header->msgh_id != READ_INBAND_REPLY_ID)
		return false;
	if (message->code == D_SUCCESS)
		for (unsigned i = 0; i < message->data_type.msgt_number && i < IO_INBAND_MAX; i++)
			line_input(&console.line, message->data[i]);
	device_ask();
	return true;
}

void device_put(const char *bytes, size_t count)
{
	while (count > 0) {
		int wrote = 0;
		int part = count < WRITE_BYTES_MAX ? (int)count : WRITE_BYTES_MAX;
		kern_return_t error = part <= IO_INBAND_MAX ?
			device_write_inband(console.device, 0, 0, bytes, part, &wrote) :
			device_write(console.device, 0, 0, (char *)bytes, part, &wrote);
		if (error || wrote <= 0)
			return;		/* nobody left to tell */
		bytes += wrote;
		count -= wrote;
	}
}
