/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a server must know of a request before it gives it to MIG's routines. */
#include <mach.h>

int mach_msg_request_is_sound(const mach_msg_header_t *request)
{
	const char *at = (const char *)(request + 1), *end = (const char *)request + request->msgh_size;

	if (request->msgh_bits & MACH_MSGH_BITS_COMPLEX)
		return 1;	/* the kernel has walked it */
	while ((size_t)(end - at) >= sizeof(mach_msg_type_t) && at < end) {
		const mach_msg_type_t *type = (const mach_msg_type_t *)at;
		unsigned long bytes = ((unsigned long)type->msgt_number * type->msgt_size + 7) / 8;

		at += sizeof(*type);
		if (!type->msgt_inline || MACH_MSG_TYPE_PORT_ANY(type->msgt_name) || bytes > (size_t)(end - at))
			return 0;
		bytes = (bytes + 7) & ~7ul;
		if (bytes >= (size_t)(end - at))
			break;	/* the last item's padding may be missing */
		at += bytes;
	}
	return 1;
}
