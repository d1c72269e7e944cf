/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fault model; see impair.h. */
#include "impair.h"

#include <assert.h>
#include <string.h>

#define NS_PER_S UINT64_C(1000000000)

/* splitmix64: any state is a good state, and nearby seeds give unrelated streams. */
static uint64_t draw(struct impair_path *path)
{
	uint64_t z = path->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bool draw_chance(struct impair_path *path, uint32_t ppm)
{
	return draw(path) % IMPAIR_PPM < ppm;
}

void impair_seed(struct impair *m, uint64_t seed)
{
	for (unsigned from = 0; from < IMPAIR_PORTS; from++)
		for (unsigned to = 0; to < IMPAIR_PORTS; to++) {
			struct impair_path *path = &m->path[from][to];
			path->random = seed;
			/* Spread neighbouring paths over unrelated streams. */
			path->random = draw(path) + (uint64_t) from * IMPAIR_PORTS + to;
			path->random = draw(path);
		}
}

void impair_init(struct impair *m, uint64_t seed)
{
	memset(m, 0, sizeof *m);
	impair_seed(m, seed);
}

void impair_clear(struct impair *m)
{
	memset(&m->all, 0, sizeof m->all);
	memset(m->port, 0, sizeof m->port);
	memset(m->in_idle_ns, 0, sizeof m->in_idle_ns);
	memset(m->out_idle_ns, 0, sizeof m->out_idle_ns);
	memset(m->all_idle_ns, 0, sizeof m->all_idle_ns);
	impair_heal(m);
}

void impair_cut_port(struct impair *m, unsigned port, bool cut)
{
	assert(port < IMPAIR_PORTS);
	m->port_cut[port] = cut;
}

void impair_cut_pair(struct impair *m, unsigned a, unsigned b, bool cut)
{
	assert(a < IMPAIR_PORTS && b < IMPAIR_PORTS);
	m->path_cut[a][b] = m->path_cut[b][a] = cut;
}

void impair_heal(struct impair *m)
{
	memset(m->port_cut, 0, sizeof m->port_cut);
	memset(m->path_cut, 0, sizeof m->path_cut);
}

/* Pass a frame that is ready at *DUE through a rate limit; false when its queue is full. */
static bool pass_rate(uint64_t rate_bits_s, uint64_t *idle_ns, unsigned length, uint64_t *due)
{
	if (rate_bits_s == 0)
		return true;
	uint64_t start = *idle_ns > *due ? *idle_ns : *due;
	if (start - *due > IMPAIR_RATE_QUEUE_NS)
		return false;
	*idle_ns = start + (uint64_t) length * 8 * NS_PER_S / rate_bits_s;
	*due = *idle_ns;
	return true;
}

struct draws {
	bool lost, reordered, duplicated;
	uint64_t delay_ns;
};

/* Always four draws, whatever the setting: changing one fault leaves the others' pattern. */
static void pass_setting(const struct impair_setting *s, struct impair_path *path, struct draws *d)
{
	d->lost |= draw_chance(path, s->loss_ppm);
	d->reordered |= draw_chance(path, s->reorder_ppm);
	d->duplicated |= draw_chance(path, s->duplicate_ppm);
	d->delay_ns += s->delay_ns + draw(path) % (s->jitter_ns + 1);
}

struct impair_verdict impair_frame(struct impair *m, unsigned from, unsigned to,
				   unsigned length, uint64_t now_ns)
{
	assert(from < IMPAIR_PORTS && to < IMPAIR_PORTS);
	struct impair_path *path = &m->path[from][to];
	struct draws d = { 0 };
	pass_setting(&m->port[from], path, &d);
	pass_setting(&m->all, path, &d);
	pass_setting(&m->port[to], path, &d);
	uint64_t spread_ns = draw(path) % (IMPAIR_DUPLICATE_SPREAD_NS + 1);

	if (m->port_cut[from] || m->port_cut[to] || m->path_cut[from][to])
		return (struct impair_verdict) { .fate = IMPAIR_CUT };
	if (d.lost)
		return (struct impair_verdict) { .fate = IMPAIR_LOST };

	uint64_t due = now_ns;
	if (!pass_rate(m->port[from].rate_bits_s, &m->in_idle_ns[from], length, &due) ||
	    !pass_rate(m->all.rate_bits_s, &m->all_idle_ns[to], length, &due) ||
	    !pass_rate(m->port[to].rate_bits_s, &m->out_idle_ns[to], length, &due))
		return (struct impair_verdict) { .fate = IMPAIR_RATE_DROPPED };
	due += d.delay_ns;

	struct impair_verdict v = { .fate = IMPAIR_DELIVERED, .copies = 1 };
	if (d.reordered) {
		/* Later frames overtake it: it leaves no mark in the path's order. */
		v.reordered = true;
		v.due_ns[0] = due + IMPAIR_REORDER_HOLD_NS;
	} else {
		if (due < path->last_due_ns)
			due = path->last_due_ns;
		path->last_due_ns = due;
		v.due_ns[0] = due;
	}
	if (d.duplicated)
		v.due_ns[v.copies++] = v.due_ns[0] + spread_ns;
	return v;
}
