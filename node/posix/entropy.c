/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random numbers: ChaCha20 (RFC 8439's block function) with fast key erasure.

   The key is mixed from
     - the processor's RDRAND, where cpuid has it (QEMU: -cpu max, or any host
       processor of the last decade): 64 words, of which a quarter would do;
     - /etc/random-seed, a file of the node's own boot image, where it exists:
       read once at the first demand that comes after files work;
     - the time, the cycle counter and the task's addresses and ports, which
       make processes differ but are not counted as entropy.
   Without RDRAND and without a seed the numbers are distinct, not secret;
   getrandom then fails with EAGAIN rather than let a program make keys.

   A state belongs to one process: a fork's child mixes anew. */
#define _GNU_SOURCE
#include <cpuid.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <x86intrin.h>
#include "chacha.h"
#include "posix.h"

enum { WORDS = CHACHA_WORDS, KEY_WORDS = CHACHA_KEY_WORDS, RDRAND_WORDS = 64, RDRAND_TRIES = 32, SEED_BYTES_MAX = 512 };

static struct {
	volatile int lock;
	uint32_t key[KEY_WORDS];
	uint64_t blocks;
	bool mixed, strong, seed_read;
} pool;

/* Makes the key a function of itself and of DATA: each 32 bytes are added and
   the sum is passed through the block function, which cannot be run backwards. */
static void mix(const void *data, size_t size)
{
	for (size_t done = 0; done < size; done += sizeof pool.key) {
		unsigned char part[sizeof pool.key] = { 0 };
		uint32_t words[KEY_WORDS], block[WORDS];
		size_t n = size - done < sizeof part ? size - done : sizeof part;
		memcpy(part, (const char *)data + done, n);
		memcpy(words, part, sizeof words);
		for (int i = 0; i < KEY_WORDS; i++)
			pool.key[i] ^= words[i];
		chacha_block(pool.key, pool.blocks++, size, block);
		memcpy(pool.key, block, sizeof pool.key);
	}
}

static bool has_rdrand(void)
{
	unsigned a, b, c = 0, d;
	return __get_cpuid(1, &a, &b, &c, &d) && c & bit_RDRND;
}

__attribute__((target("rdrnd"))) static bool mix_rdrand(void)
{
	unsigned long long words[RDRAND_WORDS];
	int got = 0;
	for (int i = 0; i < RDRAND_WORDS; i++)
		for (int try = 0; try < RDRAND_TRIES; try++)
			if (_rdrand64_step(&words[i])) {
				got++;
				break;
			}
	if (got < RDRAND_WORDS)
		return false;
	mix(words, sizeof words);
	return true;
}

static void mix_circumstances(void)
{
	struct { uint64_t tsc; time_value64_t time; const void *stack; mach_port_t host, reply; } here = { 0 };
	mach_port_t host = mach_host_self();
	here.tsc = __rdtsc();
	here.host = host;
	here.reply = posix_self()->thread;
	here.stack = &here;
	host_get_time64(host, &here.time);
	mach_port_deallocate(mach_task_self(), host);
	mix(&here, sizeof here);
}

/* Only when files work, that is, not for the stack guard of start.c. */
static void mix_seed_file(void)
{
	unsigned char seed[SEED_BYTES_MAX];
	if (!posix_files_start || posix_startup.fd_count == 0)
		return;
	pool.seed_read = true;
	long fd = posix_syscall(SYS_openat, AT_FDCWD, (long)"/etc/random-seed", O_RDONLY | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return;
	long got = posix_syscall(SYS_read, fd, (long)seed, sizeof seed, 0, 0, 0);
	posix_syscall(SYS_close, fd, 0, 0, 0, 0, 0);
	if (got > 0)
		mix(seed, got);
	if (got >= (long)sizeof pool.key)
		pool.strong = true;
}

static void prepare(void)
{
	if (!pool.mixed) {
		pool.mixed = true;
		pool.strong |= has_rdrand() && mix_rdrand();
		mix_circumstances();
	}
	if (!pool.seed_read)
		mix_seed_file();
}

static void lock(void)
{
	while (__atomic_exchange_n(&pool.lock, 1, __ATOMIC_ACQUIRE))
		swtch_pri(0);
}

static void unlock(void)
{
	__atomic_store_n(&pool.lock, 0, __ATOMIC_RELEASE);
}

/* Each demand begins with a block whose first half becomes the next key, so
   that a later look at this memory does not tell what was given out. */
static bool generate(unsigned char *out, size_t size)
{
	uint32_t key[KEY_WORDS], block[WORDS];

	lock();
	prepare();
	memcpy(key, pool.key, sizeof key);
	chacha_block(key, 0, 0, block);
	memcpy(pool.key, block, sizeof pool.key);
	bool strong = pool.strong;
	unlock();

	for (uint64_t counter = 1; size > 0; counter++) {
		chacha_block(key, counter, 0, block);
		size_t n = size < sizeof block ? size : sizeof block;
		memcpy(out, block, n);
		out += n;
		size -= n;
	}
	return strong;
}

void posix_random(void *buffer, size_t size)
{
	generate(buffer, size);
}

void posix_entropy_after_fork(void)
{
	pool.lock = 0;
	pool.mixed = false;	/* the key stays, as one more input */
}

long sys_getrandom(void *buffer, size_t size, unsigned flags)
{
	return generate(buffer, size) ? (long)size : -EAGAIN;
}
