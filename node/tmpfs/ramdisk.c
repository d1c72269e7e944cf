/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The archives that came with the kernel. */
#include <stdlib.h>
#include <string.h>
#include <device/device.h>
#include <hurd_abi.h>

#include "limits.h"
#include "objects.h"
#include "unpack.h"

struct ramdisk {
	mach_port_t port;
	uint32_t sector_bytes;
	uint64_t bytes;
};

static error_t open_ramdisk(mach_port_t master, const char *name, struct ramdisk *ramdisk)
{
	dev_name_t device_name;
	int status[DEV_STATUS_MAX];
	mach_msg_type_number_t count = DEV_GET_SIZE_COUNT;
	strncpy(device_name, name, sizeof(device_name) - 1);
	device_name[sizeof(device_name) - 1] = 0;
	error_t error = device_open(master, D_READ, device_name, &ramdisk->port);
	if (error)
		return error;
	error = device_get_status(ramdisk->port, DEV_GET_SIZE, status, &count);
	if (error) {
		mach_port_deallocate(mach_task_self(), ramdisk->port);
		return error;
	}
	ramdisk->bytes = (uint32_t)status[DEV_GET_SIZE_DEVICE_SIZE];
	ramdisk->sector_bytes = (uint32_t)status[DEV_GET_SIZE_RECORD_SIZE];
	return 0;
}

/* Each piece is a copy that the kernel made: it goes before the next one comes. */
static error_t push_pieces(const struct ramdisk *ramdisk, struct tar *tar)
{
	for (uint64_t offset = 0; offset < ramdisk->bytes && !tar->ended;) {
		io_buf_ptr_t data;
		mach_msg_type_number_t count = 0;
		uint64_t left = ramdisk->bytes - offset;
		error_t error = device_read(ramdisk->port, 0, (recnum_t)(offset / ramdisk->sector_bytes),
					    (int)(left < TMPFS_RAMDISK_PIECE_BYTES ? left : TMPFS_RAMDISK_PIECE_BYTES), &data,
					    &count);
		if (error)
			return error;
		if (!count)
			break;
		error = hurd_from_errno(tar_push(tar, data, count));
		vm_deallocate(mach_task_self(), (vm_address_t)data, count);
		if (error)
			return error;
		offset += count;
	}
	return tar_is_complete(tar) ? 0 : HURD_EINVAL;
}

error_t ramdisk_unpack(mach_port_t master, const char *name)
{
	struct ramdisk ramdisk;
	struct unpack unpack;
	error_t error = open_ramdisk(master, name, &ramdisk);
	if (error)
		return error;
	struct tar *tar = malloc(sizeof(*tar));
	if (tar) {
		struct tar_sink sink = unpack_start(&unpack, &server.store);
		tar_start(tar, &sink);
		error = push_pieces(&ramdisk, tar);
		unpack_end(&unpack);
		free(tar);
	} else {
		error = HURD_ENOMEM;
	}
	device_close(ramdisk.port);
	mach_port_deallocate(mach_task_self(), ramdisk.port);
	return error;
}
