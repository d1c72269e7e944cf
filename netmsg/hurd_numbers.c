/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hurd_numbers.h"

#include <stddef.h>
#include <stdio.h>

static const struct
{
	int code;
	const char *text;
} texts[] =
{
	{ 0, "success" },
	{ WIRE_EPERM, "not permitted" },
	{ WIRE_ERRNO (2), "no such file or directory" },
	{ WIRE_EIO, "input/output error" },
	{ WIRE_ERRNO (6), "no such device or address" },
	{ WIRE_ERRNO (13), "permission denied" },
	{ WIRE_EBUSY, "busy" },
	{ WIRE_ERRNO (17), "exists" },
	{ WIRE_ERRNO (20), "not a directory" },
	{ WIRE_EROFS, "read-only" },
	{ WIRE_EOPNOTSUPP, "not supported" },
	{ WIRE_ERRNO (48), "address in use" },
	{ WIRE_ERRNO (60), "timed out" },
	{ WIRE_EHOSTDOWN, "host is down" },
	{ 0x10000003, "the server is gone" },	/* MACH_SEND_INVALID_DEST */
	{ -308, "the server is gone" },		/* MIG_SERVER_DIED */
	{ -303, "not understood by the server" },	/* MIG_BAD_ID */
};

const char *
wire_error_text (int code)
{
	static _Thread_local char number[32];

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (texts[i].code == code)
			return texts[i].text;
	snprintf (number, sizeof number, "error %#x", (unsigned) code);
	return number;
}
