/* SPDX-License-Identifier: GPL-2.0-or-later */
/* settrans: put a translator on a node, or take it off. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "start_translator.h"

enum { TIMEOUT_SECONDS = 60, ARGUMENT_BYTES_MAX = 16384 };

static const char help[] =
	"usage: settrans [OPTION...] NODE [PROGRAM ARGUMENT...]\n"
	"Put a translator on NODE; without PROGRAM take it off.\n"
	"  -a           start PROGRAM now (active)\n"
	"  -p           remember PROGRAM in the node (passive; the default)\n"
	"  -c           create NODE if it is missing\n"
	"  -x           only if there is no translator yet\n"
	"  -g           ask an active translator to go away\n"
	"  -f           with -g: even if it is in use\n"
	"  -o           leave the old active translator running\n"
	"  -t SECONDS   how long PROGRAM may take to start (default 60, 0 is for ever)\n"
	"Exit code: 0 done, 1 it failed, 2 wrong usage.\n";

static struct {
	bool active, passive, create, exclusive, goaway, force, orphan;
	unsigned timeout_s;
	const char *node;
	char **program;		/* NULL when none */
} wish = { .timeout_s = TIMEOUT_SECONDS };

static int usage(const char *problem)
{
	fprintf(stderr, "settrans: %s; see --help\n", problem);
	return 2;
}

static file_t open_node(int flags)
{
	return file_name_lookup(wish.node, flags | O_NOTRANS | (wish.create ? O_CREAT : 0), 0666);
}

/* What the translator gets as the node below it. */
static mach_port_t underlying(int hurd_flags, void *context)
{
	int flags = 0;
	if ((hurd_flags & HURD_O_READ) && (hurd_flags & HURD_O_WRITE))
		flags = O_RDWR;
	else if (hurd_flags & HURD_O_WRITE)
		flags = O_WRONLY;
	return open_node(flags);
}

static size_t join(char **words, char *to)
{
	size_t used = 0;
	for (; words && *words; words++) {
		size_t length = strlen(*words) + 1;
		if (used + length > ARGUMENT_BYTES_MAX)
			return SIZE_MAX;
		memcpy(to + used, *words, length);
		used += length;
	}
	return used;
}

static int set(file_t node, fsys_t control)
{
	static char arguments[ARGUMENT_BYTES_MAX];
	size_t bytes = wish.passive ? join(wish.program, arguments) : 0;
	if (bytes == SIZE_MAX)
		return usage("the arguments are too long");
	int exclusive = wish.exclusive ? FS_TRANS_EXCL : 0;
	int passive_flags = wish.passive ? FS_TRANS_SET | exclusive : 0;
	int active_flags = wish.active || wish.goaway ? FS_TRANS_SET | exclusive | (wish.orphan ? FS_TRANS_ORPHAN : 0) : 0;
	error_t error = file_set_translator(node, passive_flags, active_flags, wish.force ? FSYS_GOAWAY_FORCE : 0, arguments,
					    (mach_msg_type_number_t)bytes, control, MACH_MSG_TYPE_COPY_SEND);
	if (!error)
		return 0;
	fprintf(stderr, "settrans: %s: %s\n", wish.node,
		error == HURD_EBUSY && wish.exclusive ? "it has a translator already" :
		error == HURD_EBUSY ? "its translator is in use; -f ends it anyway" : strerror(hurd_to_errno(error)));
	return 1;
}

static int start_and_set(void)
{
	struct translator_start start = { .arguments = wish.program, .timeout_ms = wish.timeout_s * 1000, .underlying = underlying };
	bool starts = wish.active && wish.program;
	file_t node = open_node(0);
	if (!MACH_PORT_VALID(node)) {
		fprintf(stderr, "settrans: %s: %s\n", wish.node, strerror(errno));
		return 1;
	}
	const char *problem = starts ? translator_start(&start) : NULL;
	if (problem) {
		fprintf(stderr, "settrans: cannot start %s: %s\n", wish.program[0], problem);
		return 1;
	}
	int result = set(node, starts ? start.control : MACH_PORT_NULL);
	if (result && starts)
		fsys_goaway(start.control, FSYS_GOAWAY_FORCE);
	return result;
}

enum { PROGRAM_PATH_BYTES = 1024 };

/* FOLDER/NAME, allocated, if that is a program. */
static char *program_in(const char *folder, int folder_length, const char *name)
{
	char path[PROGRAM_PATH_BYTES];
	if ((size_t)snprintf(path, sizeof(path), "%.*s/%s", folder_length, folder, name) >= sizeof(path) || access(path, X_OK))
		return NULL;
	return strdup(path);
}

/* NAME as a path from the root: looked for in PATH, then in /hurd.  Symbolic links stay what
   they are, for a program may go by its name. */
static char *program_path(const char *name)
{
	char here[PROGRAM_PATH_BYTES], *found = NULL;
	const char *folders = getenv("PATH");
	if (name[0] == '/')
		return strdup(name);	/* a passive one need not be there yet */
	if (strchr(name, '/')) {
		if (getcwd(here, sizeof(here)))
			found = program_in(here, (int)strlen(here), name);
	} else {
		for (const char *at = folders ? folders : "/bin:/sbin"; !found && *at;) {
			size_t length = strcspn(at, ":");
			found = program_in(at, (int)length, name);
			at += length + (at[length] == ':');
		}
		if (!found)
			found = program_in("/hurd", 5, name);
	}
	if (!found)
		fprintf(stderr, "settrans: %s: no such program\n", name);
	return found;
}

int main(int argc, char **argv)
{
	int option;
	if (argc > 1 && !strcmp(argv[1], "--help")) {
		fputs(help, stdout);
		return 0;
	}
	while ((option = getopt(argc, argv, "+apcxgfot:")) != -1) {
		switch (option) {
		case 'a': wish.active = true; break;
		case 'p': wish.passive = true; break;
		case 'c': wish.create = true; break;
		case 'x': wish.exclusive = true; break;
		case 'g': wish.goaway = true; break;
		case 'f': wish.force = true; break;
		case 'o': wish.orphan = true; break;
		case 't': {
			char *end;
			wish.timeout_s = (unsigned)strtoul(optarg, &end, 10);
			if (*end || !*optarg || wish.timeout_s > 1000000)
				return usage("-t needs a number of seconds");
			break;
		}
		default: return usage("wrong option");
		}
	}
	if (optind == argc)
		return usage("which NODE?");
	wish.node = argv[optind];
	wish.program = optind + 1 < argc ? argv + optind + 1 : NULL;
	/* The file system that starts a passive translator has no PATH of ours: give it the whole path. */
	if (wish.program && !(wish.program[0] = program_path(wish.program[0])))
		return 1;
	if (!wish.active && !wish.goaway)
		wish.passive = true;
	return start_and_set();
}
