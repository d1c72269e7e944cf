/* SPDX-License-Identifier: GPL-2.0-or-later */
/* netmsg's configuration: key files, authorized_peers and the command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "keys.h"
#include "options.h"
#include "peers.h"

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define KEY_B "BAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static char folder[] = "/tmp/netmsg-config-XXXXXX";
static char path_buffer[256];

static const char *
path (const char *name)
{
	snprintf (path_buffer, sizeof path_buffer, "%s/%s", folder, name);
	return path_buffer;
}

static void
write_file (const char *file, const char *text, mode_t mode)
{
	FILE *stream = fopen (file, "w");

	assert_non_null (stream);
	fputs (text, stream);
	assert_int_equal (fclose (stream), 0);
	assert_int_equal (chmod (file, mode), 0);
}

static void
a_new_key_is_private_and_loads_again (void **state)
{
	struct complaint complaint;
	struct key_pair made, loaded;
	struct stat status;

	assert_true (keys_generate (path ("new/key"), &made, &complaint));
	assert_int_equal (stat (path ("new/key"), &status), 0);
	assert_int_equal (status.st_mode & 07777, 0600);
	assert_true (keys_load (path ("new/key"), &loaded, &complaint));
	assert_memory_equal (&made, &loaded, sizeof made);
	assert_int_not_equal (made.public[0] | made.public[1] | made.public[2], 0);
}

static void
a_key_is_never_overwritten (void **state)
{
	struct complaint complaint;
	struct key_pair first, second, loaded;

	assert_true (keys_generate (path ("once"), &first, &complaint));
	assert_false (keys_generate (path ("once"), &second, &complaint));
	assert_non_null (strstr (complaint.text, "exists"));
	assert_true (keys_load (path ("once"), &loaded, &complaint));
	assert_memory_equal (first.secret, loaded.secret, KEY_BYTES);
}

static void
two_keys_differ (void **state)
{
	struct complaint complaint;
	struct key_pair first, second;

	assert_true (keys_generate (path ("one"), &first, &complaint));
	assert_true (keys_generate (path ("two"), &second, &complaint));
	assert_memory_not_equal (first.secret, second.secret, KEY_BYTES);
	assert_memory_not_equal (first.public, second.public, KEY_BYTES);
}

static void
a_key_others_can_read_is_refused (void **state)
{
	static const mode_t modes[] = { 0640, 0604, 0610, 0666 };
	struct complaint complaint;
	struct key_pair keys;

	assert_true (keys_generate (path ("open"), &keys, &complaint));
	for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
	{
		assert_int_equal (chmod (path ("open"), modes[i]), 0);
		assert_false (keys_load (path ("open"), &keys, &complaint));
		assert_non_null (strstr (complaint.text, "chmod 600"));
	}
}

static void
a_damaged_key_file_is_refused (void **state)
{
	static const char *const texts[] = {
		"", "secret \n", "secret AAAA\n", "secret " KEY_A "x\n", "public " KEY_A "\n",
		"secret " KEY_A "\nsecret " KEY_B "\n", "secret " KEY_A " \n", "\001\002\003",
	};
	struct complaint complaint;
	struct key_pair keys;

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
	{
		write_file (path ("damaged"), texts[i], 0600);
		assert_false (keys_load (path ("damaged"), &keys, &complaint));
		assert_non_null (strstr (complaint.text, "not a netmsg key"));
	}
	assert_false (keys_load (path ("none"), &keys, &complaint));
	assert_non_null (strstr (complaint.text, "netmsg keygen"));
	assert_false (keys_load (folder, &keys, &complaint));
}

static bool
parse (const char *text, struct peers *peers, struct complaint *complaint)
{
	return peers_parse ("peers", text, strlen (text), peers, complaint);
}

static void
a_good_peers_file_gives_every_field (void **state)
{
	struct complaint complaint;
	struct peers peers;
	const struct peer *peer;

	assert_true (parse ("# comment\n\n" KEY_A " node1\n"
		"\t" KEY_B "  node2 10.0.0.2:99 user=7:8 path=/srv ro # last\n", &peers, &complaint));
	assert_int_equal (peers.count, 2);
	peer = peers_find_host (&peers, "node1");
	assert_non_null (peer);
	assert_string_equal (peer->user, "nobody");
	assert_string_equal (peer->address, "");
	assert_string_equal (peer->path, "");
	assert_int_equal (peer->port, 0);
	assert_false (peer->read_only);
	peer = peers_find_host (&peers, "10.0.0.2");
	assert_non_null (peer);
	assert_string_equal (peer->name, "node2");
	assert_int_equal (peer->port, 99);
	assert_string_equal (peer->user, "7:8");
	assert_string_equal (peer->path, "/srv");
	assert_true (peer->read_only);
	assert_ptr_equal (peers_find_key (&peers, peer->key), peer);
	assert_null (peers_find_host (&peers, "node3"));
	peers_free (&peers);
	assert_null (peers_find_host (&peers, "node1"));
}

static void
addresses_of_both_families (void **state)
{
	static const struct { const char *word, *address; int port; } cases[] = {
		{ "10.0.0.1", "10.0.0.1", 0 }, { "10.0.0.1:1", "10.0.0.1", 1 }, { "host.example:65535", "host.example", 65535 },
		{ "fe80::1", "fe80::1", 0 }, { "[fe80::1]:5", "fe80::1", 5 }, { "[::1]", "::1", 0 },
	};
	struct complaint complaint;
	struct peers peers;
	char line[200];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		snprintf (line, sizeof line, KEY_A " n %s", cases[i].word);
		assert_true (parse (line, &peers, &complaint));
		assert_string_equal (peers.list[0].address, cases[i].address);
		assert_int_equal (peers.list[0].port, cases[i].port);
		peers_free (&peers);
	}
}

static void
bad_lines_name_file_line_and_fault (void **state)
{
	static const struct { const char *line, *fault; } cases[] = {
		{ "AAAA node", "not a public key" },
		{ KEY_A, "name is missing" },
		{ KEY_A " ro", "name is missing" },
		{ KEY_A " n 1.2.3.4:0", "not a port" },
		{ KEY_A " n 1.2.3.4:65536", "not a port" },
		{ KEY_A " n 1.2.3.4:x", "not a port" },
		{ KEY_A " n :5", "address is empty" },
		{ KEY_A " n [::1", "not an address" },
		{ KEY_A " n [::1]5", "not an address" },
		{ KEY_A " n user=", "user= needs" },
		{ KEY_A " n user=1:", "not UID" },
		{ KEY_A " n user=1x", "not UID" },
		{ KEY_A " n user=99999999999", "not UID" },
		{ KEY_A " n user=joe:1", "group goes with" },
		{ KEY_A " n path=srv", "start with /" },
		{ KEY_A " n rw", "" },		/* an address that looks odd is left to the resolver */
		{ KEY_A " n ro rw", "unknown option 'rw'" },
		{ KEY_A " n colour=red", "unknown option" },
		{ KEY_A " n1\n" KEY_A " n2", "already that of n1" },
		{ KEY_A " n1\n" KEY_B " n1", "already in use" },
	};
	struct complaint complaint;
	struct peers peers;
	char text[300];

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
	{
		bool two = strchr (cases[i].line, '\n') != NULL;

		snprintf (text, sizeof text, "\n# two\n%s\n", cases[i].line);
		if (cases[i].fault[0] == 0)
		{
			assert_true (parse (text, &peers, &complaint));
			peers_free (&peers);
			continue;
		}
		assert_false (parse (text, &peers, &complaint));
		assert_null (peers.list);
		assert_non_null (strstr (complaint.text, cases[i].fault));
		assert_ptr_equal (strstr (complaint.text, two ? "peers:4: " : "peers:3: "), complaint.text);
	}
}

