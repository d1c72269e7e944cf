/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Mach interfaces that this server uses, in one place. */
#ifndef INET_MACH_CALLS_H
#define INET_MACH_CALLS_H

#include <mach.h>
#include <mach/mach_types.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach/notify.h>

#endif
