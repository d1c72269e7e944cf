/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Error codes of Mach, MIG and the Hurd's servers as -errno. */
#include "posix.h"

int hurd_to_errno(int error);	/* abi_errors.c */

long posix_error(kern_return_t code)
{
	return -(long)hurd_to_errno(code);
}
