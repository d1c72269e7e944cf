/* SPDX-License-Identifier: GPL-2.0-or-later */
/* musl's way into the system.  There is no kernel below that understands these
   numbers: every call goes to node/posix, which maps it onto Mach and the
   Hurd's protocols. */
#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

long posix_syscall(long number, long a, long b, long c, long d, long e, long f);

static __inline long __syscall0(long n)
{
	return posix_syscall(n, 0, 0, 0, 0, 0, 0);
}

static __inline long __syscall1(long n, long a)
{
	return posix_syscall(n, a, 0, 0, 0, 0, 0);
}

static __inline long __syscall2(long n, long a, long b)
{
	return posix_syscall(n, a, b, 0, 0, 0, 0);
}

static __inline long __syscall3(long n, long a, long b, long c)
{
	return posix_syscall(n, a, b, c, 0, 0, 0);
}

static __inline long __syscall4(long n, long a, long b, long c, long d)
{
	return posix_syscall(n, a, b, c, d, 0, 0);
}

static __inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
	return posix_syscall(n, a, b, c, d, e, 0);
}

static __inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
	return posix_syscall(n, a, b, c, d, e, f);
}

#define IPC_64 0
