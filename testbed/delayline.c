/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A binary heap of frames; see delayline.h. */
#include "delayline.h"

#include <stdlib.h>
#include <string.h>

static bool earlier(const struct held_frame *a, const struct held_frame *b)
{
	return a->due_ns != b->due_ns ? a->due_ns < b->due_ns : a->sequence < b->sequence;
}

bool delayline_put(struct delayline *line, uint64_t due_ns, unsigned port,
		   const unsigned char *bytes, unsigned length)
{
	if (line->count == DELAYLINE_FRAMES || line->bytes + length > DELAYLINE_BYTES)
		return false;
	struct held_frame *f = malloc(sizeof *f + length);
	if (f == NULL)
		return false;
	f->due_ns = due_ns;
	f->sequence = line->next_sequence++;
	f->port = port;
	f->length = length;
	memcpy(f->bytes, bytes, length);

	size_t at = line->count++;
	while (at > 0 && earlier(f, line->heap[(at - 1) / 2])) {
		line->heap[at] = line->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	line->heap[at] = f;
	line->bytes += length;
	return true;
}

uint64_t delayline_due(const struct delayline *line)
{
	return line->count ? line->heap[0]->due_ns : UINT64_MAX;
}

static struct held_frame *take_first(struct delayline *line)
{
	struct held_frame *first = line->heap[0], *last = line->heap[--line->count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= line->count)
			break;
		if (child + 1 < line->count && earlier(line->heap[child + 1], line->heap[child]))
			child++;
		if (!earlier(line->heap[child], last))
			break;
		line->heap[at] = line->heap[child];
		at = child;
	}
	line->heap[at] = last;
	line->bytes -= first->length;
	return first;
}

struct held_frame *delayline_take(struct delayline *line, uint64_t now_ns)
{
	return delayline_due(line) <= now_ns && line->count ? take_first(line) : NULL;
}

void delayline_drop(struct delayline *line)
{
	while (line->count)
		free(take_first(line));
}
