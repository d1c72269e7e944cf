/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a peer can ask of a directory that it was given, without any library being polite for it.

     raw-lookup look DIRECTORY NAME     one dir_lookup with NAME as it is
     raw-lookup escape DIRECTORY NAME   the same from a directory that was moved upwards while open

   DIRECTORY is made a root of its own first, as the peer's netmsg gets it.  Prints "text TEXT" (the
   start of the file found), "directory", "elsewhere NAME" (to be looked up in the asker's own tree)
   or "error N". */
#include <fcntl.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <hurd/io.h>
#include <mach.h>
#include <stdio.h>
#include <string.h>

#define WIRE_READ 1		/* O_READ as it travels */
#define TEXT_BYTES_MAX 60
#define ERROR_NUMBER(result) ((result) & 0x3fff)

static int
say_error (kern_return_t result)
{
	printf ("error %d\n", ERROR_NUMBER (result));
	return 0;
}

static kern_return_t
find (file_t start, const char *name, int flags, retry_type *retry, char *rest, mach_port_t *port)
{
	string_t path = "";

	strncpy (path, name, sizeof path - 1);
	return dir_lookup (start, path, flags, 0, retry, rest, port);
}

static int
look (file_t start, const char *name)
{
	string_t rest;
	retry_type retry;
	mach_port_t port;
	char text[TEXT_BYTES_MAX + 1] = "", *data = text;
	mach_msg_type_number_t bytes = TEXT_BYTES_MAX;
	kern_return_t result = find (start, name, WIRE_READ, &retry, rest, &port);

	if (result != KERN_SUCCESS)
		return say_error (result);
	if (retry != FS_RETRY_NORMAL || rest[0] != 0)
	{
		printf ("elsewhere %s\n", rest);
		return 0;
	}
	result = io_read (port, &data, &bytes, 0, TEXT_BYTES_MAX);
	if (result != KERN_SUCCESS)
		puts ("directory");
	else
		printf ("text %.*s\n", (int) strcspn (data, "\n"), data);
	return 0;
}

/* A directory opened below a root of its own must not lead out when it is no longer below that. */
static int
escape (file_t root, const char *name)
{
	file_t outer, inner, own;
	string_t rest, from = "inner", to = "moved";
	retry_type retry;
	kern_return_t result;

	dir_mkdir (root, "outer", 0777);
	result = find (root, "outer", WIRE_READ, &retry, rest, &outer);
	if (result != KERN_SUCCESS)
		return say_error (result);
	dir_mkdir (outer, "inner", 0777);
	result = file_reparent (outer, MACH_PORT_NULL, &own);
	if (result == KERN_SUCCESS)
		result = find (own, "inner", WIRE_READ, &retry, rest, &inner);
	if (result == KERN_SUCCESS)
		result = dir_rename (outer, from, root, to, 0);
	return result == KERN_SUCCESS ? look (inner, name) : say_error (result);
}

int
main (int argc, char **argv)
{
	file_t directory, root;
	kern_return_t result;

	if (argc != 4)
	{
		fprintf (stderr, "usage: raw-lookup look|escape DIRECTORY NAME\n");
		return 2;
	}
	directory = file_name_lookup (argv[2], O_RDONLY, 0);
	if (directory == MACH_PORT_NULL)
	{
		perror (argv[2]);
		return 1;
	}
	result = file_reparent (directory, MACH_PORT_NULL, &root);
	if (result != KERN_SUCCESS)
		return say_error (result);
	return strcmp (argv[1], "escape") == 0 ? escape (root, argv[3]) : look (root, argv[3]);
}
