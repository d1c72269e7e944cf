/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "configure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { line_bytes_max = 256 };

static bool refuse(char *problem, const char *what, const char *value)
{
	snprintf(problem, configure_problem_bytes, "%s: %.100s", what, value);
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

static bool read_line(struct configuration *configuration, char *line, char *problem)
{
	line[strcspn(line, "#\n")] = 0;
	char *rest = line;
	char *name = strtok_r(rest, " \t\r", &rest), *value = strtok_r(NULL, " \t\r", &rest);
	if (!name)
		return true;
	if (!value || strtok_r(NULL, " \t\r", &rest))
		return refuse(problem, "a line is a name and an address", name);
	return configure_set(configuration, name, value, problem);
}

bool configure_read(struct configuration *configuration, const char *file, char problem[configure_problem_bytes])
{
	FILE *stream = fopen(file, "r");
	if (!stream) {
		snprintf(problem, configure_problem_bytes, "%.100s: %s", file, strerror(errno));
		return false;
	}
	char line[line_bytes_max], why[configure_problem_bytes];
	bool good = true;
	for (int number = 1; good && fgets(line, sizeof line, stream); number++) {
		good = read_line(configuration, line, why);
		if (!good)
			snprintf(problem, configure_problem_bytes, "%.60s, line %d: %.160s", file, number, why);
	}
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
