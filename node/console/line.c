/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "line.h"
#include <string.h>

/* Of an entry: it ends a line, whatever the key for that is when it is read. */
#define LINE_ENDS 0x100
#define LINE_END_OF_FILE (0x200 | LINE_ENDS)	/* and is no byte */
#define DISABLED 0xff			/* a control character that is off */
#define CONTROL(letter) ((letter) & 0x1f)
#define RUBOUT 0x7f
#define LINE_OUTPUT_PART 1024

static bool has(const struct line *line, int word, uint32_t bit)
{
	return line->modes[word] & bit;
}

static bool is_key(const struct line *line, int which, uint8_t byte)
{
	return line->ccs[which] != DISABLED && line->ccs[which] == byte;
}

void line_reset(struct line *line)
{
	static const uint8_t keys[HURD_NCCS] = {
		[HURD_VEOF] = CONTROL('D'), [HURD_VEOL] = DISABLED, [HURD_VEOL2] = DISABLED, [HURD_VERASE] = RUBOUT,
		[HURD_VWERASE] = CONTROL('W'), [HURD_VKILL] = CONTROL('U'), [HURD_VREPRINT] = CONTROL('R'), [7] = DISABLED,
		[HURD_VINTR] = CONTROL('C'), [HURD_VQUIT] = CONTROL('\\'), [HURD_VSUSP] = CONTROL('Z'),
		[HURD_VDSUSP] = DISABLED, [HURD_VSTART] = CONTROL('Q'), [HURD_VSTOP] = CONTROL('S'),
		[HURD_VLNEXT] = CONTROL('V'), [HURD_VDISCARD] = DISABLED, [HURD_VMIN] = 1, [HURD_VTIME] = 0,
		[HURD_VSTATUS] = DISABLED, [19] = DISABLED,
	};
	line->modes[HURD_IFLAG] = HURD_ICRNL | HURD_BRKINT | HURD_IMAXBEL;
	line->modes[HURD_OFLAG] = HURD_OPOST | HURD_ONLCR;
	line->modes[HURD_CFLAG] = HURD_CS8 | HURD_CREAD | HURD_CLOCAL;
	line->modes[HURD_LFLAG] = HURD_ICANON | HURD_ISIG | HURD_IEXTEN | HURD_ECHO | HURD_ECHOE | HURD_ECHOK |
		HURD_ECHOKE | HURD_ECHOCTL;
	line->speeds[HURD_ISPEED] = line->speeds[HURD_OSPEED] = 115200;
	memcpy(line->ccs, keys, sizeof keys);
	line_flush(line);
}

void line_flush(struct line *line)
{
	line->ready_start = line->ready_count = line->ends = line->edit_count = 0;
}

/* ---- output */

/* TO has room for twice COUNT; returns how many bytes it became. */
static size_t process_output(const struct line *line, const char *bytes, size_t count, char *to)
{
	bool newlines = has(line, HURD_OFLAG, HURD_OPOST) && has(line, HURD_OFLAG, HURD_ONLCR);
	size_t used = 0;
	for (size_t i = 0; i < count; i++) {
		if (bytes[i] == '\n' && newlines)
			to[used++] = '\r';
		to[used++] = bytes[i];
	}
	return used;
}

void line_output(struct line *line, const char *bytes, size_t count)
{
	char out[2 * LINE_OUTPUT_PART];
	line_flush_echo(line);
	while (count > 0) {
		size_t part = count < LINE_OUTPUT_PART ? count : LINE_OUTPUT_PART;
		line->put(out, process_output(line, bytes, part, out));
		bytes += part;
		count -= part;
	}
}

void line_flush_echo(struct line *line)
{
	if (line->echoed_count > 0)
		line->put(line->echoed, line->echoed_count);
	line->echoed_count = 0;
}

static void echo_text(struct line *line, const char *text)
{
	size_t count = strlen(text);
	if (line->echoed_count + 2 * count > LINE_ECHO_MAX)
		line_flush_echo(line);
	line->echoed_count += process_output(line, text, count, line->echoed + line->echoed_count);
}

static bool is_control(uint8_t byte)
{
	return (byte < ' ' && byte != '\n' && byte != '\t') || byte == RUBOUT;
}

static void echo(struct line *line, uint8_t byte)
{
	if (byte == '\n' && has(line, HURD_LFLAG, HURD_ECHONL | HURD_ECHO)) {
		echo_text(line, "\n");
	} else if (has(line, HURD_LFLAG, HURD_ECHO)) {
		char shown[3] = { (char)byte };
		if (is_control(byte) && has(line, HURD_LFLAG, HURD_ECHOCTL)) {
			shown[0] = '^';
			shown[1] = (char)(byte ^ 0x40);
		}
		echo_text(line, shown);
	}
}

static void rub_out(struct line *line, uint8_t byte)
{
	if (!has(line, HURD_LFLAG, HURD_ECHO))
		return;
	echo_text(line, is_control(byte) && has(line, HURD_LFLAG, HURD_ECHOCTL) ? "\b \b\b \b" : "\b \b");
}

/* ---- input */

static void make_ready(struct line *line, uint16_t entry)
{
	if (line->ready_count == LINE_READY_MAX)
		return;		/* nobody has read for a very long time */
	if (entry == '\n')
		entry |= LINE_ENDS;
	line->ready[(line->ready_start + line->ready_count++) % LINE_READY_MAX] = entry;
	if (entry & LINE_ENDS)
		line->ends++;
}

