/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <mach.h>

file_t as_root, as_user;
fsys_t control;
static unsigned passed, failed;

void check_equal(const char *what, long got, long expected)
{
	if (got == expected) {
		passed++;
		printf("PASS %s\n", what);
	} else {
		failed++;
		printf("FAIL %s: got %ld (%#lx), expected %ld (%#lx)\n", what, got, got, expected, expected);
	}
}

void check_text(const char *what, const char *got, const char *expected)
{
	if (!strcmp(got, expected)) {
		check_equal(what, 0, 0);
		return;
	}
	failed++;
	printf("FAIL %s: got \"%s\", expected \"%s\"\n", what, got, expected);
}

int check_summary(const char *prefix)
{
	printf("%s: %u passed, %u failed\n", prefix, passed, failed);
	return failed || !passed;
}

struct found lookup(file_t start, const char *path, int flags, mode_t mode)
{
	struct found found = { .port = MACH_PORT_NULL };
	string_t text;
	strncpy(text, path, sizeof(text) - 1);
	text[sizeof(text) - 1] = 0;
	found.error = dir_lookup(start, text, flags, mode, &found.retry, found.name, &found.port);
	if (found.error)
		found.port = MACH_PORT_NULL;
	return found;
}

file_t file_open(file_t start, const char *path, int flags, mode_t mode)
{
	struct found found = lookup(start, path, flags, mode);
	return found.error || found.retry != FS_RETRY_NORMAL || found.name[0] ? MACH_PORT_NULL : found.port;
}

error_t open_error(file_t start, const char *path, int flags)
{
	struct found found = lookup(start, path, flags, 0666);
	file_close(found.port);
	return found.error;
}

void file_close(mach_port_t port)
{
	if (MACH_PORT_VALID(port))
		mach_port_deallocate(mach_task_self(), port);
}

error_t make_file(file_t start, const char *path, const char *text)
{
	vm_size_t amount = 0;
	struct found found = lookup(start, path, HURD_O_WRITE | HURD_O_CREAT | HURD_O_TRUNC, 0644);
	if (!found.error && *text)
		found.error = io_write(found.port, text, strlen(text), -1, &amount);
	file_close(found.port);
	return found.error;
}

error_t make_symlink(file_t directory, const char *name, const char *target)
{
	char passive[1100] = HURD_SYMLINK_TRANSLATOR;
	size_t used = strlen(passive) + 1;
	mach_port_t node;
	strcpy(passive + used, target);
	used += strlen(target) + 1;
	error_t error = dir_mkfile(directory, HURD_O_WRITE, 0777, &node);
	if (error)
		return error;
	error = file_set_translator(node, HURD_FS_TRANS_SET, 0, 0, passive, used, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
	if (!error)
		error = dir_link(directory, node, name, 1);
	file_close(node);
	return error;
}

const char *read_text(file_t file, loff_t offset, char *to, size_t size)
{
	char *data = to;
	mach_msg_type_number_t count = (mach_msg_type_number_t)size - 1;
	if (io_read(file, &data, &count, offset, size - 1))
		return "!";
	if (data != to) {
		memcpy(to, data, count);
		vm_deallocate(mach_task_self(), (vm_address_t)data, count);
	}
	to[count] = 0;
	return to;
}

io_statbuf_t file_stat(file_t file)
{
	io_statbuf_t info;
	memset(&info, 0, sizeof(info));
	if (io_stat(file, &info))
		info.st_mode = 0;
	return info;
}

long server_count(const char *what)
{
	char buffer[2048], *data = buffer;
	mach_msg_type_number_t count = sizeof(buffer);
	long result = -1;
	if (fsys_get_options(control, &data, &count))
		return -1;
	for (size_t i = 0; i < count; i += strlen(data + i) + 1) {
		const char *found = strstr(data + i, what);
		if (found && found[strlen(what)] == '=')
			result = atol(found + strlen(what) + 1);
	}
	if (data != buffer)
		vm_deallocate(mach_task_self(), (vm_address_t)data, count);
	return result;
}

long server_count_settled(const char *what, long expected)
{
	long count = server_count(what);
	for (int i = 0; i < 100 && count != expected; i++) {
		usleep(10000);
		count = server_count(what);
	}
	return count;
}
