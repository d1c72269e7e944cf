/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial device.

   What is pasted into a terminal comes faster than programs read, and the
   kernel keeps 4 KB of it at most and then drops.  So a thread of a better
   priority than all programs does nothing but take input from the kernel to a
   large ring; the server's own thread does the rest when it has time. */
#include <pthread.h>
#include <string.h>
#include <device/device.h>
#include <device/tty_status.h>
#include <mach/mach_host.h>
#include "posix_thread.h"
#include "server.h"

enum {
	READ_BYTES_MAX = 4096,		/* what the kernel keeps */
	RING_BYTES = 1 << 20,
	WRITE_BYTES_MAX = 16384,
	READER_PRIORITY = 10,		/* programs have 25; smaller is better */
	INPUT_ARRIVED = 0x434f4e53,	/* message id */
};

/* One thread writes, the other reads; each moves its own end only. */
static struct {
	uint8_t bytes[RING_BYTES];
	volatile size_t written, taken;	/* totals */
	volatile int told;		/* a message is under way */
	mach_port_t host_priv;
} input;

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

/* Without these rights it stays an ordinary thread, and long pastes may lose. */
static void raise_priority(void)
{
	mach_port_t set = MACH_PORT_NULL, set_priv = MACH_PORT_NULL, thread = posix_self()->thread;
	if (processor_set_default(input.host_priv, &set) || host_processor_set_priv(input.host_priv, set, &set_priv))
		return;
	thread_max_priority(thread, set_priv, READER_PRIORITY);
	thread_priority(thread, READER_PRIORITY, FALSE);
	mach_port_deallocate(mach_task_self(), set_priv);
	mach_port_deallocate(mach_task_self(), set);
}

static void tell_server(void)
{
	mach_msg_header_t message = {
		.msgh_bits = MACH_MSGH_BITS(MACH_MSG_TYPE_MAKE_SEND, 0), .msgh_size = sizeof message,
		.msgh_remote_port = console.input_port, .msgh_id = INPUT_ARRIVED,
	};
	if (!__atomic_exchange_n(&input.told, 1, __ATOMIC_SEQ_CST))
		mach_msg(&message, MACH_SEND_MSG, sizeof message, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

static void *take_input(void *unused)
{
	raise_priority();
	for (;;) {
		io_buf_ptr_t bytes;
		mach_msg_type_number_t count = 0;
		if (device_read(console.device, 0, 0, READ_BYTES_MAX, &bytes, &count) || count == 0)
			continue;
		size_t room = RING_BYTES - (input.written - input.taken), kept = count < room ? count : room;
		for (size_t i = 0; i < kept; i++)
			input.bytes[(input.written + i) % RING_BYTES] = (uint8_t)bytes[i];
		__atomic_store_n(&input.written, input.written + kept, __ATOMIC_SEQ_CST);
		vm_deallocate(mach_task_self(), (vm_address_t)bytes, count);
		tell_server();
	}
	return NULL;
}

kern_return_t device_prepare(mach_port_t host_priv, mach_port_t device_master)
{
	pthread_t reader;
	dev_name_t serial = "com0", any = "console";
	kern_return_t error = device_open(device_master, D_READ | D_WRITE, serial, &console.device);
	if (error)
		error = device_open(device_master, D_READ | D_WRITE, any, &console.device);
	if (error)
		return error;
	make_raw();
	input.host_priv = host_priv;
	return pthread_create(&reader, NULL, take_input, NULL) ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

bool device_demux(mach_msg_header_t *message)
{
	if (message->msgh_local_port != console.input_port || message->msgh_id != INPUT_ARRIVED)
		return false;
	__atomic_store_n(&input.told, 0, __ATOMIC_SEQ_CST);
	while (input.taken != __atomic_load_n(&input.written, __ATOMIC_SEQ_CST)) {
		line_input(&console.line, input.bytes[input.taken % RING_BYTES]);
		__atomic_store_n(&input.taken, input.taken + 1, __ATOMIC_SEQ_CST);
	}
	line_flush_echo(&console.line);
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
