/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lookups, data, attributes. */
#include "check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <mach.h>

enum { READ_WRITE = HURD_O_READ | HURD_O_WRITE };

static void test_retries(void)
{
	struct found found = lookup(as_root, "look/away", HURD_O_READ, 0);
	CHECK("absolute link: magical", found.error == 0 && found.retry == FS_RETRY_MAGICAL);
	CHECK("absolute link: no port", found.port == MACH_PORT_NULL);
	check_text("absolute link: name", found.name, "/over/there");
	found = lookup(as_root, "look/away/far", HURD_O_READ, 0);
	check_text("absolute link in the middle", found.name, "/over/there/far");
	found = lookup(as_root, "look/away/", HURD_O_READ, 0);
	check_text("absolute link with a slash", found.name, "/over/there/");
	CHECK_OK("link to a file", open_error(as_root, "look/to-file", HURD_O_READ));
	check_equal("link to a file with a slash", open_error(as_root, "look/to-file/", HURD_O_READ), HURD_ENOTDIR);
	CHECK_OK("link to a folder in the middle", open_error(as_root, "look/to-folder/file", HURD_O_READ));
	CHECK_OK("link to a folder with slashes", open_error(as_root, "look/to-folder///", HURD_O_READ));
	check_equal("loop", open_error(as_root, "look/loop", HURD_O_READ), HURD_ELOOP);
	check_equal("link to nothing", open_error(as_root, "look/to-nothing", HURD_O_READ), HURD_ENOENT);
	file_t link = file_open(as_root, "look/loop", HURD_O_READ | HURD_O_NOLINK, 0);
	CHECK("O_NOLINK opens the link", S_ISLNK(file_stat(link).st_mode));
	char text[64];
	check_text("reading a link", read_text(link, 0, text, sizeof(text)), "loop");
	file_close(link);
	file_t made = file_open(as_root, "look/to-nothing", HURD_O_WRITE | HURD_O_CREAT, 0600);
	CHECK("O_CREAT through a link makes its target", made != MACH_PORT_NULL);
	file_close(made);
	CHECK_OK("... which is there", open_error(as_root, "look/nothing", HURD_O_READ));
	check_equal("O_EXCL on a link", open_error(as_root, "look/to-nothing", HURD_O_CREAT | HURD_O_EXCL), HURD_EEXIST);
}

static void test_parents(void)
{
	file_t folder = file_open(as_root, "look/folder", HURD_O_READ, 0), parent, root;
	CHECK_OK(".. of a folder", open_error(folder, "../file", HURD_O_READ));
	CHECK_OK(". and .. and slashes", open_error(folder, ".//.././folder/../file", HURD_O_READ));
	parent = file_open(folder, "../..", HURD_O_READ, 0);
	root = file_open(as_root, "", HURD_O_READ, 0);
	CHECK("../.. is the root", parent && file_stat(parent).st_ino == file_stat(root).st_ino);
	CHECK("the root is marked", file_stat(root).st_mode & HURD_S_IROOT);
	file_close(parent);
	parent = file_open(root, "../../..", HURD_O_READ, 0);
	CHECK(".. of a root without parent is itself", parent && file_stat(parent).st_ino == file_stat(root).st_ino);
	file_close(parent);

	mach_port_t shadow;
	CHECK_OK("file_reparent to nothing", file_reparent(folder, MACH_PORT_NULL, &shadow));
	parent = file_open(shadow, "../../file", HURD_O_READ, 0);
	CHECK("a shadow root is not left", parent != MACH_PORT_NULL && file_stat(parent).st_size == 6);
	file_close(parent);
	file_close(shadow);
	CHECK_OK("file_reparent to a port", file_reparent(folder, root, &shadow));
	struct found found = lookup(shadow, "../x/y", HURD_O_READ, 0);
	CHECK("a shadow root's parent: reauth", found.error == 0 && found.retry == FS_RETRY_REAUTH);
	CHECK("... at that parent", found.port == root);
	check_text("... with the rest", found.name, "x/y");
	file_close(found.port);
	file_close(shadow);
	file_close(folder);
	file_close(root);
}

