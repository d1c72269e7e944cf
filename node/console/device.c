/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The serial line, driven from here and not by the kernel's driver.

   What is pasted into a terminal comes in one burst, as fast as the machine
   can take it.  The kernel's driver takes it all, keeps 4 KB and drops the
   rest.  Here a byte leaves the chip only when there is room for it, so the
   sender waits and nothing is lost.  The chip's interrupt belongs to the
   kernel; so a thread looks at it once in a clock tick, and goes on looking
   while bytes come.  (Typing waits 10 ms at most; idle, that costs little.) */
#include <pthread.h>
#include <mach/machine/mach_i386.h>
#include "server.h"

enum {
	PORT_FIRST = 0x3f8, PORT_LAST = 0x3ff,
	DATA = PORT_FIRST, INTERRUPT_ENABLE = PORT_FIRST + 1, FIFO_CONTROL = PORT_FIRST + 2, LINE_STATUS = PORT_FIRST + 5,
	HAS_INPUT = 0x01, CAN_SEND = 0x20, FIFO_OF_14 = 0xc7,

	RING_BYTES = 1 << 18,
	BURST_BYTES = 512,		/* taken before the server is told */
	IDLE_LOOKS = 300,		/* without input: the burst is over (some milliseconds) */
	PAUSES_BETWEEN_LOOKS = 1000,	/* a look stops the emulator, which shall fill the chip meanwhile */
	BUSY_LOOKS = 2000,		/* at a line that cannot send: the other end is slow */
	TICK_MS = 10, SWITCH_WAIT = 2, SWITCH_NONE = 0,
	INPUT_ARRIVED = 0x434f4e53,	/* message id */
};

/* One thread writes, the other reads; each moves its own end only. */
static struct {
	uint8_t bytes[RING_BYTES];
	volatile size_t written, taken;	/* totals */
	volatile int told;		/* a message is under way */
} input;

static uint8_t in(uint16_t port)
{
	uint8_t value;
	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void pause_for(int option, int ms)
{
	thread_switch(MACH_PORT_NULL, option, ms);
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

/* Takes what the chip has, and what comes right after it; returns how much. */
static size_t take_burst(void)
{
	size_t count = 0;
	for (int idle = 0; idle < IDLE_LOOKS && count < BURST_BYTES;) {
		if (in(LINE_STATUS) & HAS_INPUT && input.written - input.taken < RING_BYTES) {
			input.bytes[input.written % RING_BYTES] = in(DATA);
			__atomic_store_n(&input.written, input.written + 1, __ATOMIC_SEQ_CST);
			count++;
			idle = 0;
		} else if (count == 0) {
			break;
		} else {
			idle++;
			for (int i = 0; i < PAUSES_BETWEEN_LOOKS; i++)
				__builtin_ia32_pause();
		}
	}
	return count;
}

static void *take_input(void *unused)
{
	for (;;) {
		if (take_burst() > 0) {
			tell_server();
			pause_for(SWITCH_NONE, 0);	/* others have their turn */
		} else {
			pause_for(SWITCH_WAIT, TICK_MS);
		}
	}
	return NULL;
}

kern_return_t device_prepare(mach_port_t device_master)
{
	pthread_t reader;
	mach_port_t ports = MACH_PORT_NULL;
	kern_return_t error = i386_io_perm_create(device_master, PORT_FIRST, PORT_LAST, &ports);
	if (!error)
		error = i386_io_perm_modify(mach_task_self(), ports, TRUE);
	if (error)
		return error;
	out(INTERRUPT_ENABLE, 0);
	out(FIFO_CONTROL, FIFO_OF_14);
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
	for (size_t i = 0; i < count; i++) {
		for (int looks = 0; !(in(LINE_STATUS) & CAN_SEND); looks++)
			if (looks > BUSY_LOOKS)
				pause_for(SWITCH_WAIT, TICK_MS);
		out(DATA, (uint8_t)bytes[i]);
	}
}
