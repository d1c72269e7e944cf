/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "virtio_net.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <device/device.h>
#include <device/device_types.h>
#include <mach/gnumach.h>
#include "pci.h"
#include "virtio_ring.h"

struct ring {
	uint16_t size, which;
	uint16_t used_seen;		/* first used element not looked at yet */
	uint16_t available_next;
	volatile struct ring_descriptor *descriptors;
	volatile struct ring_available *available;
	volatile struct ring_used *used;
};

/* Buffers lie in physically contiguous blocks. */
struct buffers {
	struct { char *memory; uint64_t physical; } block[nic_blocks_max];
	unsigned count;
};

struct nic {
	mach_port_t host_priv, irq_device, interrupt_port;
	uint16_t io_base;
	uint8_t address[6];
	bool interrupt_pending;		/* the line is masked until we acknowledge */
	bool kick_due;
	struct ring receive, transmit;
	struct buffers receive_buffers, transmit_buffers;
	uint32_t *spare;		/* stack of receive buffers in nobody's hands */
	unsigned spare_count;
	uint32_t *in_slot;		/* which buffer each receive descriptor holds */
	uint16_t *unused_slots;		/* stack of transmit descriptors */
	unsigned unused_count;
	struct nic_counters counters;
};

/* What was written to the ring before must be visible before what follows. */
static inline void order_stores(void) { __asm__ volatile("" : : : "memory"); }
/* ... and a store before a later load, which x86 may swap. */
static inline void order_all(void) { __asm__ volatile("mfence" : : : "memory"); }

static void *allocate_dma(struct nic *nic, size_t size, uint64_t *physical)
{
	vm_address_t address = 0;
	rpc_phys_addr_t where = 0;
	/* Below 4 GiB: the ring's page number register has 32 bits. */
	if (vm_allocate_contiguous(nic->host_priv, mach_task_self(), &address, &where, size, 0, (rpc_phys_addr_t)1 << 32, 0))
		return NULL;
	memset((void *)address, 0, size);
	*physical = where;
	return (void *)address;
}

static size_t round_up(size_t size)
{
	return (size + ring_page_size - 1) & ~(size_t)(ring_page_size - 1);
}

static bool ring_open(struct nic *nic, struct ring *ring, uint16_t which)
{
	port_out16(nic->io_base + virtio_queue_select, which);
	ring->which = which;
	ring->size = port_in16(nic->io_base + virtio_queue_size);
	if (!ring->size)
		return false;
	/* Descriptors and the available ring first; the used ring begins a page. */
	size_t first = round_up(sizeof(struct ring_descriptor) * ring->size +
			sizeof(struct ring_available) + sizeof(uint16_t) * (ring->size + 1u));
	size_t second = round_up(sizeof(struct ring_used) + sizeof(struct ring_used_element) * ring->size + sizeof(uint16_t));
	uint64_t physical;
	char *memory = allocate_dma(nic, first + second, &physical);
	if (!memory)
		return false;
	ring->descriptors = (void *)memory;
	ring->available = (void *)(memory + sizeof(struct ring_descriptor) * ring->size);
	ring->used = (void *)(memory + first);
	port_out32(nic->io_base + virtio_queue_page, (uint32_t)(physical / ring_page_size));
	return true;
}

static void ring_offer(struct ring *ring, uint16_t slot)
{
	ring->available->ring[ring->available_next % ring->size] = slot;
	ring->available_next++;
	order_stores();
	ring->available->index = ring->available_next;
}

static void ring_notify(struct nic *nic, struct ring *ring)
{
	order_all();
	if (ring->used->flags & used_no_notify)
		return;
	port_out16(nic->io_base + virtio_queue_notify, ring->which);
	nic->counters.notifications++;
}

static bool buffers_open(struct nic *nic, struct buffers *buffers, unsigned count)
{
	assert(count <= nic_block_buffers * nic_blocks_max);
	buffers->count = count;
	for (unsigned i = 0; i * nic_block_buffers < count; i++) {
		unsigned left = count - i * nic_block_buffers;
		size_t number = left < nic_block_buffers ? left : nic_block_buffers;
		buffers->block[i].memory = allocate_dma(nic, number * nic_buffer_bytes, &buffers->block[i].physical);
		if (!buffers->block[i].memory)
			return false;
	}
	return true;
}

static char *buffer_memory(const struct buffers *buffers, uint32_t buffer)
{
	return buffers->block[buffer / nic_block_buffers].memory + buffer % nic_block_buffers * (size_t)nic_buffer_bytes;
}

static uint64_t buffer_physical(const struct buffers *buffers, uint32_t buffer)
{
	return buffers->block[buffer / nic_block_buffers].physical + buffer % nic_block_buffers * (uint64_t)nic_buffer_bytes;
}

