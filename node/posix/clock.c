/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks and sleeping.  What a clock shows now comes from clock_page.c. */
#define _GNU_SOURCE
#include <string.h>
#include <time.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/times.h>
#include "posix.h"

enum { CLOCK_TICKS_PER_SECOND = 100, SLEEP_MS_MAX = 1000000, SWITCH_WAIT = 2 };

static long ns_of(const struct timespec *time)
{
	return time->tv_sec * NS_PER_SECOND + time->tv_nsec;
}

static long task_time_ns(void)
{
	struct task_thread_times_info live;
	struct task_basic_info dead;
	mach_msg_type_number_t count = TASK_THREAD_TIMES_INFO_COUNT;
	if (task_info(mach_task_self(), TASK_THREAD_TIMES_INFO, (task_info_t)&live, &count))
		return 0;
	count = TASK_BASIC_INFO_COUNT;
	if (task_info(mach_task_self(), TASK_BASIC_INFO, (task_info_t)&dead, &count))
		return 0;
	return (live.user_time.seconds + live.system_time.seconds + dead.user_time.seconds + dead.system_time.seconds) *
		       NS_PER_SECOND +
	       ((long)live.user_time.microseconds + live.system_time.microseconds + dead.user_time.microseconds +
		dead.system_time.microseconds) * 1000;
}

static long clock_ns(int clock)
{
	switch (clock) {
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		return posix_realtime_ns();
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_RAW:
	case CLOCK_MONOTONIC_COARSE:
	case CLOCK_BOOTTIME:
		return posix_monotonic_ns();
	case CLOCK_PROCESS_CPUTIME_ID:
	case CLOCK_THREAD_CPUTIME_ID:
		return task_time_ns();
	}
	return -EINVAL;
}

long sys_clock_gettime(int clock, struct timespec *out)
{
	long ns = clock_ns(clock);
	if (ns < 0)
		return ns;
	*out = (struct timespec){ .tv_sec = ns / NS_PER_SECOND, .tv_nsec = ns % NS_PER_SECOND };
	return 0;
}

long sys_clock_getres(int clock, struct timespec *out)
{
	if (clock_ns(clock) < 0)
		return -EINVAL;
	if (out)
		*out = (struct timespec){ .tv_nsec = POSIX_TICK_NS };
	return 0;
}

long sys_clock_settime(int clock, const struct timespec *time)
{
	return -EPERM;
}

long sys_gettimeofday(struct timeval *out, void *zone)
{
	long ns = posix_realtime_ns();
	if (out)
		*out = (struct timeval){ .tv_sec = ns / NS_PER_SECOND, .tv_usec = ns % NS_PER_SECOND / 1000 };
	return 0;
}

static long sleep_once(long left_ns)
{
	long ms = (left_ns + NS_PER_MS - 1) / NS_PER_MS;
	thread_switch(MACH_PORT_NULL, SWITCH_WAIT, ms < SLEEP_MS_MAX ? ms : SLEEP_MS_MAX);
	return posix_interrupted() ? -EINTR : 0;
}

long posix_sleep_until(long until_ns)
{
	long result = 0;
	posix_interruptible_begin();
	for (;;) {
		long left = until_ns - posix_monotonic_ns();
		if (left <= 0)
			break;
		if (posix_interrupted() || (result = sleep_once(left))) {
			result = -EINTR;
			break;
		}
	}
	posix_interruptible_end();
	return result;
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec *time, struct timespec *remaining)
{
	long now = clock_ns(clock);
	if (now < 0 || time->tv_nsec < 0 || time->tv_nsec >= NS_PER_SECOND || time->tv_sec < 0)
		return -EINVAL;
	long ns = time->tv_sec > NS_PER_SECOND ? NS_PER_SECOND * NS_PER_SECOND : ns_of(time);
	long wait = flags & TIMER_ABSTIME ? ns - now : ns;
	if (wait <= 0)
		return 0;
	long until = posix_monotonic_ns() + wait, result = posix_sleep_until(until);
	if (result && remaining && !(flags & TIMER_ABSTIME)) {
		long left = until - posix_monotonic_ns();
		left = left > 0 ? left : 0;
		*remaining = (struct timespec){ .tv_sec = left / NS_PER_SECOND, .tv_nsec = left % NS_PER_SECOND };
	}
	return result;
}

long sys_nanosleep(const struct timespec *time, struct timespec *remaining)
{
	return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, time, remaining);
}

long sys_times(struct tms *out)
{
	if (out)
		*out = (struct tms){ .tms_utime = task_time_ns() / (NS_PER_SECOND / CLOCK_TICKS_PER_SECOND) };
	return posix_monotonic_ns() / (NS_PER_SECOND / CLOCK_TICKS_PER_SECOND);
}

long sys_getrusage(int who, struct rusage *out)
{
	memset(out, 0, sizeof *out);
	if (who == RUSAGE_SELF) {
		long ns = task_time_ns();
		out->ru_utime = (struct timeval){ .tv_sec = ns / NS_PER_SECOND, .tv_usec = ns % NS_PER_SECOND / 1000 };
	}
	return 0;
}
