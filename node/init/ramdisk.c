/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The ramdisks that came with the kernel. */
#include <stdio.h>
#include <device/device.h>
#include "init.h"

static kern_return_t open_ramdisk(mach_port_t device_master, const char *name, mach_port_t *device, size_t *size)
{
	dev_name_t device_name = "";
	int status[DEV_STATUS_MAX];
	mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;
	snprintf(device_name, sizeof device_name, "%s", name);
	kern_return_t error = device_open(device_master, D_READ, device_name, device);
	if (error)
		return error;
	error = device_get_status(*device, DEV_GET_SIZE, status, &count);
	if (error)
		mach_port_deallocate(mach_task_self(), *device);
	else
		*size = (unsigned)status[DEV_GET_SIZE_DEVICE_SIZE];
	return error;
}

int archive_count(mach_port_t device_master)
{
	for (int i = 0;; i++) {
		char name[16];
		mach_port_t device;
		size_t size;
		snprintf(name, sizeof name, "rd%d", i);
		if (i == RAMDISKS_MAX || open_ramdisk(device_master, name, &device, &size))
			return i;
		mach_port_deallocate(mach_task_self(), device);
	}
}

kern_return_t archive_read(mach_port_t device_master, const char *name, struct archive *archive)
{
	mach_port_t device;
	io_buf_ptr_t bytes;
	mach_msg_type_number_t got;
	size_t size;
	kern_return_t error = open_ramdisk(device_master, name, &device, &size);
	if (error)
		return error;
	error = device_read(device, 0, 0, size, &bytes, &got);
	mach_port_deallocate(mach_task_self(), device);
	if (!error)
		*archive = (struct archive){ .bytes = bytes, .size = got };
	return error;
}
