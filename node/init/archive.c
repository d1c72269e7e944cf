/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A tar archive (ustar) on a ramdisk: just enough to find a program. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <device/device.h>
#include "init.h"

enum { BLOCK = 512, NAME_OFFSET = 0, NAME_BYTES = 100, SIZE_OFFSET = 124, SIZE_BYTES = 12, TYPE_OFFSET = 156 };

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

bool archive_find(const struct archive *archive, const char *path, const void **bytes, size_t *size)
{
	const char *at = archive->bytes;
	size_t left = archive->size;

	while (left >= BLOCK && *at) {
		char name[NAME_BYTES + 1] = "", digits[SIZE_BYTES + 1] = "";
		memcpy(name, at + NAME_OFFSET, NAME_BYTES);
		memcpy(digits, at + SIZE_OFFSET, SIZE_BYTES);
		size_t length = strtoul(digits, NULL, 8);
		size_t whole = BLOCK + ((length + BLOCK - 1) & -(size_t)BLOCK);
		if (whole > left || whole < length)
			return false;
		const char *relative = strncmp(name, "./", 2) ? name : name + 2;
		if (!strcmp(relative, path) && (at[TYPE_OFFSET] == '0' || at[TYPE_OFFSET] == '\0')) {
			*bytes = at + BLOCK;
			*size = length;
			return true;
		}
		at += whole;
		left -= whole;
	}
	return false;
}
