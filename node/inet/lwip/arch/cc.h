/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwIP's view of the compiler and of the C library. */
#ifndef INET_ARCH_CC_H
#define INET_ARCH_CC_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* One line to the console and the end: a broken stack must not go on. */
void port_assert_failed(const char *what, const char *file, int line) __attribute__((noreturn));
void port_diagnose(const char *format, ...) __attribute__((format(printf, 1, 2)));
uint32_t port_random(void);
uint16_t port_checksum(const void *data, int length);
void *port_malloc(size_t size);
void *port_calloc(size_t count, size_t size);
void port_free(void *block);

#define LWIP_PLATFORM_ASSERT(what) port_assert_failed(what, __FILE__, __LINE__)
#define LWIP_PLATFORM_DIAG(arguments) do { port_diagnose arguments; } while (0)
#define LWIP_RAND() port_random()
#define LWIP_CHKSUM(data, length) port_checksum(data, length)

/* All of lwIP runs in the server's one thread. */
#define SYS_ARCH_DECL_PROTECT(level)
#define SYS_ARCH_PROTECT(level)
#define SYS_ARCH_UNPROTECT(level)

#endif
