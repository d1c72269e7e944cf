/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The switch's commands: one line in, one line out; see switch.h. */
#include "switch.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS 1e6
#define WORDS_MAX 8

const char switch_command_help[] =
	"  loss PCT               lose that share of the frames\n"
	"  delay MS [JITTER_MS]   deliver later, by MS plus up to JITTER_MS\n"
	"  reorder PCT            let that share be overtaken by later frames\n"
	"  dup PCT                deliver that share twice\n"
	"  rate KBIT              at most KBIT kbit/s (0: no limit)\n"
	"  port K COMMAND...      one of the above for port K alone, both directions\n"
	"  cut K | cut A-B        cut a port, or the path between two ports\n"
	"  heal                   mend all cuts\n"
	"  clear                  mend all cuts and end all faults\n"
	"  seed N                 start the fault pattern afresh\n"
	"  stats                  what was counted\n"
	"  show                   which faults are set\n";

struct reply {
	char *text;
	size_t bytes, used;
};

static void say(struct reply *r, const char *format, ...)
{
	if (r->used >= r->bytes)
		return;
	va_list list;
	va_start(list, format);
	int n = vsnprintf(r->text + r->used, r->bytes - r->used, format, list);
	va_end(list);
	r->used += n;
}

static bool parse_number(const char *word, double max, double *value)
{
	char *end;
	*value = strtod(word, &end);
	return end != word && *end == '\0' && *value >= 0 && *value <= max;
}

static bool parse_ppm(const char *word, uint32_t *ppm)
{
	double percent;
	if (!parse_number(word, 100, &percent))
		return false;
	*ppm = percent * (IMPAIR_PPM / 100) + 0.5;
	return true;
}

static bool parse_delay(const char *word, uint64_t *ns)
{
	double ms;
	if (!parse_number(word, IMPAIR_DELAY_MAX_NS / NS_PER_MS, &ms))
		return false;
	*ns = ms * NS_PER_MS + 0.5;
	return true;
}

static bool parse_rate(const char *word, uint64_t *bits_s)
{
	double kbit;
	if (!parse_number(word, 1e9, &kbit))
		return false;
	*bits_s = kbit * 1000;
	return true;
}

static bool parse_port(const struct ether_switch *s, const char *word, size_t length, unsigned *port)
{
	char *end;
	unsigned long k = strtoul(word, &end, 10);
	if (length == 0 || end != word + length || k < 1 || k > s->ports)
		return false;
	*port = k - 1;
	return true;
}

/* A fault for one setting; 0 unknown command, -1 wrong operands, 1 done. */
static int set_fault(struct impair_setting *set, unsigned words, char **word)
{
	struct impair_setting new = *set;
	bool good = words == 2;
	if (!strcmp(word[0], "loss"))
		good = good && parse_ppm(word[1], &new.loss_ppm);
	else if (!strcmp(word[0], "reorder"))
		good = good && parse_ppm(word[1], &new.reorder_ppm);
	else if (!strcmp(word[0], "dup"))
		good = good && parse_ppm(word[1], &new.duplicate_ppm);
	else if (!strcmp(word[0], "rate"))
		good = good && parse_rate(word[1], &new.rate_bits_s);
	else if (!strcmp(word[0], "delay")) {
		new.jitter_ns = 0;
		good = (words == 2 || words == 3) && parse_delay(word[1], &new.delay_ns) &&
			(words == 2 || parse_delay(word[2], &new.jitter_ns));
	} else
		return 0;
	if (good)
		*set = new;
	return good ? 1 : -1;
}

static bool cut(struct ether_switch *s, const char *what)
{
	unsigned a, b;
	const char *dash = strchr(what, '-');
	if (dash == NULL) {
		if (!parse_port(s, what, strlen(what), &a))
			return false;
		impair_cut_port(&s->impair, a, true);
		return true;
	}
	if (!parse_port(s, what, dash - what, &a) ||
	    !parse_port(s, dash + 1, strlen(dash + 1), &b) || a == b)
		return false;
	impair_cut_pair(&s->impair, a, b, true);
	return true;
}

