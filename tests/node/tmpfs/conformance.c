/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tmpfs-conformance: talks to a tmpfs of its own with plain RPCs and checks every answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mach.h>

#include "check.h"
#include "start_translator.h"

static error_t get_roots(void)
{
	uid_t root[] = { 0 }, user[] = { 1000 };
	retry_type retry;
	string_t name;
	error_t error = fsys_getroot(control, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND, root, 1, root, 1, HURD_O_READ, &retry,
				     name, &as_root);
	if (!error)
		error = io_restrict_auth(as_root, &as_user, user, 1, user, 1);
	return error;
}

int main(int argc, char **argv)
{
	char *arguments[] = { argc > 1 ? argv[1] : "/hurd/tmpfs", "--debug", NULL };
	struct translator_start start = { .arguments = arguments, .timeout_ms = 10000 };
	setvbuf(stdout, NULL, _IOLBF, 0);
	const char *problem = translator_start(&start);
	if (problem) {
		fprintf(stderr, "tmpfs-conformance: %s: %s\n", arguments[0], problem);
		return 1;
	}
	control = start.control;
	error_t error = get_roots();
	if (error) {
		fprintf(stderr, "tmpfs-conformance: cannot open the root: error %#x\n", error);
		return 1;
	}
	test_lookup();
	test_data();
	test_names();
	test_readdir();
	test_attributes();
	test_permissions();
	test_translators();
	test_locks();
	test_false_descriptors();
	test_leaks();
	fsys_goaway(control, HURD_FSYS_GOAWAY_FORCE);
	return check_summary("tmpfs-conformance");
}
