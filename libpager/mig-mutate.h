/* SPDX-License-Identifier: GPL-2.0-or-later */
#define MEMORY_OBJECT_INTRAN libpager_object_t libpager_begin (mach_port_t)
#define MEMORY_OBJECT_INTRAN_PAYLOAD libpager_object_t libpager_begin_payload
#define MEMORY_OBJECT_DESTRUCTOR libpager_end (libpager_object_t)
#define MEMORY_OBJECT_IMPORTS import "libpager/mig.h";
