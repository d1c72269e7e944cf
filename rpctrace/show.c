/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.h"

#include "core/wire/wire.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct show
{
	struct output *output;
	uint32_t tasks;
};

struct show *
show_open (const struct options *options, struct complaint *complaint)
{
	struct show *show = calloc (1, sizeof *show);
	int fd = options->output == NULL ? STDERR_FILENO
		: open (options->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0)
	{
		complain (complaint, "%s: %s", options->output, strerror (errno));
		return NULL;
	}
	if (show == NULL || (show->output = output_new (fd)) == NULL)
	{
		complain (complaint, "out of memory");
		return NULL;
	}
	return show;
}

static void
line (struct show *show, const char *text)
{
	output_put (show->output, text, strlen (text));
}

void
show_close (struct show *show)
{
	output_flush (show->output);
}

void
show_task (struct show *show, struct party *party)
{
	if (party->number == 0)
		party->number = ++show->tasks;
}

void
show_task_ended (struct show *show, const struct party *party)
{
	char text[80];

	snprintf (text, sizeof text, "task %u ended\n", party->number);
	line (show, text);
}

void
show_message (struct show *show, const struct crossing *crossing, uint64_t target)
{
	char text[160];

	if (crossing->from->number == 0 && crossing->to->number == 0)
		return;
	snprintf (text, sizeof text, "%u -> %u: port %llu id %d size %u rights %u reply %llu\n", crossing->from->number,
		crossing->to->number, (unsigned long long) target, crossing->header->msgh_id,
		crossing->header->msgh_size, crossing->keys_count, (unsigned long long) crossing->reply_key);
	line (show, text);
}

void
show_right_died (void *show, uint64_t key)
{
}
