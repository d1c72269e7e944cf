/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the first instruction to libc's own start.

   A task with a bootstrap port asks it, by the Hurd's exec_startup protocol,
   for its arguments and ports.  A task without one was started by the kernel's
   boot script and finds its arguments on the stack.  Either way libc is given
   the vector that it expects: argc, argv, envp and an auxiliary vector. */
#define _GNU_SOURCE
#include <elf.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mach/task_special_ports.h>
#include <hurd/exec_startup.h>
#include <hurd/hurd_types.h>
#include "posix.h"

enum {
	BOOT_ARGUMENTS_MAX = 64,
	AUX_WORDS = 2 * 8,
};

mach_port_t mach_task_self_;
mach_port_t posix_boot_host_priv, posix_boot_device_master;
struct posix_startup posix_startup;
char **posix_argv;

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));
int __libc_start_main(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void));

void posix_debug(const char *format, ...)
{
	char line[256];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	mach_print(line);
}

/* Appends the auxiliary vector at SLOT. */
static void put_auxv(unsigned long *slot)
{
	static unsigned long random_bytes[2];
	posix_random(random_bytes, sizeof random_bytes);
	const unsigned long pairs[AUX_WORDS] = {
		AT_PAGESZ, POSIX_PAGE_SIZE,
		AT_PHDR, (unsigned long)&__ehdr_start + __ehdr_start.e_phoff,
		AT_PHNUM, __ehdr_start.e_phnum,
		AT_PHENT, __ehdr_start.e_phentsize,
		AT_RANDOM, (unsigned long)random_bytes,
		AT_ENTRY, __ehdr_start.e_entry,
		AT_NULL, 0,
	};
	memcpy(slot, pairs, sizeof pairs);
}

static void *pages(size_t size)
{
	vm_offset_t address = 0;
	if (syscall_vm_allocate(mach_task_self_, &address, POSIX_PAGE_ROUND(size), TRUE)) {
		mach_print("start: no memory for the arguments\n");
		for (;;)
			task_terminate(mach_task_self_);
	}
	return (void *)address;
}

/* The boot script's line: NAME HOST-PRIV DEVICE-MASTER WORD...; the two ports
   are decimal names and are taken out of what main sees. */
static unsigned long *boot_vector(unsigned long *stack)
{
	long argc = stack[0];
	char **argv = (char **)(stack + 1);
	int hidden = 0;

	if (argc > 2 && argc < BOOT_ARGUMENTS_MAX) {
		posix_boot_host_priv = strtoul(argv[1], NULL, 10);
		posix_boot_device_master = strtoul(argv[2], NULL, 10);
		hidden = 2;
	}
	unsigned long *vector = pages((argc + 3 + AUX_WORDS) * sizeof *vector), *slot = vector;
	*slot++ = argc - hidden;
	for (long i = 0; i < argc; i++)
		if (i == 0 || i > hidden)
			*slot++ = (unsigned long)argv[i];
	*slot++ = 0;	/* end of argv; envp is empty */
	*slot++ = 0;
	put_auxv(slot);
	return vector;
}

static size_t count_strings(const char *block, size_t size)
{
	size_t count = 0;
	for (const char *at = block; at < block + size; at += strnlen(at, block + size - at) + 1)
		count++;
	return count;
}

static unsigned long *put_strings(unsigned long *slot, const char *block, size_t size)
{
	for (const char *at = block; at < block + size; at += strnlen(at, block + size - at) + 1)
		*slot++ = (unsigned long)at;
	*slot++ = 0;
	return slot;
}

/* Asks BOOTSTRAP who we are. */
static unsigned long *exec_vector(mach_port_t bootstrap)
{
	vm_address_t entry, phdr, stack_base;
	vm_size_t phdr_size, stack_size;
	int flags;
	char *argv = NULL, *envp = NULL;
	mach_msg_type_number_t argv_size = 0, envp_size = 0;
	struct posix_startup *s = &posix_startup;

	kern_return_t error = exec_startup_get_info(bootstrap, &entry, &phdr, &phdr_size, &stack_base, &stack_size,
						    &flags, &argv, &argv_size, &envp, &envp_size, &s->fds, &s->fd_count,
						    &s->ports, &s->port_count, &s->ints, &s->int_count);
	if (error) {
		argv_size = envp_size = 0;
		*s = (struct posix_startup){ 0 };
	}
	/* From now on the task's bootstrap port is the one of whoever started the
	   program; a translator finds its fsys_startup there. */
	task_set_bootstrap_port(mach_task_self_, s->port_count > INIT_PORT_BOOTSTRAP ?
				s->ports[INIT_PORT_BOOTSTRAP] : MACH_PORT_NULL);
	/* The last byte of each block ends its last string, whatever was sent. */
	if (argv_size)
		argv[argv_size - 1] = '\0';
	if (envp_size)
		envp[envp_size - 1] = '\0';

	size_t words = 3 + count_strings(argv, argv_size) + count_strings(envp, envp_size) + AUX_WORDS;
	unsigned long *vector = pages(words * sizeof *vector);
	vector[0] = count_strings(argv, argv_size);
	unsigned long *slot = put_strings(vector + 1, argv, argv_size);
	put_auxv(put_strings(slot, envp, envp_size));
	return vector;
}

/* Between libc's set-up of the thread pointer and main; runs as its first constructor. */
static __attribute__((constructor(101))) void start_subjects(void)
{
	if (posix_files_start)
		posix_files_start(&posix_startup);
	if (posix_process_start)
		posix_process_start(&posix_startup);
}

void posix_start(unsigned long *stack, int (*entry)(int, char **, char **));
void posix_stand_in_thread(void);

void posix_start(unsigned long *stack, int (*entry)(int, char **, char **))
{
	mach_port_t bootstrap = MACH_PORT_NULL;
	mach_task_self_ = (mach_task_self)();
	posix_stand_in_thread();
	task_get_bootstrap_port(mach_task_self_, &bootstrap);

	unsigned long *vector = MACH_PORT_VALID(bootstrap) ? exec_vector(bootstrap) : boot_vector(stack);
	if (MACH_PORT_VALID(bootstrap))
		mach_port_deallocate(mach_task_self_, bootstrap);
	posix_argv = (char **)(vector + 1);
	__libc_start_main(entry, vector[0], (char **)(vector + 1), NULL, NULL, NULL);
}
