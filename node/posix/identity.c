/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who and where we are: uname, sysinfo, limits, user ids. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <mach/vm_statistics.h>
#include "posix.h"

enum { STACK_LIMIT_BYTES = 1 << 20, DESCRIPTOR_LIMIT = 1024 };

/* The first word of /etc/hostname, else "drove". */
static void read_node_name(char *name, size_t size)
{
	long fd = posix_syscall(SYS_openat, AT_FDCWD, (long)"/etc/hostname", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long got = fd < 0 ? 0 : posix_syscall(SYS_read, fd, (long)name, size - 1, 0, 0, 0);
	if (fd >= 0)
		posix_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	name[got > 0 ? got : 0] = '\0';
	name[strcspn(name, " \t\r\n")] = '\0';
	if (!name[0])
		strcpy(name, "drove");
}

long sys_uname(struct utsname *out)
{
	memset(out, 0, sizeof *out);
	strcpy(out->sysname, "Drove");
	strcpy(out->release, "0.1");
	strcpy(out->machine, "x86_64");
	read_node_name(out->nodename, sizeof out->nodename);

	mach_port_t host = mach_host_self();
	kernel_version_t version = "";
	if (host_get_kernel_version(host, version))
		strcpy(version, "GNU Mach");
	mach_port_deallocate(mach_task_self(), host);
	snprintf(out->version, sizeof out->version, "%s", version);
	return 0;
}

long sys_sysinfo(struct sysinfo *out)
{
	vm_statistics_data_t pages;
	memset(out, 0, sizeof *out);
	if (vm_statistics(mach_task_self(), &pages))
		return -EFAULT;
	out->uptime = posix_monotonic_ns() / NS_PER_SECOND;
	out->mem_unit = 1;
	out->freeram = (unsigned long)pages.free_count * pages.pagesize;
	out->totalram = ((unsigned long)pages.free_count + pages.active_count + pages.inactive_count + pages.wire_count) *
		pages.pagesize;
	return 0;
}

/* There are no limits but these, and none can be set lower. */
long sys_prlimit64(int pid, int which, const struct rlimit *new_limit, struct rlimit *old_limit)
{
	if (!old_limit)
		return 0;
	*old_limit = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	if (which == RLIMIT_STACK)
		*old_limit = (struct rlimit){ STACK_LIMIT_BYTES, STACK_LIMIT_BYTES };
	if (which == RLIMIT_NOFILE)
		*old_limit = (struct rlimit){ DESCRIPTOR_LIMIT, DESCRIPTOR_LIMIT };
	if (which == RLIMIT_CORE)
		*old_limit = (struct rlimit){ 0, 0 };
	return 0;
}

long sys_getrlimit(int which, struct rlimit *limit)
{
	return sys_prlimit64(0, which, NULL, limit);
}

long sys_setrlimit(int which, const struct rlimit *limit)
{
	return 0;
}

/* Every process of a node is its administrator; rights are restricted at the
   servers, by io_restrict_auth and file_reparent. */
long sys_getuid(void)
{
	return 0;
}

long sys_geteuid(void)
{
	return 0;
}

long sys_getgid(void)
{
	return 0;
}

long sys_getegid(void)
{
	return 0;
}

long sys_getgroups(int size, unsigned *groups)
{
	return 0;
}

/* Names of threads and the like: accepted, without effect. */
long sys_prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	return 0;
}
