/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readonly.h"

#include "hurd_numbers.h"

#include <mach/notify.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define FLAGS_THAT_CHANGE (WIRE_O_WRITE | WIRE_O_CREAT | WIRE_O_EXCL | WIRE_O_TRUNC | WIRE_O_APPEND)
#define NAME_BYTES 1024

enum
{
	FILE_CHECK_ACCESS = 20009, FILE_NOTICE_CHANGES = 20010, FILE_STATFS = 20012, FILE_SYNC = 20013,
	FILE_SYNCFS = 20014, FILE_GET_STORAGE_INFO = 20015, FILE_GETLINKNODE = 20016, FILE_GETFH = 20017,
	DIR_LOOKUP = 20018, DIR_READDIR = 20019, DIR_NOTICE_CHANGES = 20026, FILE_GET_TRANSLATOR = 20028,
	FILE_GET_FS_OPTIONS = 20030, FILE_REPARENT = 20031, FILE_RECORD_LOCK = 20036, FILE_LOCK = 20007,
	FILE_LOCK_STAT = 20008,
	IO_READ = 21001, IO_SEEK = 21002, IO_READABLE = 21003, IO_GET_OPENMODES = 21005, IO_SELECT = 21012,
	IO_STAT = 21013, IO_REAUTHENTICATE = 21014, IO_RESTRICT_AUTH = 21015, IO_DUPLICATE = 21016,
	IO_SERVER_VERSION = 21017, IO_MAP = 21018, IO_PATHCONF = 21028, IO_IDENTITY = 21029,
	IO_SELECT_TIMEOUT = 21031,
	INTERRUPT_OPERATION = 33000,
	MEMORY_OBJECT_INIT = 2200, MEMORY_OBJECT_TERMINATE = 2201, MEMORY_OBJECT_DATA_REQUEST = 2203,
	MEMORY_OBJECT_LOCK_COMPLETED = 2206, MEMORY_OBJECT_SUPPLY_COMPLETED = 2207,
	MEMORY_OBJECT_CHANGE_COMPLETED = 2209,
};

/* dir_lookup's request: the name, padded, then the flags, each behind its descriptor. */
struct dir_lookup_start
{
	mach_msg_header_t header;
	mach_msg_type_t name_type;
	char name[NAME_BYTES];
	mach_msg_type_t flags_type;
	int32_t flags;
};

static bool
lookup_only_reads (const mach_msg_header_t *message)
{
	struct dir_lookup_start start;

	if (message->msgh_size < sizeof start)
		return false;
	memcpy (&start, message, sizeof start);
	/* any other layout would let the flags be read from elsewhere than here */
	return start.name_type.msgt_inline && start.name_type.msgt_size * start.name_type.msgt_number == NAME_BYTES * 8
		&& start.flags_type.msgt_name == MACH_MSG_TYPE_INTEGER_32 && start.flags_type.msgt_inline
		&& (start.flags & FLAGS_THAT_CHANGE) == 0;
}

bool
readonly_allows (const mach_msg_header_t *message)
{
	switch (message->msgh_id)
	{
	case DIR_LOOKUP:
		return lookup_only_reads (message);
	case FILE_CHECK_ACCESS: case FILE_NOTICE_CHANGES: case FILE_STATFS: case FILE_SYNC: case FILE_SYNCFS:
	case FILE_GET_STORAGE_INFO: case FILE_GETLINKNODE: case FILE_GETFH: case DIR_READDIR:
	case DIR_NOTICE_CHANGES: case FILE_GET_TRANSLATOR: case FILE_GET_FS_OPTIONS: case FILE_REPARENT:
	case FILE_LOCK: case FILE_LOCK_STAT: case FILE_RECORD_LOCK:
	case IO_READ: case IO_SEEK: case IO_READABLE: case IO_GET_OPENMODES: case IO_SELECT: case IO_STAT:
	case IO_REAUTHENTICATE: case IO_RESTRICT_AUTH: case IO_DUPLICATE: case IO_SERVER_VERSION: case IO_MAP:
	case IO_PATHCONF: case IO_IDENTITY: case IO_SELECT_TIMEOUT:
	case INTERRUPT_OPERATION:
	case MEMORY_OBJECT_INIT: case MEMORY_OBJECT_TERMINATE: case MEMORY_OBJECT_DATA_REQUEST:
	case MEMORY_OBJECT_LOCK_COMPLETED: case MEMORY_OBJECT_SUPPLY_COMPLETED: case MEMORY_OBJECT_CHANGE_COMPLETED:
		return true;
	default:
		/* notifications tell of deaths; they change nothing */
		return message->msgh_id >= MACH_NOTIFY_FIRST && message->msgh_id <= MACH_NOTIFY_LAST;
	}
}
