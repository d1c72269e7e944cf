/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mkdata: write reproducible bytes that do not compress, to standard output.
 * The same seed gives the same bytes on every machine (splitmix64, least
 * significant byte first), so host and nodes can agree on their sums.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 65536 };

static uint64_t draw(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static void fill(unsigned char *block, uint64_t *state)
{
	for (unsigned i = 0; i < BLOCK_BYTES; i += 8) {
		uint64_t value = draw(state);
		for (unsigned j = 0; j < 8; j++)
			block[i + j] = value >> (8 * j);
	}
}

int main(int argc, char **argv)
{
	static unsigned char block[BLOCK_BYTES];
	static const char usage[] = "usage: mkdata BYTES [SEED] >FILE\n"
		"Write BYTES reproducible pseudo-random bytes to standard output.\n";
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	char *end = NULL;
	uint64_t left = argc > 1 ? strtoull(argv[1], &end, 10) : 0;
	uint64_t state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	if (argc < 2 || argc > 3 || *end != '\0') {
		fputs(usage, stderr);
		return 2;
	}
	while (left > 0) {
		size_t part = left < BLOCK_BYTES ? left : BLOCK_BYTES;
		fill(block, &state);
		if (fwrite(block, 1, part, stdout) != part)
			break;
		left -= part;
	}
	if (left > 0 || fflush(stdout) != 0) {
		perror("mkdata: cannot write");
		return 1;
	}
	return 0;
}
