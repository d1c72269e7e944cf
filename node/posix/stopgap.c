/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Weak stand-ins until the real ones are here; to be removed then. */
#include <string.h>
#include "posix.h"

int hurd_to_errno(int error);

__attribute__((weak)) int hurd_to_errno(int error)
{
	return error == 0 ? 0 : error == KERN_NO_SPACE ? ENOMEM : EINVAL;
}

__attribute__((weak)) long sys_write(int fd, const void *buffer, size_t size)
{
	for (size_t done = 0; done < size;) {
		char part[128];
		size_t n = size - done < sizeof part - 1 ? size - done : sizeof part - 1;
		memcpy(part, (const char *)buffer + done, n);
		part[n] = '\0';
		mach_print(part);
		done += n;
	}
	return size;
}

__attribute__((weak)) long sys_writev(int fd, const struct iovec *parts, int count)
{
	long total = 0;
	for (int i = 0; i < count; i++)
		total += sys_write(fd, parts[i].iov_base, parts[i].iov_len);
	return total;
}

__attribute__((weak)) long sys_exit_group(int status)
{
	if (posix_boot_host_priv)
		host_reboot(posix_boot_host_priv, 0);
	for (;;)
		task_terminate(mach_task_self());
}
