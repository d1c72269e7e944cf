/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of names, reading directories, permissions. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <mach.h>

static error_t rename_in(file_t directory, const char *from, const char *to, int exclusive)
{
	return dir_rename(directory, from, directory, to, exclusive);
}

static void test_rename_files(file_t top)
{
	char text[16];
	make_file(top, "a", "A");
	make_file(top, "b", "B");
	dir_mkdir(top, "d", 0755);
	check_equal("rename: missing", rename_in(top, "none", "z", 0), HURD_ENOENT);
	check_equal("rename: exclusive", rename_in(top, "a", "b", 1), HURD_EEXIST);
	CHECK_OK("rename: replaces", rename_in(top, "a", "b", 0));
	file_t b = file_open(top, "b", HURD_O_READ, 0);
	check_text("... with the moved one", read_text(b, 0, text, sizeof(text)), "A");
	file_close(b);
	CHECK_OK("rename: to itself", rename_in(top, "b", "b", 0));
	check_equal("rename: file over folder", rename_in(top, "b", "d", 0), HURD_EISDIR);
	check_equal("rename: folder over file", rename_in(top, "d", "b", 0), HURD_ENOTDIR);
	check_equal("rename: dot", rename_in(top, ".", "q", 0), HURD_EINVAL);
	check_equal("rename: to dot dot", rename_in(top, "d", "..", 0), HURD_EINVAL);
	mach_port_t foreign = mach_reply_port();
	mach_port_insert_right(mach_task_self(), foreign, foreign, MACH_MSG_TYPE_MAKE_SEND);
	check_equal("rename: to a port of another server", dir_rename(top, "b", foreign, "b", 0), HURD_EXDEV);
	mach_port_mod_refs(mach_task_self(), foreign, MACH_PORT_RIGHT_RECEIVE, -1);
	mach_port_deallocate(mach_task_self(), foreign);
}

static void test_rename_folders(file_t top)
{
	dir_mkdir(top, "e", 0755);
	dir_mkdir(top, "full", 0755);
	make_file(top, "full/x", "X");
	file_t d = file_open(top, "d", HURD_O_READ, 0), full = file_open(top, "full", HURD_O_READ, 0);
	check_equal("rename: folder over a full one", rename_in(top, "d", "full", 0), HURD_ENOTEMPTY);
	check_equal("rename: into itself", dir_rename(top, "d", d, "sub", 0), HURD_EINVAL);
	dir_mkdir(d, "deep", 0755);
	file_t deep = file_open(d, "deep", HURD_O_READ, 0);
	check_equal("rename: into its own depth", dir_rename(top, "d", deep, "sub", 0), HURD_EINVAL);
	long before = (long)file_stat(top).st_nlink;
	CHECK_OK("rename: folder elsewhere", dir_rename(top, "full", deep, "moved", 0));
	check_equal("... takes its link along", (long)file_stat(top).st_nlink, before - 1);
	check_equal("... to its new parent", (long)file_stat(deep).st_nlink, 3);
	file_t up = file_open(full, "..", HURD_O_READ, 0);
	CHECK("... and its ..", file_stat(up).st_ino == file_stat(deep).st_ino);
	file_close(up);
	CHECK_OK("rename: folder", rename_in(top, "e", "f", 0));
	CHECK_OK("rename: over an empty one", rename_in(top, "d", "f", 0));
	CHECK_OK("... all is there", open_error(top, "f/deep/moved/x", HURD_O_READ));
	file_close(deep);
	file_close(d);
	file_close(full);
}

static void test_links(file_t top)
{
	char text[16];
	mach_port_t nameless;
	make_file(top, "one", "1");
	make_file(top, "other", "2");
	file_t one = file_open(top, "one", HURD_O_READ, 0);
	CHECK_OK("link", dir_link(top, one, "two", 1));
	check_equal("two links", (long)file_stat(one).st_nlink, 2);
	check_equal("link: exclusive", dir_link(top, one, "other", 1), HURD_EEXIST);
	CHECK_OK("link: replaces", dir_link(top, one, "other", 0));
	check_equal("three links", (long)file_stat(one).st_nlink, 3);
	CHECK_OK("rename one link over another", rename_in(top, "one", "two", 0));
	CHECK_OK("... leaves both", open_error(top, "one", HURD_O_READ));
	check_equal("link of a folder", dir_link(top, top, "self", 1), HURD_EPERM);
	dir_unlink(top, "one");
	dir_unlink(top, "two");
	check_text("data stays", read_text(one, 0, text, sizeof(text)), "1");
	check_equal("one link", (long)file_stat(one).st_nlink, 1);
	CHECK_OK("mkfile", dir_mkfile(top, HURD_O_READ | HURD_O_WRITE, 0600, &nameless));
	check_equal("no link", (long)file_stat(nameless).st_nlink, 0);
	CHECK_OK("link it", dir_link(top, nameless, "named", 1));
	CHECK_OK("found", open_error(top, "named", HURD_O_READ));
	file_close(nameless);
	file_close(one);
}

