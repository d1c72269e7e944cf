/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that count, and short forms of RPCs, for tests that talk to a file server. */
#ifndef TESTS_TMPFS_CHECK_H
#define TESTS_TMPFS_CHECK_H

#include <stdbool.h>
#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <hurd/io.h>
#include <hurd_abi.h>

/* Prints PASS or FAIL with what was expected, and counts. */
void check_equal(const char *what, long got, long expected);
void check_text(const char *what, const char *got, const char *expected);
#define CHECK(what, condition) check_equal(what, !!(condition), 1)
#define CHECK_OK(what, result) check_equal(what, result, 0)
/* "PREFIX: n passed, m failed"; returns the exit code, 0 only if some passed and none failed. */
int check_summary(const char *prefix);

/* The file server's root, as root and as user 1000 of group 1000; and its control port. */
extern file_t as_root, as_user;
extern fsys_t control;

struct found { error_t error; retry_type retry; string_t name; mach_port_t port; };
struct found lookup(file_t start, const char *path, int flags, mode_t mode);
/* The port of a lookup that ends here, or null. */
file_t file_open(file_t start, const char *path, int flags, mode_t mode);
error_t open_error(file_t start, const char *path, int flags);
void file_close(mach_port_t port);
error_t make_file(file_t start, const char *path, const char *text);
error_t make_symlink(file_t directory, const char *name, const char *target);
/* Reads at most SIZE - 1 bytes from OFFSET as a string; "!" on an error. */
const char *read_text(file_t file, loff_t offset, char *to, size_t size);
io_statbuf_t file_stat(file_t file);
/* How many opens, nodes, ... the server counts (it runs with --debug). */
long server_count(const char *what);
/* The same once it has come down to EXPECTED, or after a second: what was dropped is
   reported to the server a moment later. */
long server_count_settled(const char *what, long expected);

void test_lookup(void);
void test_data(void);
void test_names(void);
void test_attributes(void);
void test_permissions(void);
void test_readdir(void);
void test_translators(void);
void test_locks(void);
void test_false_descriptors(void);
void test_leaks(void);

#endif
