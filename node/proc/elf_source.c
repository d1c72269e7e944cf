/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf_load.h"
#include <string.h>
#include <hurd/io.h>

static int read_memory(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
	const struct elf_memory *memory = cookie;
	int error;

	*got = 0;
	if (offset >= memory->size)
		return 0;
	if (want > memory->size - offset)
		want = memory->size - offset;
	*data = 0;
	error = vm_allocate(mach_task_self(), data, want, TRUE);
	if (error)
		return error;
	memcpy((void *)*data, (const char *)memory->image + offset, want);
	*got = want;
	return 0;
}

struct elf_source elf_source_memory(struct elf_memory *memory)
{
	return (struct elf_source){ .read = read_memory, .cookie = memory };
}

static int read_file(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
	data_t bytes = NULL;
	mach_msg_type_number_t count = 0;
	int error = io_read(*(mach_port_t *)cookie, &bytes, &count, offset, want);

	if (error)
		return error;
	*data = (vm_address_t)bytes;
	*got = count;
	return 0;
}

struct elf_source elf_source_file(mach_port_t *file)
{
	return (struct elf_source){ .read = read_file, .cookie = file };
}
