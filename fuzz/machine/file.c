/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz/machine/file.h"

#include <elf.h>
#include <sanitizer/asan_interface.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include <hurd/io.h>
#include <hurd_abi.h>

#include "core/base/status.h"
#include "fuzz/machine/memory.h"
#include "fuzz/machine/ports.h"

enum { PAGE = MACHINE_PAGE_BYTES, TEXT_PAGES = 2, DATA_BYTES = 40, BESIDE_BYTES = 24, PIECE_BYTES = 100, SIZES = 8, AGES = 8 };
enum { TEXT_ADDRESS = 0x10000, DATA_ADDRESS = 0x20000, BSS_BYTES = 3 * PAGE };

/* Its text is whole pages; its data begins with a page of the file and goes on with zeroes.  */
static struct
{
  Elf64_Ehdr header;
  Elf64_Phdr segment[2];
  uint8_t text[TEXT_PAGES * PAGE - sizeof (Elf64_Ehdr) - 2 * sizeof (Elf64_Phdr)];
  uint8_t data[DATA_BYTES];
} program =
{
  .header = { .e_ident = { ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB }, .e_type = ET_EXEC,
	      .e_machine = EM_X86_64, .e_entry = TEXT_ADDRESS + 200, .e_phoff = sizeof (Elf64_Ehdr),
	      .e_phentsize = sizeof (Elf64_Phdr), .e_phnum = 2 },
  .segment = {
    { .p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_vaddr = TEXT_ADDRESS, .p_filesz = TEXT_PAGES * PAGE,
      .p_memsz = TEXT_PAGES * PAGE },
    { .p_type = PT_LOAD, .p_flags = PF_R | PF_W, .p_offset = TEXT_PAGES * PAGE, .p_vaddr = DATA_ADDRESS,
      .p_filesz = DATA_BYTES, .p_memsz = BSS_BYTES },
  },
};

static const size_t program_bytes = offsetof (__typeof__ (program), data) + DATA_BYTES;

static struct
{
  struct machine_file file;
  struct client *client;
  bool (*fails) (void);
  unsigned calls;
  int64_t changes;
} now;

void
machine_file_begin (const struct machine_file *file, struct client *client, bool (*fails) (void))
{
  now.file = *file;
  now.client = client;
  now.fails = fails;
  now.calls = 0;
}

bool
machine_file_is_sound (const struct machine_file *file)
{
  /* What is read beside a page is copied, and what is too much thrown away.  */
  return !(file->way & (FILE_FAILS | FILE_CHANGES | FILE_MAPS_NOTHING)) && file->version % SIZES == 0;
}

/* How a call of the server's ends before it does anything.  */
static kern_return_t
begin_call (mach_port_t file)
{
  uint32_t type;
  if (mk_type (machine_task (), file, &type) != MK_SUCCESS || !(type & MK_TYPE_SEND))
    return MACH_SEND_INVALID_DEST;
  if ((now.file.way & FILE_FAILS) && now.calls++ >= now.file.good_calls)
    return HURD_EIO;
  return KERN_SUCCESS;
}

kern_return_t
io_stat (mach_port_t file, io_statbuf_t *status)
{
  const int64_t size[SIZES] = { (int64_t) program_bytes, 1, (int64_t) program_bytes + 1, PAGE, 1 << 20, INT64_MAX, 0, -1 };
  const int64_t age[AGES] = { 1, 2, INT64_MAX, INT64_MIN, INT64_MAX - 1, time (NULL), 3, 4 };
  kern_return_t error = begin_call (file);
  if (error)
    return error;
  memset (status, 0, sizeof *status);
  status->st_size = size[now.file.version % SIZES];
  status->st_mtim.tv_sec = age[now.file.version / SIZES % AGES];
  status->st_ctim.tv_sec = now.file.way & FILE_CHANGES ? ++now.changes : 0;
  return KERN_SUCCESS;
}

