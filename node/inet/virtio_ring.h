/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The legacy (0.9.5) virtio PCI interface: registers and ring layout.
   These are the specification's names and numbers. */
#ifndef INET_VIRTIO_RING_H
#define INET_VIRTIO_RING_H

#include <stdint.h>

enum {
	virtio_vendor = 0x1af4, virtio_legacy_net_device = 0x1000,

	/* Registers, from the start of I/O base 0. */
	virtio_device_features = 0x00, virtio_driver_features = 0x04,
	virtio_queue_page = 0x08, virtio_queue_size = 0x0c, virtio_queue_select = 0x0e,
	virtio_queue_notify = 0x10, virtio_status = 0x12, virtio_interrupt_status = 0x13,
	virtio_net_mac = 0x14, virtio_register_count = 0x40,

	virtio_status_acknowledge = 1, virtio_status_driver = 2, virtio_status_driver_ok = 4,

	virtio_net_feature_mac = 1 << 5,

	ring_receive = 0, ring_transmit = 1,
	ring_page_size = 4096,

	descriptor_device_writes = 2,
	available_no_interrupt = 1,
	used_no_notify = 1,
};

struct ring_descriptor {
	uint64_t address;	/* physical */
	uint32_t length;
	uint16_t flags;
	uint16_t next;
};

struct ring_available {
	uint16_t flags;
	uint16_t index;
	uint16_t ring[];
};

struct ring_used_element {
	uint32_t id;
	uint32_t length;
};

struct ring_used {
	uint16_t flags;
	uint16_t index;
	struct ring_used_element ring[];
};

/* In front of every frame, both ways; all zero without offloads. */
struct virtio_net_header {
	uint8_t flags, segmentation;
	uint16_t header_length, segment_size, checksum_start, checksum_offset;
};
_Static_assert(sizeof(struct virtio_net_header) == 10, "the header without mergeable buffers");

#endif
