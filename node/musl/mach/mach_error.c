/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts for the codes of the kernel, of messages and of the stubs. */
#include <stdio.h>
#include <string.h>
#include <mach/message.h>
#include <mach/mig_errors.h>
#include <mach_error.h>

static const struct { kern_return_t code; const char *text; } texts[] = {
	{ KERN_SUCCESS, "success" },
	{ KERN_INVALID_ADDRESS, "invalid address" },
	{ KERN_PROTECTION_FAILURE, "protection failure" },
	{ KERN_NO_SPACE, "no space available" },
	{ KERN_INVALID_ARGUMENT, "invalid argument" },
	{ KERN_FAILURE, "kernel failure" },
	{ KERN_RESOURCE_SHORTAGE, "resource shortage" },
	{ KERN_NOT_RECEIVER, "not receiver" },
	{ KERN_NO_ACCESS, "no access" },
	{ KERN_MEMORY_FAILURE, "memory failure" },
	{ KERN_MEMORY_ERROR, "memory error" },
	{ KERN_INVALID_NAME, "no such port name" },
	{ KERN_INVALID_TASK, "invalid task" },
	{ KERN_INVALID_RIGHT, "wrong kind of right" },
	{ KERN_INVALID_VALUE, "invalid value" },
	{ KERN_UREFS_OVERFLOW, "too many references" },
	{ KERN_INVALID_CAPABILITY, "invalid capability" },
	{ KERN_RIGHT_EXISTS, "right exists under another name" },
	{ KERN_INVALID_HOST, "not the host port" },
	{ MACH_SEND_INVALID_DEST, "message to a dead or invalid port" },
	{ MACH_SEND_TIMED_OUT, "sending timed out" },
	{ MACH_SEND_INTERRUPTED, "sending interrupted" },
	{ MACH_RCV_INVALID_NAME, "receiving from an invalid name" },
	{ MACH_RCV_TIMED_OUT, "receiving timed out" },
	{ MACH_RCV_TOO_LARGE, "received message too large" },
	{ MACH_RCV_INTERRUPTED, "receiving interrupted" },
	{ MACH_RCV_PORT_DIED, "port died while receiving" },
	{ MIG_TYPE_ERROR, "reply has wrong types" },
	{ MIG_REPLY_MISMATCH, "reply has a wrong id" },
	{ MIG_BAD_ID, "request not understood by the server" },
	{ MIG_BAD_ARGUMENTS, "request has wrong types" },
	{ MIG_NO_REPLY, "no reply" },
	{ MIG_ARRAY_TOO_LARGE, "array too large" },
	{ MIG_SERVER_DIED, "server died" },
};

const char *mach_error_string(kern_return_t code)
{
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].code == code)
			return texts[i].text;
	return strerror(code);
}

void mach_error(const char *prefix, kern_return_t code)
{
	fprintf(stderr, "%s: %s (0x%x)\n", prefix, mach_error_string(code), (unsigned)code);
}