static void offer_receive(struct nic *nic, uint16_t slot, uint32_t buffer)
{
	volatile struct ring_descriptor *descriptor = &nic->receive.descriptors[slot];
	nic->in_slot[slot] = buffer;
	descriptor->address = buffer_physical(&nic->receive_buffers, buffer);
	descriptor->length = nic_buffer_bytes;
	descriptor->flags = descriptor_device_writes;
	ring_offer(&nic->receive, slot);
}

static bool fill_receive_ring(struct nic *nic)
{
	unsigned count = nic->receive.size + nic_spare_receive_buffers;
	nic->spare = calloc(count, sizeof *nic->spare);
	nic->in_slot = calloc(nic->receive.size, sizeof *nic->in_slot);
	if (!nic->spare || !nic->in_slot || !buffers_open(nic, &nic->receive_buffers, count))
		return false;
	for (uint16_t slot = 0; slot < nic->receive.size; slot++)
		offer_receive(nic, slot, slot);
	for (uint32_t buffer = nic->receive.size; buffer < count; buffer++)
		nic_give_back(nic, buffer);
	return true;
}

/* Transmit slot I always uses buffer I. */
static bool fill_transmit_slots(struct nic *nic)
{
	nic->unused_slots = calloc(nic->transmit.size, sizeof *nic->unused_slots);
	if (!nic->unused_slots || !buffers_open(nic, &nic->transmit_buffers, nic->transmit.size))
		return false;
	for (uint16_t slot = 0; slot < nic->transmit.size; slot++) {
		nic->transmit.descriptors[slot].address = buffer_physical(&nic->transmit_buffers, slot);
		nic->unused_slots[nic->unused_count++] = slot;
	}
	/* Sent slots are taken back when new ones are wanted. */
	nic->transmit.available->flags = available_no_interrupt;
	return true;
}

static kern_return_t register_interrupt(struct nic *nic, mach_port_t device_master, int line)
{
	dev_name_t name = "irq";
	kern_return_t error = device_open(device_master, D_READ | D_WRITE, name, &nic->irq_device);
	if (!error)
		error = device_intr_register(nic->irq_device, line, 0, nic->interrupt_port, MACH_MSG_TYPE_MAKE_SEND);
	return error;
}

static kern_return_t fail(const char **problem, const char *what, kern_return_t error)
{
	*problem = what;
	return error ? error : KERN_RESOURCE_SHORTAGE;
}

/* A card that an earlier driver left running is stopped by the reset. */
static void reset_card(struct nic *nic)
{
	port_out8(nic->io_base + virtio_status, 0);
	port_out8(nic->io_base + virtio_status, virtio_status_acknowledge);
	port_out8(nic->io_base + virtio_status, virtio_status_acknowledge | virtio_status_driver);
	/* No checksum or segmentation offload: peers get plain Ethernet frames. */
	uint32_t offered = port_in32(nic->io_base + virtio_device_features);
	port_out32(nic->io_base + virtio_driver_features, offered & virtio_net_feature_mac);
	for (unsigned i = 0; i < sizeof nic->address; i++)
		nic->address[i] = port_in8((uint16_t)(nic->io_base + virtio_net_mac + i));
}

static kern_return_t set_up(struct nic *nic, mach_port_t device_master, const char **problem)
{
	struct pci_card card;
	kern_return_t error = pci_find(device_master, virtio_vendor, virtio_legacy_net_device, &card);
	if (error == KERN_FAILURE)
		return fail(problem, "no virtio network card (start QEMU with -device virtio-net-pci,disable-modern=on)", error);
	if (error)
		return fail(problem, "the kernel refuses access to the PCI bus", error);
	nic->io_base = card.io_base;
	error = pci_allow_ports(device_master, card.io_base, card.io_base + virtio_register_count - 1);
	if (error)
		return fail(problem, "the kernel refuses access to the network card", error);
	reset_card(nic);
	if (!ring_open(nic, &nic->receive, ring_receive) || !ring_open(nic, &nic->transmit, ring_transmit) ||
			!fill_receive_ring(nic) || !fill_transmit_slots(nic))
		return fail(problem, "not enough contiguous memory for the network card", 0);
	error = register_interrupt(nic, device_master, card.interrupt_line);
	if (error)
		return fail(problem, "the network card's interrupt is not to be had", error);
	port_out8(nic->io_base + virtio_status,
		virtio_status_acknowledge | virtio_status_driver | virtio_status_driver_ok);
	ring_notify(nic, &nic->receive);
	return KERN_SUCCESS;
}

kern_return_t nic_open(mach_port_t host_priv, mach_port_t device_master, mach_port_t interrupt_port,
		struct nic **result, const char **problem)
{
	struct nic *nic = calloc(1, sizeof *nic);
	if (!nic)
		return fail(problem, "not enough memory", 0);
	nic->host_priv = host_priv;
	nic->interrupt_port = interrupt_port;
	kern_return_t error = set_up(nic, device_master, problem);
	if (error) {
		/* DMA memory stays allocated: the card may still know of it. */
		free(nic);
		return error;
	}
	*result = nic;
	return KERN_SUCCESS;
}

