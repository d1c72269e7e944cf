/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "elf_load.h"
#include <elf.h>
#include <string.h>
#include <hurd_abi.h>

/* Reads exactly SIZE bytes into BUFFER; a shorter file is not a program. */
static int read_exactly(const struct elf_source *source, uint64_t offset, void *buffer, size_t size)
{
	while (size > 0) {
		vm_address_t data;
		size_t got;
		int error = source->read(source->cookie, offset, size, &data, &got);

		if (error)
			return error;
		if (got == 0)
			return HURD_ENOEXEC;
		/* A server may give more than was asked for: all of it has to go. */
		size_t part = got < size ? got : size;
		memcpy(buffer, (void *)data, part);
		vm_deallocate(mach_task_self(), data, got);
		buffer = (char *)buffer + part;
		offset += part;
		size -= part;
	}
	return 0;
}

static int is_our_kind(const Elf64_Ehdr *header)
{
	return memcmp(header->e_ident, ELFMAG, SELFMAG) == 0
		&& header->e_ident[EI_CLASS] == ELFCLASS64
		&& header->e_ident[EI_DATA] == ELFDATA2LSB
		&& header->e_type == ET_EXEC
		&& header->e_machine == EM_X86_64
		&& header->e_phentsize == sizeof(Elf64_Phdr)
		&& header->e_phnum > 0 && header->e_phnum <= ELF_MAX_PHDRS;
}

static int segment_is_sound(const Elf64_Phdr *segment)
{
	return segment->p_filesz <= segment->p_memsz
		&& segment->p_memsz <= ELF_ADDRESS_LIMIT
		&& segment->p_vaddr <= ELF_ADDRESS_LIMIT - segment->p_memsz
		&& segment->p_vaddr >= vm_page_size
		&& segment->p_offset <= INT64_MAX - segment->p_filesz
		&& (segment->p_vaddr - segment->p_offset) % vm_page_size == 0;
}

static vm_prot_t segment_protection(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? VM_PROT_READ : 0)
		| (segment->p_flags & PF_W ? VM_PROT_WRITE : 0)
		| (segment->p_flags & PF_X ? VM_PROT_EXECUTE : 0);
}

/* Copies SIZE bytes of the file to ADDRESS in TASK by way of memory of our own,
   page by page; what follows SIZE in the last page is zeroed. */
static int copy_in(mach_port_t task, const struct elf_source *source, uint64_t offset, vm_address_t address, size_t size)
{
	size_t pages = round_page(size);
	vm_address_t window = 0;
	int error = vm_allocate(mach_task_self(), &window, pages, TRUE);

	if (error)
		return error;
	error = read_exactly(source, offset, (void *)window, size);
	if (error == 0)
		error = vm_write(task, address, window, pages);
	vm_deallocate(mach_task_self(), window, pages);
	return error;
}

/* The same without a copy, when the source gives all of it in pages: they are
   handed on to the task.  FALSE in *DONE when it does not. */
static int move_in(mach_port_t task, const struct elf_source *source, uint64_t offset, vm_address_t address, size_t size,
		   boolean_t *done)
{
	vm_address_t data;
	size_t got, pages = round_page(size);
	int error = source->read(source->cookie, offset, size, &data, &got);

	*done = FALSE;
	if (error || got == 0)
		return error;
	if (got == size && data % vm_page_size == 0) {
		*done = TRUE;
		memset((char *)data + size, 0, pages - size);
		error = vm_write(task, address, data, pages);
	}
	vm_deallocate(mach_task_self(), data, got);
	return error;
}

static int fill_in(mach_port_t task, const struct elf_source *source, uint64_t offset, vm_address_t address, size_t size)
{
	boolean_t done;
	int error = move_in(task, source, offset, address, size, &done);

	return error || done ? error : copy_in(task, source, offset, address, size);
}

static int no_room(int error)
{
	return error == KERN_NO_SPACE || error == KERN_INVALID_ADDRESS ? HURD_ENOEXEC : error;
}

/* How many bytes of a segment that begins BEFORE bytes after START can be pages of the
   file.  What follows the file's part in its last page must be zeroes, if it is memory of
   the program at all: then that page has to be read. */
static vm_size_t mappable(const Elf64_Phdr *segment, size_t before)
{
	vm_size_t size = segment->p_filesz + before;

	if (segment->p_filesz == 0)
		return 0;
	return segment->p_memsz > segment->p_filesz ? trunc_page(size) : round_page(size);
}

static int load_segment(mach_port_t task, const struct elf_source *source, const Elf64_Phdr *segment)
{
	vm_address_t start = trunc_page(segment->p_vaddr);
	vm_size_t size = round_page(segment->p_vaddr + segment->p_memsz) - start, mapped = 0;
	size_t before = segment->p_vaddr - start, filled = segment->p_filesz ? segment->p_filesz + before : 0;
	uint64_t offset = segment->p_offset - before;
	int error = 0;

	if (source->map && mappable(segment, before) > 0) {
		error = source->map(source->cookie, offset, mappable(segment, before), task, start, segment_protection(segment));
		if (error == 0)
			mapped = mappable(segment, before);
		else if (error != HURD_EOPNOTSUPP)
			return no_room(error);
	}
	if (mapped == size)
		return 0;
	start += mapped;
	error = vm_allocate(task, &start, size - mapped, FALSE);
	if (error)
		return no_room(error);
	if (filled > mapped)
		error = fill_in(task, source, offset + mapped, start, filled - mapped);
	if (error == 0)
		error = vm_protect(task, start, size - mapped, FALSE, segment_protection(segment));
	return error;
}

int elf_load(mach_port_t task, const struct elf_source *source, struct elf_program *program)
{
	Elf64_Ehdr header;
	Elf64_Phdr segments[ELF_MAX_PHDRS];
	size_t table_size;
	int error = read_exactly(source, 0, &header, sizeof header);

	if (error)
		return error;
	if (!is_our_kind(&header))
		return HURD_ENOEXEC;
	table_size = header.e_phnum * sizeof segments[0];
	if (header.e_phoff > INT64_MAX - table_size)
		return HURD_ENOEXEC;
	error = read_exactly(source, header.e_phoff, segments, table_size);
	if (error)
		return error;
	*program = (struct elf_program){ .entry = header.e_entry, .phdr_size = table_size };
	for (int i = 0; i < header.e_phnum; i++) {
		const Elf64_Phdr *segment = &segments[i];

		if (segment->p_type == PT_INTERP)
			return HURD_ENOEXEC;	/* there is no dynamic linker */
		if (segment->p_type != PT_LOAD || segment->p_memsz == 0)
			continue;
		if (!segment_is_sound(segment))
			return HURD_ENOEXEC;
		error = load_segment(task, source, segment);
		if (error)
			return error;
		if (header.e_phoff >= segment->p_offset
		    && header.e_phoff - segment->p_offset + table_size <= segment->p_filesz)
			program->phdr = segment->p_vaddr + (header.e_phoff - segment->p_offset);
	}
	return 0;
}
