/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.h"

#include "core/trace/builtin.h"
#include "core/trace/tracer.h"
#include "core/wire/wire.h"
#include "output.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LIST_BYTES_MAX (16u << 20)	/* of one file of -i */
#define PATH_BYTES 1024
#define MISSING_BYTES 80

struct show
{
	struct output *output;
	mach_port_t output_port;
	struct trace_defs *defs;
	struct trace_filter *filter;
	struct trace_names *names;
	struct tracer *tracer;
};

static void *
allocate (void *ctx, size_t bytes)
{
	return malloc (bytes);
}

static void
release (void *ctx, void *memory, size_t bytes)
{
	free (memory);
}

static const struct dr_alloc alloc = { allocate, release, NULL };

static uint64_t
now_us (void)
{
	struct timespec now;

	clock_gettime (CLOCK_MONOTONIC, &now);
	return (uint64_t) now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
write_line (void *ctx, const char *text, size_t bytes)
{
	struct show *show = ctx;

	output_put (show->output, text, bytes);
}

/* --- lists of interfaces ----------------------------------------------------------- */

static bool
parse (struct show *show, const char *file, const char *text, size_t bytes, struct complaint *complaint)
{
	struct trace_list_error error;
	enum dr_status status = trace_defs_parse (show->defs, text, bytes, &error);

	if (status == DR_OK)
		return true;
	if (status == DR_NO_MEMORY)
		return complain (complaint, "%s: out of memory", file);
	return error.line == 0 ? complain (complaint, "%s: %s", file, error.what)
		: complain (complaint, "%s:%u: %s", file, error.line, error.what);
}

static bool
read_file (struct show *show, const char *file, off_t bytes, struct complaint *complaint)
{
	char *text = bytes <= LIST_BYTES_MAX ? malloc (bytes + 1) : NULL;
	FILE *stream = fopen (file, "r");
	bool good = false;

	if (stream == NULL)
		complain (complaint, "%s: %s", file, strerror (errno));
	else if (text == NULL)
		complain (complaint, "%s: too large for a list of interfaces", file);
	else if (fread (text, 1, bytes, stream) != (size_t) bytes)
		complain (complaint, "%s: cannot be read", file);
	else
		good = parse (show, file, text, bytes, complaint);
	if (stream != NULL)
		fclose (stream);
	free (text);
	return good;
}

static bool
read_directory (struct show *show, const char *directory, struct complaint *complaint)
{
	DIR *stream = opendir (directory);
	struct dirent *entry;
	struct stat status;
	bool good = true;

	if (stream == NULL)
		return complain (complaint, "%s: %s", directory, strerror (errno));
	while (good && (entry = readdir (stream)) != NULL)
	{
		char file[PATH_BYTES];

		if (entry->d_name[0] == '.'
			|| snprintf (file, sizeof file, "%s/%s", directory, entry->d_name) >= (int) sizeof file
			|| stat (file, &status) != 0 || !S_ISREG (status.st_mode))
			continue;
		good = read_file (show, file, status.st_size, complaint);
	}
	closedir (stream);
	return good;
}

static bool
read_lists (struct show *show, const struct options *options, struct complaint *complaint)
{
	struct stat status;

	if (!parse (show, "the built-in list", trace_builtin_list, trace_builtin_list_bytes, complaint))
		return false;
	for (unsigned i = 0; i < options->lists_count; i++)
	{
		const char *path = options->lists[i];

		if (stat (path, &status) != 0)
			return complain (complaint, "%s: %s", path, strerror (errno));
		if (!(S_ISDIR (status.st_mode) ? read_directory (show, path, complaint)
			: read_file (show, path, status.st_size, complaint)))
			return false;
	}
	return true;
}

static bool
add_expressions (struct show *show, const struct options *options, struct complaint *complaint)
{
	char error[256];

	for (unsigned i = 0; i < options->expressions_count; i++)
		switch (trace_filter_add (show->filter, options->expressions[i], error, sizeof error))
		{
		case DR_OK:
			break;
		case DR_NO_MEMORY:
			return complain (complaint, "-e %s: out of memory", options->expressions[i]);
		default:
			return complain (complaint, "-e %s: %s", options->expressions[i], error);
		}
	return true;
}

/* --- opening and closing --------------------------------------------------------------- */

static bool
make (struct show *show, const struct options *options, int fd, struct complaint *complaint)
{
	struct trace_options settings =
	{
		.style = { options->json, options->string_bytes, ARRAY_ELEMENTS_SHOWN },
		.times = options->times, .summary = options->summary, .write = write_line, .ctx = show,
	};

	show->defs = trace_defs_new (&alloc);
	if (show->defs == NULL)
		return complain (complaint, "out of memory");
	if (!read_lists (show, options, complaint))
		return false;
	show->filter = trace_filter_new (&alloc, show->defs);
	show->names = trace_names_new (&alloc, TRACE_NAMES_MAX);
	show->output = output_new (fd, options->output != NULL);
	if (show->filter == NULL || show->names == NULL || show->output == NULL)
		return complain (complaint, "out of memory");
	if (!add_expressions (show, options, complaint))
		return false;
	show->tracer = tracer_new (&alloc, &settings, show->defs, show->filter, show->names, now_us ());
	show->output_port = getdport (fd);
	return show->tracer != NULL || complain (complaint, "out of memory");
}

/* A show that cannot be made is left as it is: its program ends. */
struct show *
show_open (const struct options *options, struct complaint *complaint)
{
	struct show *show = calloc (1, sizeof *show);
	int fd = options->output == NULL ? STDERR_FILENO
		: open (options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
		complain (complaint, "%s: %s", options->output, strerror (errno));
	else if (show == NULL)
		complain (complaint, "out of memory");
	else if (make (show, options, fd, complaint))
		return show;
	return NULL;
}

/* Where they are missing, as far as lines were written before and after. */
static void
say_missing (struct show *show)
{
	unsigned long missing = output_missing (show->output);
	char text[MISSING_BYTES];

	if (missing == 0)
		return;
	snprintf (text, sizeof text, "%lu lines are missing: what reads them was too slow", missing);
	tracer_note (show->tracer, 0, text, now_us ());
}

void
show_end (struct show *show)
{
	say_missing (show);
	tracer_end (show->tracer, now_us ());
}

void
show_flush (struct show *show)
{
	output_flush (show->output);
}

bool
show_output_is (struct show *show, mach_port_t port)
{
	if (port != show->output_port)
		return false;
	output_never_wait (show->output);
	return true;
}

/* --- what is seen ------------------------------------------------------------------------ */

void
show_task (struct show *show, struct party *party)
{
	party->number = tracer_task (show->tracer, party->task->key, party->pid);
}

void
show_task_ended (struct show *show, const struct party *party)
{
	say_missing (show);
	tracer_task_ended (show->tracer, party->number, now_us ());
}

void
show_attached (struct show *show, const struct party *party)
{
	tracer_note (show->tracer, party->number, "attached", now_us ());
}

void
show_detached (struct show *show, const struct party *party)
{
	tracer_note (show->tracer, party->number, "detached", now_us ());
}

void
show_file (struct show *show, uint64_t key, const char *path)
{
	trace_names_set (show->names, key, TRACE_THING_FILE, path, strlen (path), true);
}

void
show_message (struct show *show, const struct crossing *crossing, uint64_t target)
{
	const mach_msg_header_t *header = crossing->header;
	struct trace_message message =
	{
		.from = crossing->from->number,
		.to = crossing->to->number,
		.target = target,
		.reply = crossing->reply_key,
		.view =
		{
			.id = header->msgh_id,
			.complex = header->msgh_bits & MACH_MSGH_BITS_COMPLEX,
			.body = (const uint8_t *) header + WIRE_HEADER_BYTES,
			.body_bytes = header->msgh_size - WIRE_HEADER_BYTES,
			.rights = crossing->keys,
			.rights_count = crossing->keys_count,
		},
	};

	say_missing (show);
	if (crossing->to->dead)
		message.to = 0;
	if (message.from != 0 || message.to != 0)
		tracer_message (show->tracer, &message, now_us ());
	for (uint32_t i = 0; i < crossing->keys_count; i++)
		if (crossing->keys[i] & CROSSING_KEY_PASSING && crossing->keys[i] != TRACE_KEY_DEAD)
			tracer_right_died (show->tracer, crossing->keys[i], now_us ());
}

void
show_right_died (void *ctx, uint64_t key)
{
	struct show *show = ctx;

	tracer_right_died (show->tracer, key, now_us ());
}
