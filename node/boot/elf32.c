/* SPDX-License-Identifier: GPL-2.0-or-later */
/* elf32: write a 64-bit multiboot kernel's segments under ELF32 headers, so
   that QEMU's -kernel takes it.  Code and data are copied unchanged; a
   segment's virtual address becomes its physical one, because the loader looks
   at addresses below 4 GB only. */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENT_ALIGNMENT = 0x1000, SEGMENTS_MAX = 32 };

static void fail(const char *what, const char *name)
{
	fprintf(stderr, "elf32: %s: %s\n", name, what);
	exit(1);
}

static unsigned char *read_whole(const char *name, size_t *size)
{
	FILE *file = fopen(name, "rb");
	if (!file || fseek(file, 0, SEEK_END))
		fail(strerror(errno), name);
	long length = ftell(file);
	unsigned char *bytes = length > 0 ? malloc(length) : NULL;
	rewind(file);
	if (!bytes || fread(bytes, 1, length, file) != (size_t)length)
		fail("cannot be read", name);
	fclose(file);
	*size = length;
	return bytes;
}

static size_t align(size_t offset)
{
	return (offset + SEGMENT_ALIGNMENT - 1) & -(size_t)SEGMENT_ALIGNMENT;
}

/* Fills PHDRS from the 64-bit kernel's loadable segments; returns their number. */
static int convert_segments(const unsigned char *kernel, size_t size, const char *name,
			    Elf32_Phdr *phdrs, const unsigned char **sources)
{
	const Elf64_Ehdr *header = (const void *)kernel;
	if (size < sizeof *header || memcmp(header->e_ident, ELFMAG, SELFMAG) ||
	    header->e_ident[EI_CLASS] != ELFCLASS64)
		fail("not an ELF64 kernel", name);
	if (header->e_phoff > size || header->e_phnum > (size - header->e_phoff) / sizeof(Elf64_Phdr))
		fail("program headers lie outside the file", name);

	const Elf64_Phdr *from = (const void *)(kernel + header->e_phoff);
	size_t offset = SEGMENT_ALIGNMENT;
	int count = 0;
	for (int i = 0; i < header->e_phnum; i++, from++) {
		if (from->p_type != PT_LOAD)
			continue;
		if (count == SEGMENTS_MAX || from->p_offset > size || from->p_filesz > size - from->p_offset ||
		    from->p_paddr + from->p_memsz > UINT32_MAX)
			fail("a segment cannot be expressed in 32 bits", name);
		phdrs[count] = (Elf32_Phdr){
			.p_type = PT_LOAD, .p_offset = offset, .p_vaddr = from->p_paddr, .p_paddr = from->p_paddr,
			.p_filesz = from->p_filesz, .p_memsz = from->p_memsz, .p_flags = from->p_flags,
			.p_align = SEGMENT_ALIGNMENT,
		};
		sources[count++] = kernel + from->p_offset;
		offset = align(offset + from->p_filesz);
	}
	if (!count)
		fail("no loadable segment", name);
	return count;
}

static void write_kernel(const char *name, uint32_t entry, const Elf32_Phdr *phdrs,
			 const unsigned char *const *sources, int count)
{
	Elf32_Ehdr header = {
		.e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS32, ELFDATA2LSB, EV_CURRENT },
		.e_type = ET_EXEC, .e_machine = EM_386, .e_version = EV_CURRENT, .e_entry = entry,
		.e_phoff = sizeof header, .e_ehsize = sizeof header, .e_phentsize = sizeof *phdrs, .e_phnum = count,
		.e_shentsize = sizeof(Elf32_Shdr),
	};
	FILE *file = fopen(name, "wb");
	if (!file)
		fail(strerror(errno), name);
	fwrite(&header, sizeof header, 1, file);
	fwrite(phdrs, sizeof *phdrs, count, file);
	for (int i = 0; i < count; i++) {
		fseek(file, phdrs[i].p_offset, SEEK_SET);
		fwrite(sources[i], 1, phdrs[i].p_filesz, file);
	}
	if (ferror(file) | fclose(file))
		fail("cannot be written", name);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: elf32 KERNEL64 KERNEL32\n");
		return argc == 2 && !strcmp(argv[1], "--help") ? 0 : 2;
	}
	size_t size;
	unsigned char *kernel = read_whole(argv[1], &size);
	Elf32_Phdr phdrs[SEGMENTS_MAX];
	const unsigned char *sources[SEGMENTS_MAX];
	int count = convert_segments(kernel, size, argv[1], phdrs, sources);
	write_kernel(argv[2], ((const Elf64_Ehdr *)(const void *)kernel)->e_entry, phdrs, sources, count);
	free(kernel);
	return 0;
}
