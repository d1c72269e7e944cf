/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "configure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What was written stands in the problem, and may be anything: it has to stay one line, and text. */
static bool refuse(char *problem, const char *what, const char *value)
{
	snprintf(problem, configure_problem_bytes, "%s: %.160s", what, value);
	for (; *problem; problem++)
		if ((unsigned char)*problem < ' ' || *problem == 0x7f)
			*problem = '?';
	return false;
}

bool configure_set(struct configuration *configuration, const char *name, const char *value,
		char problem[configure_problem_bytes])
{
	uint32_t *place = !strcmp(name, "address") ? &configuration->address :
		!strcmp(name, "netmask") ? &configuration->netmask :
		!strcmp(name, "gateway") ? &configuration->gateway : NULL;
	if (!place)
		return refuse(problem, "unknown setting (address, netmask and gateway are known)", name);
	struct in_addr parsed;
	if (inet_pton(AF_INET, value, &parsed) != 1)
		return refuse(problem, "not an address of the form A.B.C.D", value);
	*place = parsed.s_addr;
	return true;
}

static bool read_line(struct configuration *configuration, char *line, size_t bytes, char *problem)
{
	if (strlen(line) < bytes)
		return refuse(problem, "there is a zero byte behind", line);
	line[strcspn(line, "#\n")] = 0;
	char *rest = line;
	char *name = strtok_r(rest, " \t\r", &rest), *value = strtok_r(NULL, " \t\r", &rest);
	if (!name)
		return true;
	if (!value || strtok_r(NULL, " \t\r", &rest))
		return refuse(problem, "a line is a name and an address", name);
	return configure_set(configuration, name, value, problem);
}

/* Lines are read as a whole, however long: a part of a note must not pass for a setting. */
static bool read_lines(struct configuration *configuration, FILE *stream, const char *file, char *problem)
{
	char *line = NULL, where[80], why[configure_problem_bytes];
	size_t room = 0;
	bool good = true;
	ssize_t bytes;
	for (int number = 1; good && (bytes = getline(&line, &room, stream)) > 0; number++) {
		good = read_line(configuration, line, (size_t)bytes, why);
		if (!good) {
			snprintf(where, sizeof where, "%.60s, line %d", file, number);
			refuse(problem, where, why);
		}
	}
	free(line);
	return good;
}

bool configure_read(struct configuration *configuration, const char *file, char problem[configure_problem_bytes])
{
	FILE *stream = fopen(file, "r");
	if (!stream)
		return refuse(problem, file, strerror(errno));
	bool good = read_lines(configuration, stream, file, problem);
	if (good && ferror(stream))
		good = refuse(problem, file, strerror(errno));
	fclose(stream);
	return good;
}

bool configure_check(struct configuration *configuration, char problem[configure_problem_bytes])
{
	if (!configuration->address) {
		if (!configuration->netmask && !configuration->gateway)
			return true;
		return refuse(problem, "an address is missing", "give address as well as netmask and gateway");
	}
	if (!configuration->netmask)
		configuration->netmask = htonl(0xffffff00);
	uint32_t mask = ntohl(configuration->netmask);
	if (~mask & (~mask + 1))
		return refuse(problem, "not a netmask", inet_ntoa((struct in_addr){ configuration->netmask }));
	if (configuration->gateway && (configuration->gateway ^ configuration->address) & configuration->netmask)
		return refuse(problem, "the gateway is not in the address's network",
			inet_ntoa((struct in_addr){ configuration->gateway }));
	return true;
}