void nic_stop(struct nic *nic)
{
	port_out8(nic->io_base + virtio_status, 0);
}

const uint8_t *nic_address(const struct nic *nic)
{
	return nic->address;
}

const struct nic_counters *nic_counters(const struct nic *nic)
{
	return &nic->counters;
}

unsigned nic_spare_buffers(const struct nic *nic)
{
	return nic->spare_count;
}

unsigned nic_buffer_count(const struct nic *nic)
{
	return nic->receive_buffers.count;
}

void nic_give_back(struct nic *nic, uint32_t buffer)
{
	assert(nic->spare_count < nic->receive_buffers.count);
	nic->spare[nic->spare_count++] = buffer;
}

unsigned nic_poll(struct nic *nic, unsigned limit, nic_sink *sink, void *context)
{
	struct ring *ring = &nic->receive;
	unsigned done = 0;
	for (; done < limit && ring->used_seen != ring->used->index; done++) {
		order_stores();
		volatile struct ring_used_element *used = &ring->used->ring[ring->used_seen % ring->size];
		uint16_t slot = (uint16_t)used->id;
		uint32_t length = used->length, buffer = nic->in_slot[slot];
		ring->used_seen++;
		bool whole = length > sizeof(struct virtio_net_header) && length <= nic_buffer_bytes;
		if (!whole || !nic->spare_count) {
			nic->counters.dropped_no_buffer += whole;
			offer_receive(nic, slot, buffer);
			continue;
		}
		/* A fresh buffer takes the slot before the sink runs, so the ring stays full. */
		offer_receive(nic, slot, nic->spare[--nic->spare_count]);
		nic->counters.received++;
		struct nic_frame frame = {
			.data = buffer_memory(&nic->receive_buffers, buffer) + sizeof(struct virtio_net_header),
			.length = length - sizeof(struct virtio_net_header),
			.buffer = buffer,
		};
		sink(context, &frame);
	}
	if (done)
		ring_notify(nic, ring);
	return done;
}

static void take_back_sent(struct nic *nic)
{
	struct ring *ring = &nic->transmit;
	for (; ring->used_seen != ring->used->index; ring->used_seen++) {
		order_stores();
		nic->unused_slots[nic->unused_count++] = (uint16_t)ring->used->ring[ring->used_seen % ring->size].id;
	}
}

static int64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* The host drains a full ring within microseconds of being told; let others
   run meanwhile, but not for ever. */
static bool wait_for_slot(struct nic *nic)
{
	nic->kick_due = true;
	nic_kick(nic);
	int64_t end = now_ms() + nic_transmit_wait_ms;
	for (take_back_sent(nic); !nic->unused_count; take_back_sent(nic)) {
		if (now_ms() > end)
			return false;
		swtch_pri(0);
	}
	return true;
}

void *nic_send_buffer(struct nic *nic)
{
	if (!nic->unused_count)
		take_back_sent(nic);
	if (!nic->unused_count && !wait_for_slot(nic)) {
		nic->counters.dropped_ring_full++;
		return NULL;
	}
	uint16_t slot = nic->unused_slots[nic->unused_count - 1];
	return buffer_memory(&nic->transmit_buffers, slot) + sizeof(struct virtio_net_header);
}

void nic_send(struct nic *nic, size_t length)
{
	assert(length <= nic_frame_bytes_max && nic->unused_count);
	uint16_t slot = nic->unused_slots[--nic->unused_count];
	/* The header in front of the frame was zeroed at the start and stays so. */
	nic->transmit.descriptors[slot].length = (uint32_t)(length + sizeof(struct virtio_net_header));
	ring_offer(&nic->transmit, slot);
	nic->counters.sent++;
	nic->kick_due = true;
}

void nic_kick(struct nic *nic)
{
	if (!nic->kick_due)
		return;
	nic->kick_due = false;
	ring_notify(nic, &nic->transmit);
}

void nic_interrupted(struct nic *nic)
{
	nic->counters.interrupts++;
	nic->interrupt_pending = true;
}

bool nic_interrupts_off(const struct nic *nic)
{
	return nic->interrupt_pending;
}

bool nic_interrupts_on(struct nic *nic)
{
	if (!nic->interrupt_pending)
		return false;
	/* Reading the status lowers the line.  A frame that comes after the read
	   raises it again; one that came before is seen by the check below. */
	port_in8(nic->io_base + virtio_interrupt_status);
	order_all();
	if (nic->receive.used_seen != nic->receive.used->index)
		return true;
	nic->interrupt_pending = false;
	kern_return_t error = device_intr_ack(nic->irq_device, nic->interrupt_port, MACH_MSG_TYPE_MAKE_SEND);
	assert(!error);
	return false;
}
