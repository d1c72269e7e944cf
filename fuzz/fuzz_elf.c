/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that no linker made, and files whose server gives too little, too much, beside a
   page or nothing.  The task gets what its segments say, and not a page more; whatever
   fails, no page of the loader's is lost.

   The input: how the source behaves (4 bytes), then the file, from its program headers on;
   its header is made, with what the next 6 bytes say of the table, of the entry point and of what else
   is wrong.  */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/status.h"
#include "fuzz/machine/memory.h"
#include "node/proc/elf_load.h"

#include <hurd_abi.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

enum { WAY_BYTES = 4, HEADER_HINT_BYTES = 6, TAIL_PAGES_CHECKED = 2 };
enum way { LESS = 1, MORE = 2, BESIDE = 4, FAILS = 8, MAPS = 16, MAP_FAILS = 32, MAP_NOT = 64 };

struct file
{
  uint8_t *bytes;
  size_t size;
  uint8_t way;
  unsigned piece, good_reads;
};

static int
read_file (void *cookie, uint64_t offset, size_t want, vm_address_t *data, size_t *got)
{
  struct file *f = cookie;
  size_t beside = f->way & BESIDE ? 24 : 0;
  dr_assert (offset <= INT64_MAX);	/* -1 is the file's own pointer */
  *got = 0;
  if ((f->way & FAILS) && f->good_reads-- == 0)
    return HURD_EIO;
  size_t left = offset < f->size ? f->size - offset : 0, bytes = want < left ? want : left;
  if ((f->way & LESS) && bytes > f->piece)
    bytes = f->piece;
  if (f->way & MORE)
    bytes = left < want + f->piece ? left : want + f->piece;
  if (bytes == 0)
    return 0;
  uint8_t *pages = machine_own_new (beside + bytes);
  memcpy (pages + beside, f->bytes + offset, bytes);
  *data = (vm_address_t) pages + beside;
  *got = bytes;
  return 0;
}

static int
map_file (void *cookie, uint64_t offset, size_t size, mach_port_t task, vm_address_t address, vm_prot_t protection)
{
  struct file *f = cookie;
  dr_assert (task == MACHINE_OTHER);
  dr_assert (offset % vm_page_size == 0 && address % vm_page_size == 0 && size % vm_page_size == 0 && size > 0);
  if (f->way & MAP_NOT)
    return HURD_EOPNOTSUPP;
  if (f->way & MAP_FAILS)
    return HURD_EIO;
  size_t there = offset < f->size ? f->size - offset : 0;
  /* What is behind the end of the object is a fault when it is touched: here it is zeroes.  */
  return machine_other_put (address, f->bytes + (there > 0 ? offset : 0), there < size ? there : size, size, protection)
	 ? 0 : KERN_NO_SPACE;
}

/* --- What must have come of it ------------------------------------------------------------ */

static uint8_t
file_byte (const struct file *f, uint64_t offset)
{
  return offset < f->size ? f->bytes[offset] : 0;
}

static vm_prot_t
protection_at (uint64_t address, uint64_t *pages_end)
{
  const struct machine_range *r;
  for (unsigned i = 0; (r = machine_other (i)) != NULL; i++)
    if (address - r->start < r->bytes)
      {
	*pages_end = r->start + r->bytes;
	return r->protection;
      }
  dr_assert (!"a page of the segment is not there");
}

static uint64_t
check_segment (const struct file *f, const Elf64_Phdr *s)
{
  uint64_t start = trunc_page (s->p_vaddr), end = round_page (s->p_vaddr + s->p_memsz);
  vm_prot_t protection = (s->p_flags & PF_R ? VM_PROT_READ : 0) | (s->p_flags & PF_W ? VM_PROT_WRITE : 0)
			 | (s->p_flags & PF_X ? VM_PROT_EXECUTE : 0);
  for (uint64_t at = start; at < end;)
    {
      uint64_t next = 0;
      dr_assert (protection_at (at, &next) == protection);
      dr_assert (next <= end);
      at = next;
    }
  /* A file that maps may state more than it has; else all of it was read.  */
  dr_assert ((f->way & MAPS) || s->p_filesz == 0 || s->p_offset + s->p_filesz <= f->size);
  for (uint64_t i = 0; i < s->p_filesz && s->p_offset + i < f->size; i++)
    dr_assert (machine_other_byte (s->p_vaddr + i) == file_byte (f, s->p_offset + i));
  for (uint64_t i = s->p_filesz; i < s->p_memsz && i < s->p_filesz + TAIL_PAGES_CHECKED * vm_page_size; i++)
    dr_assert (machine_other_byte (s->p_vaddr + i) == 0);
  return end - start;
}

