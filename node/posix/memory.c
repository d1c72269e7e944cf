/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory: mmap and the like. */
#define _GNU_SOURCE
#include <string.h>
#include <sys/mman.h>
#include <hurd/fs.h>
#include "files.h"
#include "shared.h"

/* The processor cannot write or execute what it cannot read. */
static vm_prot_t protection(int prot)
{
	vm_prot_t mach = VM_PROT_NONE;
	if (prot & PROT_READ)
		mach |= VM_PROT_READ;
	if (prot & PROT_WRITE)
		mach |= VM_PROT_READ | VM_PROT_WRITE;
	if (prot & PROT_EXEC)
		mach |= VM_PROT_READ | VM_PROT_EXECUTE;
	return mach;
}

/* One vm_map.  A hint that is taken or out of range is only a hint.  FILE is whose
   OBJECT it is, a right that is taken over when the mapping is shared and succeeds. */
static kern_return_t map(unsigned long *address, size_t size, int flags, mach_port_t object, mach_port_t file,
			 long offset, vm_prot_t prot, vm_prot_t max_prot)
{
	bool is_shared = flags & MAP_SHARED;
	bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
	if ((flags & MAP_FIXED) && !(flags & MAP_FIXED_NOREPLACE & ~MAP_FIXED)) {
		syscall_vm_deallocate(mach_task_self(), *address, size);
		shared_remove(*address, *address + size);
	}
	for (;;) {
		vm_offset_t at = *address;
		kern_return_t error = syscall_vm_map(mach_task_self(), &at, size, 0, !fixed, object, offset,
						     !is_shared && object != MACH_PORT_NULL, prot, max_prot,
						     is_shared ? VM_INHERIT_SHARE : VM_INHERIT_COPY);
		if (error == KERN_SUCCESS) {
			if (is_shared && !shared_add(at, at + size, file)) {
				syscall_vm_deallocate(mach_task_self(), at, size);
				return KERN_RESOURCE_SHORTAGE;
			}
			*address = at;
			return KERN_SUCCESS;
		}
		if (fixed || *address == 0)
			return error;
		*address = 0;
	}
}

static long map_anonymous(unsigned long address, size_t size, int prot, int flags)
{
	kern_return_t error = map(&address, size, flags, MACH_PORT_NULL, MACH_PORT_NULL, 0, protection(prot), VM_PROT_ALL);
	if (error == KERN_NO_SPACE && flags & MAP_FIXED_NOREPLACE)
		return -EEXIST;
	return error ? -ENOMEM : (long)address;
}

/* The file's own memory object.  A shared mapping keeps the file, for msync. */
static long map_object(unsigned long address, size_t size, int prot, int flags, int fd, long offset)
{
	mach_port_t readable = MACH_PORT_NULL, writable = MACH_PORT_NULL, file = MACH_PORT_NULL;
	long result = posix_file_map(fd, &readable, &writable, flags & MAP_SHARED ? &file : NULL);
	if (result)
		return result;

	bool to_write = flags & MAP_SHARED && prot & PROT_WRITE;
	mach_port_t object = flags & MAP_SHARED && MACH_PORT_VALID(writable) ? writable : readable;
	if (to_write)
		object = writable;
	/* The processor reads what it writes, so POSIX lets a file that is open for
	   writing only be refused. */
	if (!MACH_PORT_VALID(object) || !MACH_PORT_VALID(readable)) {
		result = -EACCES;
	} else if (flags & MAP_SHARED && file == MACH_PORT_NULL) {
		result = -EAGAIN;	/* no further reference: the port just died, or has too many */
	} else {
		vm_prot_t max_prot = flags & MAP_SHARED && !MACH_PORT_VALID(writable) ?
			VM_PROT_READ | VM_PROT_EXECUTE : VM_PROT_ALL;
		kern_return_t error = map(&address, size, flags, object, file, offset, protection(prot), max_prot);
		result = error == KERN_NO_SPACE || error == KERN_RESOURCE_SHORTAGE ? -ENOMEM :
			error ? posix_error(error) : (long)address;
		if (!error)
			file = MACH_PORT_NULL;
	}
	drop_port(readable);
	drop_port(writable);
	drop_port(file);
	return result;
}

/* A private copy, for files whose server offers no memory object. */
static long map_by_reading(unsigned long address, size_t size, int prot, int flags, int fd, long offset)
{
	long at = map_anonymous(address, size, PROT_READ | PROT_WRITE, flags);
	for (size_t done = 0; at > 0 && done < size;) {
		long got = posix_file_read_at(fd, (char *)at + done, size - done, offset + done);
		if (got < 0) {
			syscall_vm_deallocate(mach_task_self(), at, size);
			return got;
		}
		if (got == 0)
			break;
		done += got;
	}
	if (at > 0)
		vm_protect(mach_task_self(), at, size, FALSE, protection(prot));
	return at;
}

