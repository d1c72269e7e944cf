/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loading a static ELF64 program into another task.  Used by the exec server
   and by the first task, which has to start servers before there is one. */
#ifndef DROVE_ELF_LOAD_H
#define DROVE_ELF_LOAD_H

#include <stddef.h>
#include <stdint.h>
#include <mach.h>

/* Where the bytes come from. */
struct elf_source {
	/* Gives at most WANT bytes from OFFSET on in memory that the caller frees with
	   vm_deallocate; fewer at the end of the file.  Returns 0 or an RPC error. */
	int (*read)(void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got);
	/* NULL, or: puts SIZE bytes from OFFSET on, whole pages, at ADDRESS of TASK, where
	   nothing is yet, as a private copy whose pages come when they are touched.  On an
	   error nothing was done; HURD_EOPNOTSUPP: they have to be read. */
	int (*map)(void *cookie, uint64_t offset, size_t size, mach_port_t task, vm_address_t address, vm_prot_t protection);
	void *cookie;
};

struct elf_program {
	vm_address_t entry;
	vm_address_t phdr;	/* the program headers, as the program sees them; 0 if not loaded */
	vm_size_t phdr_size;	/* bytes */
};

/* The largest number of program headers and the highest address that are accepted. */
#define ELF_MAX_PHDRS 64
#define ELF_ADDRESS_LIMIT UINT64_C(0x7f0000000000)

/* Maps every loadable segment of SOURCE into TASK, which must have room there.  What
   can be mapped is not read; this task touches none of it, since its pager may fail.
   Returns 0, HURD_ENOEXEC for anything but a sound static x86-64 program, or
   the error of a read or of the kernel.  After a failure TASK holds a part of
   the program and should be terminated. */
int elf_load(mach_port_t task, const struct elf_source *source, struct elf_program *program);

/* A source that reads from memory of this task; IMAGE must outlive its use. */
struct elf_memory { const void *image; size_t size; };
struct elf_source elf_source_memory(struct elf_memory *memory);
/* A source that reads from an open file by io_read; the port stays the caller's. */
struct elf_source elf_source_file(mach_port_t *file);

#endif