static void
check_program (const struct file *f, const struct elf_program *program)
{
  Elf64_Ehdr header;
  Elf64_Phdr segment;
  uint64_t expected = 0, bytes = 0;
  const struct machine_range *r;
  dr_assert (f->size >= sizeof header);
  memcpy (&header, f->bytes, sizeof header);
  dr_assert (program->entry == header.e_entry && program->phdr_size == header.e_phnum * sizeof segment);
  for (unsigned i = 0; i < header.e_phnum; i++)
    {
      uint64_t at = header.e_phoff + i * sizeof segment;
      dr_assert (at + sizeof segment <= f->size);
      memcpy (&segment, f->bytes + at, sizeof segment);
      dr_assert (segment.p_type != PT_INTERP);
      if (segment.p_type == PT_LOAD && segment.p_memsz > 0)
	expected += check_segment (f, &segment);
    }
  for (unsigned i = 0; (r = machine_other (i)) != NULL; i++)
    bytes += r->bytes;
  dr_assert (bytes == expected);
  for (uint64_t i = 0; program->phdr != 0 && i < program->phdr_size; i++)
    dr_assert (machine_other_byte (program->phdr + i) == file_byte (f, header.e_phoff + i));
}

/* The header by which it is a program, unless it is told to be none.  */
static void
put_header (uint8_t *bytes, const uint8_t hint[HEADER_HINT_BYTES])
{
  static const uint64_t far[] = { 0, sizeof (Elf64_Ehdr), INT64_MAX, UINT64_MAX, UINT64_C (1) << 63, 4096, 300, 1 };
  Elf64_Ehdr header = { .e_type = ET_EXEC, .e_machine = EM_X86_64, .e_phentsize = sizeof (Elf64_Phdr),
			.e_phnum = hint[0], .e_entry = hint[1] * UINT64_C (0x101),
			.e_phoff = hint[2] < 8 ? far[hint[2]] : sizeof header + hint[2] - 8 };
  memcpy (header.e_ident, ELFMAG, SELFMAG);
  header.e_ident[EI_CLASS] = ELFCLASS64;
  header.e_ident[EI_DATA] = ELFDATA2LSB;
  memcpy (bytes, &header, sizeof header);
  if (hint[3] < sizeof header)
    bytes[hint[3]] ^= hint[4];
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  if (size < WAY_BYTES + HEADER_HINT_BYTES)
    return 0;
  struct elf_program program;
  size_t file_bytes = sizeof (Elf64_Ehdr) + size - WAY_BYTES - HEADER_HINT_BYTES;
  struct file file = { malloc (file_bytes), file_bytes, data[0], 1 + data[1], data[2] };
  struct elf_source source = { read_file, data[0] & MAPS ? map_file : NULL, &file };
  put_header (file.bytes, data + WAY_BYTES);
  memcpy (file.bytes + sizeof (Elf64_Ehdr), data + WAY_BYTES + HEADER_HINT_BYTES, size - WAY_BYTES - HEADER_HINT_BYTES);
  if (data[WAY_BYTES + 5] < sizeof (Elf64_Ehdr))	/* a file that ends in its header */
    file.size = data[WAY_BYTES + 5];
  machine_memory_begin (data[3]);
  if (elf_load (MACHINE_OTHER, &source, &program) == 0)
    check_program (&file, &program);
  dr_assert (machine_own_pages () == 0);
  machine_memory_begin (0);
  free (file.bytes);
  return 0;
}
