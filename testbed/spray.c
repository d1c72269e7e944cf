/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * spray: plug into a port of the switch and send hostile UDP datagrams to a
 * node as fast as the switch takes them: random bytes, and recorded datagrams
 * again, cut short, and with bits flipped.  The sender's address is forged.
 */
#include "port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	ETHERNET_BYTES = 14,
	IP_BYTES = 20,
	UDP_BYTES = 8,
	HEADERS_BYTES = ETHERNET_BYTES + IP_BYTES + UDP_BYTES,
	FRAME_BYTES = 1514,
	PAYLOAD_BYTES = FRAME_BYTES - HEADERS_BYTES,
	RECORDED_MAX = 4096,
	BATCH_FRAMES = 64,
};

struct datagram {
	unsigned length;
	unsigned char bytes[PAYLOAD_BYTES];
};

struct spray {
	uint64_t random;
	uint32_t from, to;              /* network order */
	uint16_t udp_port;
	unsigned char node;             /* last byte of the node's Ethernet address */
	struct datagram *recorded;
	unsigned recorded_count;
};

static void die(const char *what, const char *which)
{
	fprintf(stderr, "spray: %s %s: %s\n", what, which, strerror(errno));
	exit(1);
}

static uint64_t draw(struct spray *s)
{
	uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void put16(unsigned char *at, unsigned value)
{
	at[0] = value >> 8;
	at[1] = value;
}

static unsigned get16(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

static void put_ip_checksum(unsigned char *ip)
{
	uint32_t sum = 0;
	for (unsigned i = 0; i < IP_BYTES; i += 2)
		sum += get16(ip + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(ip + 10, ~sum & 0xffff);
}

/* Headers before PAYLOAD bytes that are there already; the frame's length. */
static unsigned make_frame(struct spray *s, unsigned char *frame, unsigned payload)
{
	static const unsigned char address[6] = { 0x02, 0x44, 0x52, 0, 0, 0 };
	unsigned char *ip = frame + ETHERNET_BYTES, *udp = ip + IP_BYTES;
	memset(frame, 0, HEADERS_BYTES);
	memcpy(frame, address, 6);
	frame[5] = s->node;
	memcpy(frame + 6, address, 6);
	frame[11] = 0xee;
	put16(frame + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + 2, IP_BYTES + UDP_BYTES + payload);
	ip[8] = 64;
	ip[9] = 17;
	memcpy(ip + 12, &s->from, 4);
	memcpy(ip + 16, &s->to, 4);
	put_ip_checksum(ip);
	put16(udp, s->udp_port);
	put16(udp + 2, s->udp_port);
	put16(udp + 4, UDP_BYTES + payload);    /* checksum 0: none */
	return HEADERS_BYTES + payload;
}

/* Random bytes, or something recorded that is hurt in one of three ways. */
static unsigned make_payload(struct spray *s, unsigned char *payload)
{
	if (s->recorded_count == 0 || draw(s) % 4 == 0) {
		unsigned length = draw(s) % (PAYLOAD_BYTES + 1);
		for (unsigned i = 0; i < length; i++)
			payload[i] = draw(s);
		return length;
	}
	const struct datagram *d = &s->recorded[draw(s) % s->recorded_count];
	unsigned length = d->length;
	memcpy(payload, d->bytes, length);
	switch (draw(s) % 3) {
	case 0:
		if (length > 0)
			payload[draw(s) % length] ^= 1 << draw(s) % 8;
		break;
	case 1:
		length = draw(s) % (length + 1);
		break;
	default:                                /* as it was: a replay */
		break;
	}
	return length;
}

/* The UDP payloads to our port out of a recording by the switch. */
static void load_recording(struct spray *s, const char *path)
{
	unsigned char header[24], frame[PORT_FRAME_MAX_BYTES];
	uint32_t record[4];
	FILE *file = fopen(path, "re");
	if (file == NULL || fread(header, sizeof header, 1, file) != 1)
		die("cannot read", path);
	s->recorded = calloc(RECORDED_MAX, sizeof *s->recorded);
	if (s->recorded == NULL)
		die("no memory for", path);
	while (s->recorded_count < RECORDED_MAX && fread(record, sizeof record, 1, file) == 1) {
		unsigned length = record[2];
		if (length > sizeof frame || fread(frame, 1, length, file) != length)
			break;
		if (length < HEADERS_BYTES || get16(frame + 12) != 0x0800 || frame[14] != 0x45 ||
		    frame[23] != 17 || get16(frame + 36) != s->udp_port)
			continue;
		struct datagram *d = &s->recorded[s->recorded_count];
		d->length = get16(frame + 38) - UDP_BYTES;
		if (d->length > PAYLOAD_BYTES || HEADERS_BYTES + d->length > length)
			continue;
		memcpy(d->bytes, frame + HEADERS_BYTES, d->length);
		s->recorded_count++;
	}
	fclose(file);
}

static void ignore_frame(void *context, const unsigned char *frame, unsigned length)
{
}

static void plug_in(struct port *p, const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof a) < 0)
		die("cannot plug into", path);
	port_init(p);
	port_plug(p, fd);
}

static double now_s(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static uint64_t spray(struct spray *s, struct port *p, double seconds)
{
	unsigned char frame[FRAME_BYTES];
	uint64_t sent = 0;
	for (double end = now_s() + seconds; now_s() < end; ) {
		for (unsigned i = 0; i < BATCH_FRAMES; i++) {
			unsigned payload = make_payload(s, frame + HEADERS_BYTES);
			sent += port_queue(p, frame, make_frame(s, frame, payload));
		}
		if (!port_flush(p) || !port_read(p, ignore_frame, NULL))
			break;
		if (p->out_used > PORT_OUT_BYTES / 2)
			usleep(200);
	}
	return sent;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 't' }, { "seed", required_argument, NULL, 's' },
		{ "from", required_argument, NULL, 'f' }, { "port", required_argument, NULL, 'p' },
		{ "recorded", required_argument, NULL, 'r' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	static const char usage[] =
		"usage: spray [--seconds N] [--seed N] [--from ADDRESS] [--port UDP_PORT]\n"
		"             [--recorded FILE.pcap] SOCKET K\n"
		"Plug into the switch's port at SOCKET and send random datagrams to node K (10.77.0.K),\n"
		"and recorded ones again: whole, cut short, with a bit flipped.\n";
	struct spray s = { .random = 1, .udp_port = 2345, .from = inet_addr("10.77.0.99") };
	const char *recording = NULL;
	double seconds = 5;
	int c;
	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1)
		switch (c) {
		case 't': seconds = strtod(optarg, NULL); break;
		case 's': s.random = strtoull(optarg, NULL, 10); break;
		case 'f': s.from = inet_addr(optarg); break;
		case 'p': s.udp_port = strtoul(optarg, NULL, 10); break;
		case 'r': recording = optarg; break;
		case 'h': fputs(usage, stdout); return 0;
		default: fputs(usage, stderr); return 2;
		}
	if (optind + 2 != argc) {
		fputs(usage, stderr);
		return 2;
	}
	struct port *p = malloc(sizeof *p);
	if (p == NULL)
		die("no memory for", "the port");
	s.node = strtoul(argv[optind + 1], NULL, 10);
	s.to = htonl(0x0a4d0000 + s.node);
	if (recording)
		load_recording(&s, recording);
	plug_in(p, argv[optind]);
	uint64_t sent = spray(&s, p, seconds);
	printf("sent %llu datagrams, %u recorded ones to choose from\n",
	       (unsigned long long) sent, s.recorded_count);
	port_unplug(p);
	free(p);
	free(s.recorded);
	return sent == 0;
}
