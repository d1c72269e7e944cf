/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pci.h"
#include <mach/x86_64/mach_i386.h>

enum {
	address_port = 0xcf8, data_port = 0xcfc, last_config_port = 0xcff,
	register_ids = 0x00, register_command = 0x04, register_header = 0x0c,
	register_base0 = 0x10, register_interrupt = 0x3c,
	command_io = 1, command_memory = 2, command_master = 4,
	base_is_io = 1, bases_per_card = 6, io_range_max = 256,	/* of one base register */
	slots_per_bus = 32, functions_per_slot = 8,
	low_ports = 0x1000,		/* above what a PC's own devices use */
};

kern_return_t pci_allow_ports(mach_port_t device_master, uint16_t first, uint16_t last)
{
	mach_port_t permission;
	kern_return_t error = i386_io_perm_create(device_master, first, last, &permission);
	if (error)
		return error;
	/* For the configuration ports the kernel lets only the holder of an
	   enabled permission in, so enable it at once: in between nobody could. */
	error = i386_io_perm_modify(mach_task_self(), permission, 1);
	if (error)
		mach_port_deallocate(mach_task_self(), permission);
	return error;
}

static uint32_t select_register(const struct pci_card *card, unsigned reg)
{
	return 0x80000000u | (uint32_t)card->bus << 16 | (uint32_t)card->slot << 11 |
		(uint32_t)card->function << 8 | reg;
}

static uint32_t read_config(const struct pci_card *card, unsigned reg)
{
	port_out32(address_port, select_register(card, reg));
	return port_in32(data_port);
}

static void write_config(const struct pci_card *card, unsigned reg, uint32_t value)
{
	port_out32(address_port, select_register(card, reg));
	port_out32(data_port, value);
}

static bool scan_bus0(uint32_t wanted, struct pci_card *card)
{
	*card = (struct pci_card){ 0 };
	for (card->slot = 0; card->slot < slots_per_bus; card->slot++)
		for (card->function = 0; card->function < functions_per_slot; card->function++)
			if (read_config(card, register_ids) == wanted)
				return true;
	return false;
}

static bool has_ports_near(const struct pci_card *card, uint16_t base)
{
	for (unsigned i = 0; i < bases_per_card; i++) {
		uint32_t value = read_config(card, register_base0 + 4 * i);
		uint32_t theirs = value & ~3u;
		if ((value & base_is_io) && theirs < (uint32_t)base + io_range_max &&
				base < theirs + io_range_max)
			return true;
	}
	return false;
}

static bool ports_are_free(uint16_t base)
{
	struct pci_card card = { 0 };
	for (card.slot = 0; card.slot < slots_per_bus; card.slot++)
		for (card.function = 0; card.function < functions_per_slot; card.function++)
			if ((uint16_t)read_config(&card, register_ids) != 0xffff && has_ports_near(&card, base))
				return false;
	return true;
}

/* With each switch to a task the kernel copies the map of the I/O ports that it may use, up
   to the highest one, byte by byte: with the firmware's addresses that is 6 KiB, and costs
   more than all else that happens then. */
static void move_ports_down(const struct pci_card *card)
{
	uint32_t command = read_config(card, register_command);
	if (!ports_are_free(low_ports))
		return;
	write_config(card, register_command, command & ~(uint32_t)command_io);
	write_config(card, register_base0, low_ports);
	write_config(card, register_command, command);
}

kern_return_t pci_find(mach_port_t device_master, uint16_t vendor, uint16_t device, struct pci_card *card)
{
	kern_return_t error = pci_allow_ports(device_master, address_port, last_config_port);
	if (error)
		return error;
	if (!scan_bus0((uint32_t)device << 16 | vendor, card))
		return KERN_FAILURE;
	move_ports_down(card);
	uint32_t command = read_config(card, register_command);
	write_config(card, register_command, command | command_io | command_memory | command_master);
	card->io_base = (uint16_t)(read_config(card, register_base0) & ~3u);
	card->interrupt_line = (uint8_t)read_config(card, register_interrupt);
	return KERN_SUCCESS;
}
