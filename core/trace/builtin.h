/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of the kernel's and the Hurd's interfaces, made from their .defs at
   build time by tools/rpclist: build/trace/builtin.c.  */
#ifndef TRACE_BUILTIN_H
#define TRACE_BUILTIN_H

#include <stddef.h>

extern const char trace_builtin_list[];
extern const size_t trace_builtin_list_bytes;

#endif