void test_lookup(void)
{
	CHECK_OK("mkdir", dir_mkdir(as_root, "look", 0755));
	CHECK_OK("mkdir with a slash", dir_mkdir(as_root, "look-slash/", 0755));
	file_t look = file_open(as_root, "look", HURD_O_READ, 0);
	CHECK_OK("mkdir below", dir_mkdir(look, "folder", 0755));
	CHECK_OK("create", make_file(look, "file", "words\n"));
	CHECK_OK("create below", make_file(look, "folder/file", "inside"));
	CHECK_OK("symlink to a file", make_symlink(look, "to-file", "file"));
	CHECK_OK("symlink to a folder", make_symlink(look, "to-folder", "folder"));
	CHECK_OK("absolute symlink", make_symlink(look, "away", "/over/there"));
	CHECK_OK("symlink to itself", make_symlink(look, "loop", "loop"));
	CHECK_OK("symlink to nothing", make_symlink(look, "to-nothing", "nothing"));
	file_close(look);
	check_equal("missing", open_error(as_root, "look/missing", HURD_O_READ), HURD_ENOENT);
	check_equal("missing in the middle", open_error(as_root, "missing/file", HURD_O_READ | HURD_O_CREAT), HURD_ENOENT);
	check_equal("file in the middle", open_error(as_root, "look/file/x", HURD_O_READ), HURD_ENOTDIR);
	check_equal("file with a slash", open_error(as_root, "look/file/", HURD_O_READ), HURD_ENOTDIR);
	check_equal("O_DIRECTORY", open_error(as_root, "look/file", HURD_O_READ | HURD_O_DIRECTORY), HURD_ENOTDIR);
	check_equal("writing a folder", open_error(as_root, "look", HURD_O_WRITE), HURD_EISDIR);
	check_equal("O_EXCL", open_error(as_root, "look/file", HURD_O_CREAT | HURD_O_EXCL), HURD_EEXIST);
	CHECK_OK("leading slashes", open_error(as_root, "///look//file", HURD_O_READ));
	char name[300];
	memset(name, 'n', 256);
	name[256] = 0;
	check_equal("name of 256", open_error(as_root, name, HURD_O_CREAT), HURD_ENAMETOOLONG);
	name[255] = 0;
	CHECK_OK("name of 255", open_error(as_root, name, HURD_O_CREAT));
	CHECK_OK("... goes", dir_unlink(as_root, name));
	test_retries();
	test_parents();
}

static void test_big_data(file_t file)
{
	enum { BYTES = 3 * 1000 * 1000, START = 12345 };
	char *out = malloc(BYTES), *in = NULL, tail[16], *data = tail;
	mach_msg_type_number_t count = 0;
	vm_size_t amount;
	for (size_t i = 0; i < BYTES; i++)
		out[i] = (char)(i * 7 + i / 4096);
	CHECK_OK("write 3 MB", io_write(file, out, BYTES, START, &amount));
	check_equal("... all of it", (long)amount, BYTES);
	CHECK_OK("read 3 MB", io_read(file, &in, &count, START, BYTES));
	CHECK("... the same", count == BYTES && !memcmp(in, out, BYTES));
	vm_deallocate(mach_task_self(), (vm_address_t)in, count);
	check_equal("size", file_stat(file).st_size, START + BYTES);
	CHECK("blocks", file_stat(file).st_blocks >= BYTES / 512 && file_stat(file).st_blocks < BYTES / 512 + 64);
	CHECK_OK("cut", file_set_size(file, START + 2));
	CHECK_OK("grow", file_set_size(file, 20000));
	count = sizeof(tail);
	CHECK_OK("read the cut", io_read(file, &data, &count, START, 4));
	CHECK("... zeros after it", count == 4 && data[0] == out[0] && data[1] == out[1] && !data[2] && !data[3]);
	free(out);
}

static void test_positions(file_t file)
{
	char text[64];
	vm_size_t amount;
	loff_t position;
	mach_port_t twin, reply = mach_reply_port();
	int bits, type = HURD_SELECT_READ | HURD_SELECT_WRITE | HURD_SELECT_URG;
	CHECK_OK("empty it", file_set_size(file, 0));
	CHECK_OK("seek", io_seek(file, 0, 0, &position));
	CHECK_OK("write", io_write(file, "abcdef", 6, -1, &amount));
	CHECK_OK("seek from the end", io_seek(file, -2, 2, &position));
	check_equal("... to there", position, 4);
	check_text("read moves", read_text(file, -1, text, sizeof(text)), "ef");
	check_text("end of file", read_text(file, -1, text, sizeof(text)), "");
	check_equal("seek before the start", io_seek(file, -1, 0, &position), HURD_EINVAL);
	CHECK_OK("io_duplicate", io_duplicate(file, &twin));
	CHECK_OK("seek", io_seek(file, 1, 0, &position));
	check_text("a duplicate shares the position", read_text(twin, -1, text, 4), "bcd");
	file_close(twin);
	CHECK_OK("O_APPEND", io_set_some_openmodes(file, HURD_O_APPEND));
	CHECK_OK("append", io_write(file, "+", 1, -1, &amount));
	check_text("... at the end", read_text(file, 0, text, sizeof(text)), "abcdef+");
	CHECK_OK("openmodes", io_get_openmodes(file, &bits));
	CHECK("... are there", (bits & HURD_O_APPEND) && (bits & READ_WRITE) == READ_WRITE);
	CHECK_OK("clear", io_clear_some_openmodes(file, HURD_O_APPEND | READ_WRITE));
	CHECK_OK("openmodes again", io_get_openmodes(file, &bits));
	check_equal("only what may be cleared", bits, READ_WRITE);
	CHECK_OK("select", io_select(file, reply, 1000, &type));
	check_equal("always ready", type, HURD_SELECT_READ | HURD_SELECT_WRITE);
	mach_port_mod_refs(mach_task_self(), reply, MACH_PORT_RIGHT_RECEIVE, -1);
}

