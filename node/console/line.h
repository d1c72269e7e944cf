/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal's line discipline: what keys mean, what is echoed, when a reader
   gets something.  Knows neither devices nor messages. */
#ifndef CONSOLE_LINE_H
#define CONSOLE_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <hurd_abi.h>

#define LINE_EDIT_MAX 4096		/* bytes of a line that is being typed */
#define LINE_ECHO_MAX 2048
#define LINE_READY_MAX (256 * 1024)	/* bytes typed ahead */

struct line {
	uint32_t modes[HURD_TERM_MODES];
	uint8_t ccs[HURD_NCCS];
	uint32_t speeds[HURD_TERM_SPEEDS];

	/* What readers may have.  An entry is a byte, or an end of file, and whether it ends a line. */
	uint16_t ready[LINE_READY_MAX];
	size_t ready_start, ready_count;
	size_t ends;			/* those among them that do */

	uint8_t edit[LINE_EDIT_MAX];
	size_t edit_count;

	/* Echo is gathered, for a key at a time would be slow. */
	char echoed[LINE_ECHO_MAX];
	size_t echoed_count;

	/* Set by whoever uses it: output that needs no more processing, and a signal
	   (the Hurd's number) for the foreground. */
	void (*put)(const char *bytes, size_t count);
	void (*signal)(int signal);
};

/* The usual modes: canonical, echo, signals.  PUT and SIGNAL stay. */
void line_reset(struct line *line);
/* A byte came from the keyboard. */
void line_input(struct line *line, uint8_t byte);
/* Puts out the echo of what came. */
void line_flush_echo(struct line *line);
/* A program writes. */
void line_output(struct line *line, const char *bytes, size_t count);
/* Would a read return at once? */
bool line_readable(const struct line *line);
size_t line_readable_count(const struct line *line);
/* Takes up to ROOM bytes; 0 at an end of file.  Only when line_readable. */
size_t line_read(struct line *line, char *bytes, size_t room);
/* The modes have changed: what was being edited is ready if they are raw now. */
void line_modes_changed(struct line *line);
/* Forgets all typed input. */
void line_flush(struct line *line);

#endif