void test_names(void)
{
	dir_mkdir(as_root, "names", 0755);
	file_t top = file_open(as_root, "names", HURD_O_READ, 0);
	check_equal("mkdir: exists", dir_mkdir(as_root, "names", 0755), HURD_EEXIST);
	check_equal("mkdir: dot", dir_mkdir(as_root, ".", 0755), HURD_EEXIST);
	check_equal("unlink: missing", dir_unlink(top, "none"), HURD_ENOENT);
	check_equal("unlink: folder", dir_unlink(as_root, "names"), HURD_EISDIR);
	test_rename_files(top);
	test_rename_folders(top);
	test_links(top);
	check_equal("rmdir: full", dir_rmdir(as_root, "names"), HURD_ENOTEMPTY);
	check_equal("rmdir: file", dir_rmdir(top, "b"), HURD_ENOTDIR);
	check_equal("rmdir: dot", dir_rmdir(top, "."), HURD_EINVAL);
	dir_mkdir(top, "gone", 0755);
	file_t gone = file_open(top, "gone", HURD_O_READ, 0);
	CHECK_OK("rmdir while open", dir_rmdir(top, "gone"));
	check_equal("nothing is made in it", open_error(gone, "x", HURD_O_CREAT), HURD_ENOENT);
	CHECK_OK("its .. works", open_error(gone, "../b", HURD_O_READ));
	file_close(gone);
	file_close(top);
}

/* Reads all of DIRECTORY in replies of at most BYTES; counts names that start with PREFIX. */
static int count_names(file_t directory, const char *prefix, vm_size_t bytes, bool remove)
{
	int count = 0, amount;
	bool sound = true;
	for (int entry = 0;; entry += amount) {
		char *data = NULL;
		mach_msg_type_number_t size = 0;
		if (dir_readdir(directory, &data, &size, entry, -1, bytes, &amount) || !amount)
			break;
		char *at = data;
		for (int i = 0; i < amount; i++) {
			struct hurd_dirent *each = (struct hurd_dirent *)at;
			at += each->d_reclen;
			if (!each->d_ino || strncmp(each->d_name, prefix, strlen(prefix)))
				continue;
			count++;
			if (remove)
				dir_unlink(directory, each->d_name);
		}
		sound = sound && at == data + size && (!bytes || size <= bytes);
		vm_deallocate(mach_task_self(), (vm_address_t)data, size);
	}
	CHECK("entries fill the replies", sound);
	return count;
}

void test_readdir(void)
{
	enum { NAMES = 300 };
	char *data = NULL;
	mach_msg_type_number_t size = 0;
	int amount;
	dir_mkdir(as_root, "many", 0755);
	file_t many = file_open(as_root, "many", HURD_O_READ, 0);
	for (int i = 0; i < NAMES; i++) {
		char name[32];
		snprintf(name, sizeof(name), "name-%d", i);
		make_file(many, name, "");
	}
	check_equal("all names", count_names(many, "name-", 0, false), NAMES);
	check_equal("in small pieces", count_names(many, "name-", 4000, false), NAMES);
	check_equal("dot and dot dot", count_names(many, ".", 0, false), 2);
	check_equal("each removed while reading", count_names(many, "name-", 2000, true), NAMES);
	check_equal("none left", count_names(many, "name-", 0, false), 0);
	CHECK_OK("beyond the end", dir_readdir(many, &data, &size, 1000, -1, 0, &amount));
	check_equal("... is nothing", amount, 0);
	CHECK_OK("one entry", dir_readdir(many, &data, &size, 0, 1, 0, &amount));
	CHECK("... is a folder", amount == 1 && ((struct hurd_dirent *)data)->d_type == 4);
	vm_deallocate(mach_task_self(), (vm_address_t)data, size);
	CHECK_OK("rmdir", dir_rmdir(as_root, "many"));
	file_close(many);
	file_t closed = file_open(as_root, "names", 0, 0);
	check_equal("not open for reading", dir_readdir(closed, &data, &size, 0, -1, 0, &amount), HURD_EBADF);
	file_close(closed);
}