long sys_mmap(void *hint, size_t length, int prot, int flags, int fd, long offset)
{
	unsigned long address = (unsigned long)hint & -POSIX_PAGE_SIZE;
	size_t size = POSIX_PAGE_ROUND(length);

	if (length == 0 || offset < 0 || offset & (POSIX_PAGE_SIZE - 1) || !(flags & (MAP_SHARED | MAP_PRIVATE)))
		return -EINVAL;
	if (size < length)
		return -ENOMEM;
	if (flags & MAP_ANONYMOUS)
		return map_anonymous(address, size, prot, flags);
	long result = map_object(address, size, prot, flags, fd, offset);
	bool unsupported = result == -ENODEV || result == -EOPNOTSUPP || result == -ENOSYS;
	if (unsupported && !(flags & MAP_SHARED && prot & PROT_WRITE))
		return map_by_reading(address, size, prot, (flags & ~MAP_SHARED) | MAP_PRIVATE, fd, offset);
	return unsupported ? -ENODEV : result;
}

long sys_munmap(void *address, size_t length)
{
	unsigned long start = (unsigned long)address;
	if (start & (POSIX_PAGE_SIZE - 1) || length == 0)
		return -EINVAL;
	shared_remove(start, start + POSIX_PAGE_ROUND(length));
	return posix_error(syscall_vm_deallocate(mach_task_self(), start, POSIX_PAGE_ROUND(length)));
}

long sys_mprotect(void *address, size_t length, int prot)
{
	if ((unsigned long)address & (POSIX_PAGE_SIZE - 1))
		return -EINVAL;
	kern_return_t error = vm_protect(mach_task_self(), (vm_offset_t)address, POSIX_PAGE_ROUND(length), FALSE,
					 protection(prot));
	return error == KERN_PROTECTION_FAILURE ? -EACCES : error ? -ENOMEM : 0;
}

/* Moves pages without copying bytes where the kernel can.  New memory takes
   read and write access, which is what everyone who grows a mapping has. */
static long move_pages(unsigned long from, size_t old_size, size_t new_size)
{
	long to = map_anonymous(0, new_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	if (to < 0)
		return to;
	if (vm_copy(mach_task_self(), from, old_size < new_size ? old_size : new_size, to))
		memcpy((void *)to, (void *)from, old_size < new_size ? old_size : new_size);
	syscall_vm_deallocate(mach_task_self(), from, old_size);
	return to;
}

long sys_mremap(void *address, size_t old_length, size_t new_length, int flags, void *wanted)
{
	unsigned long at = (unsigned long)address;
	size_t old_size = POSIX_PAGE_ROUND(old_length), new_size = POSIX_PAGE_ROUND(new_length);

	if (at & (POSIX_PAGE_SIZE - 1) || new_size == 0 || flags & MREMAP_FIXED)
		return -EINVAL;
	if (new_size <= old_size) {
		if (new_size < old_size)
			sys_munmap((void *)(at + new_size), old_size - new_size);
		return at;
	}
	if (shared_kind(address) != POSIX_PRIVATE)
		return -ENOMEM;
	vm_offset_t tail = at + old_size;
	if (syscall_vm_allocate(mach_task_self(), &tail, new_size - old_size, FALSE) == KERN_SUCCESS)
		return at;
	return flags & MREMAP_MAYMOVE ? move_pages(at, old_size, new_size) : -ENOMEM;
}

/* Dropping pages must show zeroes afterwards; other advice may be ignored. */
long sys_madvise(void *address, size_t length, int advice)
{
	if (advice != MADV_DONTNEED || shared_kind(address) != POSIX_PRIVATE)
		return 0;
	vm_offset_t at = (vm_offset_t)address;
	size_t size = POSIX_PAGE_ROUND(length);
	if (syscall_vm_deallocate(mach_task_self(), at, size))
		return -EINVAL;
	return syscall_vm_map(mach_task_self(), &at, size, 0, FALSE, MACH_PORT_NULL, 0, FALSE,
			      VM_PROT_READ | VM_PROT_WRITE, VM_PROT_ALL, VM_INHERIT_COPY) ? -ENOMEM : 0;
}

/* What any kernel has changed goes to the file, of which more than the range may be
   written.  Others see changes without that: the mappings are coherent. */
long sys_msync(void *address, size_t length, int flags)
{
	unsigned long start = (unsigned long)address, end = start + POSIX_PAGE_ROUND(length);
	mach_port_t file;
	long result = 0;

	if (start & (POSIX_PAGE_SIZE - 1) || flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC) || (flags & MS_ASYNC && flags & MS_SYNC))
		return -EINVAL;
	if (end < start)
		return -ENOMEM;
	while (result == 0 && (file = shared_next_file(&start, end)) != MACH_PORT_NULL) {
		int error = INTERRUPTIBLE(file_sync(file, (flags & MS_SYNC) != 0, 1));
		drop_port(file);
		result = error == HURD_EOPNOTSUPP ? 0 : posix_error(error);
	}
	return result;
}

/* musl's malloc then takes all its memory from mmap. */
long sys_brk(void *end)
{
	return 0;
}

long sys_mlock(const void *address, size_t length)
{
	return 0;
}

long sys_munlock(const void *address, size_t length)
{
	return 0;
}