kern_return_t
io_identity (mach_port_t file, mach_port_t *identity, mach_port_t *filesystem, ino64_t *number)
{
  kern_return_t error = begin_call (file);
  if (error)
    return error;
  *identity = now.file.way & FILE_HAS_NO_IDENTITY ? MACH_PORT_NULL : client_right_to_own (now.client, now.file.version / (SIZES * AGES));
  *filesystem = client_right_to_own (now.client, 2);
  *number = 1;
  return KERN_SUCCESS;
}

kern_return_t
io_map (mach_port_t file, mach_port_t *readable, mach_port_t *writable)
{
  kern_return_t error = begin_call (file);
  if (error)
    return error;
  if (!(now.file.way & FILE_MAPS))
    return HURD_EOPNOTSUPP;
  *readable = now.file.way & FILE_MAPS_NOTHING ? MACH_PORT_NULL : client_right_to_own (now.client, 1);
  *writable = client_right_to_own (now.client, 1);
  return KERN_SUCCESS;
}

kern_return_t
io_read (mach_port_t file, data_t *data, mach_msg_type_number_t *count, loff_t offset, vm_size_t amount)
{
  kern_return_t error = begin_call (file);
  if (error)
    return error;
  dr_assert (offset >= 0);		/* -1 is the file's own pointer */
  size_t left = (uint64_t) offset < program_bytes ? program_bytes - (size_t) offset : 0;
  size_t bytes = amount < left ? amount : left, beside = now.file.way & FILE_READS_BESIDE ? BESIDE_BYTES : 0;
  if ((now.file.way & FILE_READS_LESS) && bytes > PIECE_BYTES)
    bytes = PIECE_BYTES;
  if (now.file.way & FILE_READS_MORE)
    bytes = left < amount + PIECE_BYTES ? left : amount + PIECE_BYTES;
  *count = (mach_msg_type_number_t) bytes;
  if (bytes == 0)
    return KERN_SUCCESS;
  *data = (char *) machine_own_new (beside + bytes) + beside;
  memcpy (*data, (const char *) &program + offset, bytes);
  return KERN_SUCCESS;
}

/* --- The kernel's calls ---------------------------------------------------------------------- */

kern_return_t
vm_read (mach_port_t task, vm_address_t address, vm_size_t bytes, vm_offset_t *data, mach_msg_type_number_t *count)
{
  dr_assert (task == MACHINE_SELF && address % PAGE == 0 && bytes % PAGE == 0 && bytes > 0);
  if (now.fails ())
    return KERN_RESOURCE_SHORTAGE;
  *data = (vm_offset_t) machine_own_new (bytes);
  memcpy ((void *) *data, (const void *) address, bytes);
  *count = (mach_msg_type_number_t) bytes;
  return KERN_SUCCESS;
}

/* In our own task nobody touches what is mapped: its pager may never answer.  */
kern_return_t
vm_map (mach_port_t task, vm_address_t *address, vm_size_t bytes, vm_address_t mask, boolean_t anywhere, mach_port_t object,
	vm_offset_t offset, boolean_t copy, vm_prot_t current, vm_prot_t most, vm_inherit_t inheritance)
{
  uint32_t type;
  dr_assert (mk_type (machine_task (), object, &type) == MK_SUCCESS && (offset | bytes) % PAGE == 0 && bytes > 0);
  if (now.fails () || !(type & MK_TYPE_SEND))
    return KERN_INVALID_ARGUMENT;
  if (task != MACHINE_SELF)
    {
      size_t left = offset < program_bytes ? program_bytes - offset : 0;
      dr_assert (!anywhere && copy);
      return machine_other_put (*address, (const char *) &program + (left > 0 ? offset : 0), left < bytes ? left : bytes,
				bytes, current) ? KERN_SUCCESS : KERN_NO_SPACE;
    }
  dr_assert (anywhere && !(current & VM_PROT_WRITE));
  if (bytes > MACHINE_OWN_BYTES_MAX)
    return KERN_NO_SPACE;
  *address = (vm_address_t) machine_own_new (bytes);
  ASAN_POISON_MEMORY_REGION ((void *) *address, bytes);
  return KERN_SUCCESS;
}