static void
long_and_binary_lines_are_refused (void **state)
{
	struct complaint complaint;
	struct peers peers;
	char text[PEER_LINE_BYTES + 100];

	memset (text, 'a', sizeof text);
	assert_false (peers_parse ("peers", text, sizeof text, &peers, &complaint));
	assert_non_null (strstr (complaint.text, "longer than"));
	assert_false (peers_parse ("peers", "ab\0cd", 5, &peers, &complaint));
	assert_non_null (strstr (complaint.text, "zero byte"));
	snprintf (text, sizeof text, KEY_A " %0*d", PEER_NAME_BYTES, 1);
	assert_false (parse (text, &peers, &complaint));
	assert_non_null (strstr (complaint.text, "name is longer"));
}

static void
a_peers_file_is_read_whole (void **state)
{
	struct complaint complaint;
	struct peers peers;
	FILE *stream = fopen (path ("peers"), "w");

	assert_non_null (stream);
	for (int i = 0; i < 300; i++)
		fprintf (stream, "%c%c" "%s n%d 10.0.0.1 user=nobody path=/a/rather/long/path\n",
			'A' + i / 26, 'A' + i % 26, KEY_A + 2, i);
	assert_int_equal (fclose (stream), 0);
	assert_true (peers_load (path ("peers"), &peers, &complaint));
	assert_int_equal (peers.count, 300);
	assert_non_null (peers_find_host (&peers, "n299"));
	peers_free (&peers);
	assert_false (peers_load (path ("no-peers"), &peers, &complaint));
	assert_non_null (strstr (complaint.text, "no-peers"));
}

