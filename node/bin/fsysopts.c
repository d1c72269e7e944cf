/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fsysopts: show or change the options of the file system that a file is on. */
#include <stdio.h>
#include <string.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

enum { OPTION_BYTES_MAX = 4096 };

static int fail(const char *name, error_t error)
{
	fprintf(stderr, "fsysopts: %s: %s\n", name, strerror(error ? hurd_to_errno(error) : errno));
	return 1;
}

static int show(file_t file, const char *name)
{
	char buffer[OPTION_BYTES_MAX], *data = buffer;
	mach_msg_type_number_t count = sizeof(buffer);
	error_t error = file_get_fs_options(file, &data, &count);
	if (error)
		return fail(name, error);
	for (size_t i = 0; i < count; i += strnlen(data + i, count - i) + 1)
		printf("%s%.*s", i ? " " : "", (int)(count - i), data + i);
	putchar('\n');
	return 0;
}

static int change(file_t file, const char *name, char **options)
{
	char text[OPTION_BYTES_MAX];
	size_t used = 0;
	mach_port_t control;
	for (; *options; options++) {
		size_t length = strlen(*options) + 1;
		if (used + length > sizeof(text))
			return fail(name, HURD_E2BIG);
		memcpy(text + used, *options, length);
		used += length;
	}
	error_t error = file_getcontrol(file, &control);
	if (!error)
		error = fsys_set_options(control, text, (mach_msg_type_number_t)used, 0);
	return error ? fail(name, error) : 0;
}

int main(int argc, char **argv)
{
	if (argc < 2 || !strcmp(argv[1], "--help")) {
		fputs("usage: fsysopts FILE [OPTION...]\nShow or change the options of the file system that FILE is on.\n",
		      argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	file_t file = file_name_lookup(argv[1], 0, 0);
	if (!MACH_PORT_VALID(file))
		return fail(argv[1], 0);
	return argc == 2 ? show(file, argv[1]) : change(file, argv[1], argv + 2);
}
