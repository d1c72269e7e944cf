/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pcap file format, with nanosecond times; see pcap.h. */
#include "pcap.h"

#define PCAP_MAGIC_NS 0xa1b23c4dU
#define PCAP_ETHERNET 1
#define PCAP_SNAP_BYTES 65550
#define NS_PER_S UINT64_C(1000000000)

FILE *pcap_open(const char *path)
{
	FILE *file = fopen(path, "we");
	if (file == NULL)
		return NULL;
	struct {
		uint32_t magic;
		uint16_t major, minor;
		uint32_t zone, accuracy, snap_bytes, link;
	} header = { PCAP_MAGIC_NS, 2, 4, 0, 0, PCAP_SNAP_BYTES, PCAP_ETHERNET };
	fwrite(&header, sizeof header, 1, file);
	return file;
}

void pcap_frame(FILE *file, uint64_t wall_ns, const unsigned char *frame, unsigned length)
{
	uint32_t record[4] = { wall_ns / NS_PER_S, wall_ns % NS_PER_S, length, length };
	fwrite(record, sizeof record, 1, file);
	fwrite(frame, length, 1, file);
}
