/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding a card on the PCI bus through configuration mechanism 1. */
#ifndef INET_PCI_H
#define INET_PCI_H

#include <stdbool.h>
#include <stdint.h>
#include "mach_calls.h"

struct pci_card {
	uint8_t bus, slot, function;
	uint8_t interrupt_line;
	uint16_t io_base;		/* of the first base address register */
};

/* Lets this task use the I/O ports FIRST..LAST for as long as it lives. */
kern_return_t pci_allow_ports(mach_port_t device_master, uint16_t first, uint16_t last);

/* Finds the first card of VENDOR and DEVICE, gives it low I/O ports, and switches on its I/O ports and
   its bus mastership.  KERN_FAILURE when there is none. */
kern_return_t pci_find(mach_port_t device_master, uint16_t vendor, uint16_t device, struct pci_card *card);

static inline void port_out8(uint16_t port, uint8_t value) { __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port)); }
static inline void port_out16(uint16_t port, uint16_t value) { __asm__ volatile("outw %0, %1" : : "a"(value), "Nd"(port)); }
static inline void port_out32(uint16_t port, uint32_t value) { __asm__ volatile("outl %0, %1" : : "a"(value), "Nd"(port)); }
static inline uint8_t port_in8(uint16_t port) { uint8_t value; __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port)); return value; }
static inline uint16_t port_in16(uint16_t port) { uint16_t value; __asm__ volatile("inw %1, %0" : "=a"(value) : "Nd"(port)); return value; }
static inline uint32_t port_in32(uint16_t port) { uint32_t value; __asm__ volatile("inl %1, %0" : "=a"(value) : "Nd"(port)); return value; }

#endif
