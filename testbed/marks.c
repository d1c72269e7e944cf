/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The console's mark matcher; see marks.h. */
#include "marks.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_ABSURD = 1000 };	/* no shell says more; what a broken console says may be any number of digits */

void marks_init(struct marks *m, const char *nonce, marks_output_fn *output, void *context)
{
	assert(strlen(nonce) == NONCE_BYTES);
	memset(m, 0, sizeof *m);
	snprintf(m->mark, sizeof m->mark, "\n@%s@", nonce);
	m->output = output;
	m->context = context;
}

static void put(struct marks *m, const char *bytes, size_t count)
{
	if (m->state == MARKS_OUTPUT && count > 0)
		m->output(m->context, bytes, count);
}

/* The line of a mark is complete. */
static void line_done(struct marks *m)
{
	if (m->kind == 'A')
		m->acknowledged++;
	if (m->kind == 'B' && m->state == MARKS_OUTSIDE) {
		m->state = MARKS_OUTPUT;
		m->strips = m->carriage_return;
	}
	if (m->kind == 'E' && m->state == MARKS_OUTPUT)
		m->state = MARKS_ENDED;
	m->kind = 0;
	m->carriage_return = false;
}

/* Between a mark's letter and the end of its line. */
static void in_mark(struct marks *m, char c)
{
	if (c == '\n') {
		line_done(m);
		/* This newline may also be the first of the next mark. */
		m->matched = m->state == MARKS_OUTSIDE;
	} else if (c == '\r')
		m->carriage_return = true;
	else if (c >= '0' && c <= '9' && m->status < STATUS_ABSURD)
		m->status = m->status * 10 + c - '0';
}

/*
 * A mark starts with its only newline, so after a mismatch the only place where
 * another match may start is the byte at hand.
 */
static void match(struct marks *m, char c)
{
	if (m->matched == MARK_BYTES) {
		m->matched = 0;
		if (c == 'A' || c == 'B' || c == 'E') {
			m->kind = c;
			m->status = 0;
			return;
		}
		put(m, m->mark, MARK_BYTES);
	} else if (c == m->mark[m->matched]) {
		m->matched++;
		return;
	} else {
		put(m, m->mark, m->matched);
		m->matched = 0;
	}
	if (c == '\n')
		m->matched = 1;
	else
		put(m, &c, 1);
}

static void feed_byte(struct marks *m, char c)
{
	if (m->kind) {
		in_mark(m, c);
		return;
	}
	if (m->carriage_return) {
		m->carriage_return = false;
		if (c != '\n' || !m->strips)
			match(m, '\r');
	}
	if (c == '\r')
		m->carriage_return = true;
	else
		match(m, c);
}

void marks_feed(struct marks *m, const char *bytes, size_t count)
{
	for (size_t i = 0; i < count && m->state != MARKS_ENDED; i++)
		feed_byte(m, bytes[i]);
}
