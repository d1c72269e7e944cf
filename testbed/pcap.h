/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pcap: record frames in the file format that tcpdump and wireshark read. */
#ifndef DROVE_TESTBED_PCAP_H
#define DROVE_TESTBED_PCAP_H

#include <stdint.h>
#include <stdio.h>

/* Open PATH and write the file header; NULL (errno says why) when that fails. */
FILE *pcap_open(const char *path);

void pcap_frame(FILE *file, uint64_t wall_ns, const unsigned char *frame, unsigned length);

#endif