static void commit_edit(struct line *line)
{
	for (size_t i = 0; i < line->edit_count; i++)
		make_ready(line, line->edit[i]);
	line->edit_count = 0;
}

/* Bytes 0x80 to 0xbf continue a character of UTF-8. */
static bool continues_character(uint8_t byte)
{
	return (byte & 0xc0) == 0x80;
}

static bool erase_character(struct line *line)
{
	if (line->edit_count == 0)
		return false;
	while (line->edit_count > 1 && continues_character(line->edit[line->edit_count - 1]))
		line->edit_count--;
	rub_out(line, line->edit[--line->edit_count]);
	return true;
}

static void erase_word(struct line *line)
{
	while (line->edit_count && line->edit[line->edit_count - 1] == ' ')
		erase_character(line);
	while (line->edit_count && line->edit[line->edit_count - 1] != ' ')
		erase_character(line);
}

/* ^C and the like; true when BYTE was one. */
static bool input_signal(struct line *line, uint8_t byte)
{
	int signal = is_key(line, HURD_VINTR, byte) ? HURD_SIGINT : is_key(line, HURD_VQUIT, byte) ? HURD_SIGQUIT :
		is_key(line, HURD_VSUSP, byte) ? HURD_SIGTSTP : 0;
	if (!signal || !has(line, HURD_LFLAG, HURD_ISIG))
		return false;
	echo(line, byte);
	if (!has(line, HURD_LFLAG, HURD_NOFLSH))
		line_flush(line);
	line_flush_echo(line);
	line->signal(signal);
	return true;
}

static void input_canonical(struct line *line, uint8_t byte)
{
	if (is_key(line, HURD_VERASE, byte) || byte == '\b') {
		erase_character(line);
	} else if (is_key(line, HURD_VWERASE, byte)) {
		erase_word(line);
	} else if (is_key(line, HURD_VKILL, byte)) {
		while (erase_character(line))
			;
	} else if (is_key(line, HURD_VREPRINT, byte)) {
		echo(line, byte);
		echo(line, '\n');
		for (size_t i = 0; i < line->edit_count; i++)
			echo(line, line->edit[i]);
	} else if (is_key(line, HURD_VEOF, byte)) {
		/* Ends the line without a newline; on an empty one, the file. */
		commit_edit(line);
		make_ready(line, LINE_END_OF_FILE);
	} else if (byte == '\n' || is_key(line, HURD_VEOL, byte)) {
		echo(line, byte);
		commit_edit(line);
		make_ready(line, byte | LINE_ENDS);
	} else if (line->edit_count < LINE_EDIT_MAX) {
		line->edit[line->edit_count++] = byte;
		echo(line, byte);
	}
}

void line_input(struct line *line, uint8_t byte)
{
	if (has(line, HURD_IFLAG, HURD_ISTRIP))
		byte &= 0x7f;
	if (byte == '\r') {
		if (has(line, HURD_IFLAG, HURD_IGNCR))
			return;
		if (has(line, HURD_IFLAG, HURD_ICRNL))
			byte = '\n';
	} else if (byte == '\n' && has(line, HURD_IFLAG, HURD_INLCR)) {
		byte = '\r';
	}
	if (input_signal(line, byte))
		return;
	if (has(line, HURD_LFLAG, HURD_ICANON)) {
		input_canonical(line, byte);
	} else {
		make_ready(line, byte);
		echo(line, byte);
	}
}

/* ---- reading */

bool line_readable(const struct line *line)
{
	/* When there is no room for a line's end, what fills it is all that anybody will get. */
	if (has(line, HURD_LFLAG, HURD_ICANON))
		return line->ends > 0 || line->ready_count == LINE_READY_MAX;
	/* VTIME is not counted: with VMIN 0 a read returns what there is. */
	return line->ready_count > 0 || line->ccs[HURD_VMIN] == 0;
}

size_t line_readable_count(const struct line *line)
{
	return line_readable(line) ? line->ready_count : 0;
}

size_t line_read(struct line *line, char *bytes, size_t room)
{
	bool canonical = has(line, HURD_LFLAG, HURD_ICANON);
	size_t count = 0;

	while (count < room && line->ready_count > 0) {
		uint16_t entry = line->ready[line->ready_start];
		bool ends = entry & LINE_ENDS;
		line->ready_start = (line->ready_start + 1) % LINE_READY_MAX;
		line->ready_count--;
		line->ends -= ends;
		if (entry != LINE_END_OF_FILE)
			bytes[count++] = (char)entry;
		if (ends && canonical)
			break;
	}
	/* A line that filled the room to its last byte leaves a bare end of file
	   behind if ^D ended it; that is no end of file of its own. */
	if (count == room && canonical && line->ready_count > 0 && line->ready[line->ready_start] == LINE_END_OF_FILE) {
		line->ready_start = (line->ready_start + 1) % LINE_READY_MAX;
		line->ready_count--;
		line->ends--;
	}
	return count;
}

void line_modes_changed(struct line *line)
{
	if (!has(line, HURD_LFLAG, HURD_ICANON))
		commit_edit(line);
}