static bool
options (struct options *result, struct complaint *complaint, ...)
{
	char *words[16] = { (char *) "netmsg" };
	int count = 1;
	va_list rest;

	va_start (rest, complaint);
	while ((words[count] = va_arg (rest, char *)) != NULL)
		count++;
	va_end (rest);
	return options_parse (count, words, result, complaint);
}

static void
command_lines (void **state)
{
	struct complaint complaint;
	struct options o;

	assert_true (options (&o, &complaint, "-s", NULL));
	assert_int_equal (o.verb, VERB_SERVE);
	assert_string_equal (o.argument, "/");
	assert_int_equal (o.port, 2345);
	assert_int_equal (o.silence_seconds, 10);
	assert_true (options (&o, &complaint, "-s", "/srv", "-p", "7", "-dd", "-t3", NULL));
	assert_string_equal (o.argument, "/srv");
	assert_int_equal (o.port, 7);
	assert_int_equal (o.debug, 2);
	assert_int_equal (o.silence_seconds, 3);
	assert_true (options (&o, &complaint, "node1", NULL));
	assert_int_equal (o.verb, VERB_TRANSLATE);
	assert_string_equal (o.argument, "node1");
	assert_true (options (&o, &complaint, "keygen", "/k", NULL));
	assert_int_equal (o.verb, VERB_KEYGEN);
	assert_string_equal (o.argument, "/k");
	assert_true (options (&o, &complaint, "-k", "/k", "-a", "/a", "status", NULL));
	assert_int_equal (o.verb, VERB_STATUS);
	assert_string_equal (o.key_file, "/k");
	assert_string_equal (o.peers_file, "/a");
}

static void
bad_command_lines (void **state)
{
	struct complaint complaint;
	struct options o;

	assert_false (options (&o, &complaint, NULL));
	assert_false (options (&o, &complaint, "-s", "srv", NULL));
	assert_false (options (&o, &complaint, "-s", "/a", "/b", NULL));
	assert_false (options (&o, &complaint, "-p", "0", "h", NULL));
	assert_false (options (&o, &complaint, "-p", "65536", "h", NULL));
	assert_false (options (&o, &complaint, "-t", "x", "h", NULL));
	assert_false (options (&o, &complaint, "-z", "h", NULL));
	assert_false (options (&o, &complaint, "h", "i", NULL));
	assert_false (options (&o, &complaint, "status", "x", NULL));
}

static int
make_folder (void **state)
{
	return mkdtemp (folder) == NULL;
}

static int
remove_folder (void **state)
{
	char command[100];

	snprintf (command, sizeof command, "rm -rf %s", folder);
	return system (command);
}

int
main (void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test (a_new_key_is_private_and_loads_again),
		cmocka_unit_test (a_key_is_never_overwritten),
		cmocka_unit_test (two_keys_differ),
		cmocka_unit_test (a_key_others_can_read_is_refused),
		cmocka_unit_test (a_damaged_key_file_is_refused),
		cmocka_unit_test (a_good_peers_file_gives_every_field),
		cmocka_unit_test (addresses_of_both_families),
		cmocka_unit_test (bad_lines_name_file_line_and_fault),
		cmocka_unit_test (long_and_binary_lines_are_refused),
		cmocka_unit_test (a_peers_file_is_read_whole),
		cmocka_unit_test (command_lines),
		cmocka_unit_test (bad_command_lines),
	};

	return cmocka_run_group_tests_name ("netmsg configuration", tests, make_folder, remove_folder);
}