void test_data(void)
{
	vm_size_t amount;
	char text[16];
	file_t file = file_open(as_root, "data", READ_WRITE | HURD_O_CREAT, 0644);
	CHECK("create", file != MACH_PORT_NULL);
	test_big_data(file);
	test_positions(file);
	check_equal("a file of 2^41 bytes", file_set_size(file, (loff_t)1 << 41), HURD_EFBIG);
	CHECK_OK("a hole", io_write(file, "x", 1, (loff_t)1 << 32, &amount));
	CHECK("... takes no room", file_stat(file).st_blocks <= 32);
	file_t reader = file_open(as_root, "data", HURD_O_READ, 0), writer = file_open(as_root, "data", HURD_O_WRITE, 0);
	check_equal("writing a reader", io_write(reader, "x", 1, 0, &amount), HURD_EBADF);
	check_text("reading a writer", read_text(writer, 0, text, sizeof(text)), "!");
	CHECK_OK("unlink while open", dir_unlink(as_root, "data"));
	check_text("still read", read_text(reader, 0, text, 4), "abc");
	check_equal("no links", (long)file_stat(reader).st_nlink, 0);
	check_equal("but not found", open_error(as_root, "data", HURD_O_READ), HURD_ENOENT);
	file_close(reader);
	file_close(writer);
	file_close(file);
}

void test_attributes(void)
{
	struct timespec then = { 1000000, 123456789 }, omit = { 0, HURD_UTIME_OMIT };
	fsys_statfsbuf_t system;
	mach_port_t id, again, fs_id;
	ino64_t number;
	int value;
	CHECK_OK("create", make_file(as_root, "looks", "123"));
	file_t file = file_open(as_root, "looks", READ_WRITE, 0);
	io_statbuf_t info = file_stat(file);
	CHECK("stat: type and mode", info.st_mode == (S_IFREG | 0644));
	check_equal("stat: links", (long)info.st_nlink, 1);
	check_equal("stat: blksize", info.st_blksize, 4096);
	CHECK("stat: times", info.st_mtim.tv_sec == info.st_ctim.tv_sec && info.st_mtim.tv_sec != 0);
	CHECK_OK("chmod", file_chmod(file, S_IFDIR | 04755));
	CHECK("... changes no type", file_stat(file).st_mode == (S_IFREG | 04755));
	CHECK_OK("chown", file_chown(file, 7, 8));
	CHECK_OK("chown of the group only", file_chown(file, -1, 9));
	info = file_stat(file);
	CHECK("... of both", info.st_uid == 7 && info.st_gid == 9);
	CHECK_OK("utimens of one", file_utimens(file, then, omit));
	CHECK_OK("utimens of the other", file_utimens(file, omit, then));
	info = file_stat(file);
	CHECK("... both are set", info.st_atim.tv_nsec == 123456789 && info.st_mtim.tv_sec == 1000000);
	CHECK_OK("check_access", file_check_access(file, &value));
	check_equal("... of root", value, HURD_O_READ | HURD_O_WRITE | HURD_O_EXEC);
	CHECK_OK("statfs", file_statfs(file, &system));
	CHECK("... is sensible", system.f_bsize == 4096 && system.f_bfree < system.f_blocks && system.f_namelen == 255);
	CHECK_OK("identity", io_identity(file, &id, &fs_id, &number));
	file_close(fs_id);
	CHECK_OK("identity again", io_identity(file, &again, &fs_id, &number));
	CHECK("... is the same", id == again && number == info.st_ino);
	file_close(id);
	file_close(again);
	file_close(fs_id);
	CHECK_OK("pathconf", io_pathconf(file, 3, &value));
	check_equal("NAME_MAX", value, 255);
	file_close(file);
	CHECK_OK("unlink", dir_unlink(as_root, "looks"));
}
