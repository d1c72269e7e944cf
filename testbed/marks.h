/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * marks: find a command's output between what else comes over a console.
 *
 * The shell is made to print three kinds of line that no echo of the typed
 * text contains, because printf puts them together from parts on the node:
 *     @NONCE@A       got a piece of the command
 *     @NONCE@B       the output begins after this line
 *     @NONCE@E77     the output has ended (its last newline before this line
 *                    is the mark's own), and the exit status was 77
 * Pure: bytes go in, output comes out through a function.
 */
#ifndef DROVE_TESTBED_MARKS_H
#define DROVE_TESTBED_MARKS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	NONCE_BYTES = 16,
	MARK_BYTES = 1 + 1 + NONCE_BYTES + 1,   /* newline, @, nonce, @ */
};

enum marks_state {
	MARKS_OUTSIDE,          /* echo, prompts, others' output: ignored */
	MARKS_OUTPUT,
	MARKS_ENDED,
};

typedef void marks_output_fn(void *context, const char *bytes, size_t count);

struct marks {
	enum marks_state state;
	unsigned acknowledged;          /* pieces that the shell has got */
	int status;                     /* when ended */
	/* The rest is the matcher's own. */
	bool carriage_return;           /* one is held back, for it may belong to a newline */
	bool strips;                    /* the terminal writes newline as CR LF */
	size_t matched;
	char kind;                      /* of the mark that is being read, or 0 */
	char mark[MARK_BYTES + 1];
	marks_output_fn *output;
	void *context;
};

void marks_init(struct marks *m, const char *nonce, marks_output_fn *output, void *context);

void marks_feed(struct marks *m, const char *bytes, size_t count);

#endif