static void test_sticky(void)
{
	uid_t other[] = { 1001 };
	mach_port_t as_other;
	CHECK_OK("another user", io_restrict_auth(as_root, &as_other, other, 1, other, 1));
	dir_mkdir(as_root, "sticky", 0777);
	file_t sticky = file_open(as_root, "sticky", HURD_O_READ, 0);
	CHECK_OK("chmod", file_chmod(sticky, 01777));
	CHECK_OK("make", make_file(as_user, "sticky/mine", "x"));
	file_t theirs = file_open(as_other, "sticky", HURD_O_READ, 0), mine = file_open(as_user, "sticky", HURD_O_READ, 0);
	check_equal("sticky: unlink another's", dir_unlink(theirs, "mine"), HURD_EPERM);
	check_equal("sticky: rename another's", rename_in(theirs, "mine", "ours", 0), HURD_EPERM);
	check_equal("write another's", open_error(theirs, "mine", HURD_O_WRITE), HURD_EACCES);
	CHECK_OK("sticky: own", dir_unlink(mine, "mine"));
	file_close(theirs);
	file_close(mine);
	file_close(sticky);
	file_close(as_other);
	dir_rmdir(as_root, "sticky");
}

static void test_owner(file_t secret)
{
	file_chmod(secret, 0640);
	check_equal("read another's", open_error(as_user, "secret", HURD_O_READ), HURD_EACCES);
	CHECK_OK("opened for nothing", open_error(as_user, "secret", 0));
	check_equal("make in root's folder", open_error(as_user, "new", HURD_O_CREAT), HURD_EACCES);
	check_equal("mkdir in root's folder", dir_mkdir(as_user, "new", 0755), HURD_EACCES);
	check_equal("unlink in root's folder", dir_unlink(as_user, "secret"), HURD_EACCES);
	file_chown(secret, -1, 1000);
	CHECK_OK("by the group", open_error(as_user, "secret", HURD_O_READ));
	check_equal("the group may not write", open_error(as_user, "secret", HURD_O_WRITE), HURD_EACCES);
	file_chown(secret, 1000, -1);
	CHECK_OK("as the owner", open_error(as_user, "secret", HURD_O_WRITE));
	file_t mine = file_open(as_user, "secret", HURD_O_READ, 0);
	check_equal("giving a file away", file_chown(mine, 0, -1), HURD_EPERM);
	CHECK_OK("chmod of one's own", file_chmod(mine, 0000));
	check_equal("owner without bits", open_error(as_user, "secret", HURD_O_READ), HURD_EACCES);
	CHECK_OK("root needs none", open_error(as_root, "secret", HURD_O_READ));
	check_equal("... but some to execute", open_error(as_root, "secret", HURD_O_EXEC), HURD_EACCES);
	file_close(mine);
}

static void test_restriction(void)
{
	mach_port_t nobody, again, port;
	uid_t root_id[] = { 0 };
	CHECK_OK("restrict to nobody", io_restrict_auth(as_user, &nobody, NULL, 0, NULL, 0));
	CHECK_OK("ask for root", io_restrict_auth(nobody, &again, root_id, 1, NULL, 0));
	check_equal("... is not given", dir_unlink(again, "secret"), HURD_EACCES);
	file_close(nobody);
	file_close(again);
	check_equal("control is root's", file_getcontrol(as_user, &port), HURD_EPERM);
	CHECK_OK("control", file_getcontrol(as_root, &port));
	CHECK("... the one", port == control);
	file_close(port);
}

void test_permissions(void)
{
	make_file(as_root, "secret", "s");
	file_t secret = file_open(as_root, "secret", HURD_O_READ, 0);
	test_owner(secret);
	file_close(secret);
	test_restriction();
	dir_unlink(as_root, "secret");
	dir_mkdir(as_root, "closed", 0700);
	make_file(as_root, "closed/file", "");
	check_equal("closed folder", open_error(as_user, "closed/file", 0), HURD_EACCES);
	CHECK_OK("setgid folder", dir_mkdir(as_root, "groups", 0777));
	file_t groups = file_open(as_root, "groups", HURD_O_READ, 0);
	file_chown(groups, -1, 55);
	file_chmod(groups, 02777);
	make_file(as_user, "groups/new", "");
	file_t made = file_open(as_root, "groups/new", 0, 0);
	CHECK("its files have its group", file_stat(made).st_gid == 55 && file_stat(made).st_uid == 1000);
	file_close(made);
	file_close(groups);
	test_sticky();
}
