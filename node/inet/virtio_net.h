/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A driver for QEMU's legacy virtio network card, run by one thread.
 *
 * The caller's loop: wait on the interrupt port; on a message (and whenever it
 * is awake anyway) nic_poll, which hands each received frame to the sink; nic_kick
 * once after a batch of nic_send; when there is nothing more to do,
 * nic_interrupts_on and only then sleep.  From an interrupt's arrival until
 * then the line stays masked, so a busy card costs no interrupts at all. */
#ifndef INET_VIRTIO_NET_H
#define INET_VIRTIO_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "mach_calls.h"

enum {
	nic_frame_bytes_max = 4478,	/* Ethernet header and 4464 bytes: a page, and what says whose it is */
	nic_buffer_bytes = 4608,
	nic_spare_receive_buffers = 512,	/* beyond those in the ring */
	nic_block_buffers = 256,	/* lie together: the kernel gives 4 MiB at once, at most */
	nic_blocks_max = 16,
	nic_transmit_wait_ms = 20,	/* how long a full ring may hold up its sender */
};

struct nic;

struct nic_counters {
	uint64_t received, sent, interrupts, notifications;
	uint64_t dropped_no_buffer;	/* received, but every buffer was in use */
	uint64_t dropped_ring_full;	/* not sent: the card did not take them in time */
};

/* A received frame.  The sink owns the buffer until it calls nic_give_back. */
struct nic_frame {
	void *data;
	size_t length;
	uint32_t buffer;
};
typedef void nic_sink(void *context, const struct nic_frame *frame);

/* Finds the card, resets it and makes its interrupts arrive at INTERRUPT_PORT
   (a receive right of the caller's, which stays the caller's).
   On failure *PROBLEM says in a few words what is wrong. */
kern_return_t nic_open(mach_port_t host_priv, mach_port_t device_master, mach_port_t interrupt_port,
		struct nic **nic, const char **problem);

/* Makes the card forget our memory; to be called before the program ends. */
void nic_stop(struct nic *nic);

const uint8_t *nic_address(const struct nic *nic);	/* 6 bytes */
const struct nic_counters *nic_counters(const struct nic *nic);

/* Hands over what has arrived, at most LIMIT frames; returns how many.
   Each frame takes one spare buffer; while none is left frames are dropped. */
unsigned nic_poll(struct nic *nic, unsigned limit, nic_sink *sink, void *context);
void nic_give_back(struct nic *nic, uint32_t buffer);
/* How many buffers the sink may still keep for long; it copies when few. */
unsigned nic_spare_buffers(const struct nic *nic);
/* The place of a buffer's bookkeeping in an array of nic_buffer_count. */
unsigned nic_buffer_count(const struct nic *nic);

/* Room for one frame to send, or NULL if the ring stays full.  Fill it, then
   nic_send with its length; the card sees it at the next nic_kick at the latest. */
void *nic_send_buffer(struct nic *nic);
void nic_send(struct nic *nic, size_t length);
void nic_kick(struct nic *nic);

/* An interrupt message came. */
void nic_interrupted(struct nic *nic);
/* Between an interrupt and nic_interrupts_on. */
bool nic_interrupts_off(const struct nic *nic);
/* True when frames came in meanwhile: poll again instead of sleeping. */
bool nic_interrupts_on(struct nic *nic);

#endif