static void say_stats(const struct ether_switch *s, struct reply *r)
{
	const struct switch_counts *c = &s->count;
	say(r, "forwarded=%" PRIu64 " lost=%" PRIu64 " cut=%" PRIu64 " rate_dropped=%" PRIu64
	    " queue_dropped=%" PRIu64 " duplicated=%" PRIu64 " reordered=%" PRIu64 " runts=%" PRIu64
	    " held=%zu", c->forwarded, c->lost, c->cut, c->rate_dropped, c->queue_dropped,
	    c->duplicated, c->reordered, c->runts, s->line.count);
	for (unsigned i = 0; i < s->ports; i++) {
		const struct port *p = &s->port[i];
		say(r, " port%u=%s,in=%" PRIu64 ",in_bytes=%" PRIu64 ",out=%" PRIu64
		    ",out_bytes=%" PRIu64 ",refused=%" PRIu64, i + 1, p->fd >= 0 ? "up" : "down",
		    p->frames_in, p->bytes_in, p->frames_out, p->bytes_out, p->frames_refused);
	}
}

static void say_setting(struct reply *r, const char *who, const struct impair_setting *set)
{
	static const struct impair_setting none;
	if (!memcmp(set, &none, sizeof none))
		return;
	say(r, "%s: loss %g reorder %g dup %g delay %g %g rate %g; ", who,
	    set->loss_ppm / 1e4, set->reorder_ppm / 1e4, set->duplicate_ppm / 1e4,
	    set->delay_ns / NS_PER_MS, set->jitter_ns / NS_PER_MS, set->rate_bits_s / 1e3);
}

static void say_faults(const struct ether_switch *s, struct reply *r)
{
	say_setting(r, "all", &s->impair.all);
	for (unsigned i = 0; i < s->ports; i++) {
		char who[16];
		snprintf(who, sizeof who, "port %u", i + 1);
		say_setting(r, who, &s->impair.port[i]);
		if (s->impair.port_cut[i])
			say(r, "cut %u; ", i + 1);
		for (unsigned j = i + 1; j < s->ports; j++)
			if (s->impair.path_cut[i][j])
				say(r, "cut %u-%u; ", i + 1, j + 1);
	}
	if (r->used == 0)
		say(r, "no faults");
}

/* As set_fault, for every command but the faults. */
static int obey(struct ether_switch *s, unsigned words, char **word, struct reply *r)
{
	double seed;
	if (!strcmp(word[0], "cut"))
		return words == 2 && cut(s, word[1]) ? 1 : -1;
	if (!strcmp(word[0], "seed")) {
		if (words != 2 || !parse_number(word[1], 1e15, &seed))
			return -1;
		impair_seed(&s->impair, seed);
		return 1;
	}
	if (!strcmp(word[0], "heal"))
		impair_heal(&s->impair);
	else if (!strcmp(word[0], "clear"))
		impair_clear(&s->impair);
	else if (!strcmp(word[0], "stats"))
		say_stats(s, r);
	else if (!strcmp(word[0], "show"))
		say_faults(s, r);
	else
		return 0;
	return words == 1 ? 1 : -1;
}

void switch_command(struct ether_switch *s, const char *line, char *reply, size_t reply_bytes)
{
	struct reply r = { reply, reply_bytes, 0 };
	char copy[256], *word[WORDS_MAX], *rest = NULL;
	unsigned words = 0;
	snprintf(copy, sizeof copy, "%s", line);
	for (char *w = strtok_r(copy, " \t\r\n", &rest); w && words < WORDS_MAX;
	     w = strtok_r(NULL, " \t\r\n", &rest))
		word[words++] = w;
	if (words == 0) {
		say(&r, "error: empty command");
		return;
	}
	unsigned port;
	int done;
	if (!strcmp(word[0], "port"))
		done = words < 3 || !parse_port(s, word[1], strlen(word[1]), &port) ? -1
			: set_fault(&s->impair.port[port], words - 2, word + 2);
	else {
		done = set_fault(&s->impair.all, words, word);
		if (done == 0)
			done = obey(s, words, word, &r);
	}
	if (done == 0) {
		say(&r, "error: unknown command '%s'; see switch --help", word[0]);
	} else if (done < 0) {
		r.used = 0;
		say(&r, "error: wrong operands for '%s'; see switch --help", word[0]);
	} else if (r.used == 0)
		say(&r, "ok");
}
