/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files, directories, names, attributes, as POSIX programs see them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include "check.h"
#include "names.h"

enum { BIG_BYTES = 5 << 20, MANY_FILES = 300, LOOPS = 50 };

static const char directory[] = "/tmp/posix-files";

static void make_file(const char *name, const char *contents)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd >= 0) {
		if (write(fd, contents, strlen(contents)) < 0)
			printf("# cannot write %s\n", name);
		close(fd);
	}
}

static bool has_contents(const char *name, const char *contents)
{
	char buffer[256];
	int fd = open(name, O_RDONLY);
	ssize_t got = fd < 0 ? -1 : read(fd, buffer, sizeof buffer);
	if (fd >= 0)
		close(fd);
	return got == (ssize_t)strlen(contents) && memcmp(buffer, contents, got) == 0;
}

static void test_open_modes(void)
{
	make_file("a", "hello");
	check(has_contents("a", "hello"), "write-read", "errno %d", errno);
	check(open("a", O_WRONLY | O_CREAT | O_EXCL, 0600) < 0 && errno == EEXIST, "O_EXCL", "errno %d", errno);
	check(open("missing", O_RDONLY) < 0 && errno == ENOENT, "ENOENT", "errno %d", errno);
	check(open("a/b", O_RDONLY) < 0 && errno == ENOTDIR, "ENOTDIR", "errno %d", errno);
	check(open("a", O_RDONLY | O_DIRECTORY) < 0 && errno == ENOTDIR, "O_DIRECTORY", "errno %d", errno);
	check(open(".", O_WRONLY) < 0 && errno == EISDIR, "EISDIR", "errno %d", errno);
	int fd = open("a", O_WRONLY | O_APPEND);
	check(write(fd, " you", 4) == 4 && has_contents("a", "hello you"), "O_APPEND", "errno %d", errno);
	check((fcntl(fd, F_GETFL) & (O_APPEND | O_ACCMODE)) == (O_APPEND | O_WRONLY), "F_GETFL", "0x%x", fcntl(fd, F_GETFL));
	char c;
	check(read(fd, &c, 1) < 0 && errno == EBADF, "read-of-write-only", "errno %d", errno);
	close(fd);
	check(close(fd) < 0 && errno == EBADF, "EBADF", "errno %d", errno);
}

static void test_position(void)
{
	int fd = open("pos", O_RDWR | O_CREAT | O_TRUNC, 0644);
	char buffer[16] = "";
	struct iovec parts[2] = { { "0123", 4 }, { "456789", 6 } };
	check(writev(fd, parts, 2) == 10, "writev", "errno %d", errno);
	check(lseek(fd, 3, SEEK_SET) == 3 && read(fd, buffer, 2) == 2 && !memcmp(buffer, "34", 2), "lseek", "errno %d", errno);
	check(lseek(fd, 0, SEEK_CUR) == 5 && lseek(fd, -1, SEEK_END) == 9, "lseek-relative", "errno %d", errno);
	check(pread(fd, buffer, 3, 7) == 3 && !memcmp(buffer, "789", 3) && lseek(fd, 0, SEEK_CUR) == 9, "pread", "errno %d", errno);
	check(pwrite(fd, "xy", 2, 1) == 2 && pread(fd, buffer, 4, 0) == 4 && !memcmp(buffer, "0xy3", 4), "pwrite", "errno %d", errno);
	check(read(fd, buffer, 16) == 1 && read(fd, buffer, 16) == 0, "end-of-file", "errno %d", errno);
	int copy = dup(fd);
	lseek(fd, 2, SEEK_SET);
	check(lseek(copy, 0, SEEK_CUR) == 2, "dup-shares-position", "%ld", (long)lseek(copy, 0, SEEK_CUR));
	check(fcntl(copy, F_DUPFD, 100) == 100 && dup2(100, 101) == 101 && dup3(101, 102, O_CLOEXEC) == 102, "dup2", "errno %d", errno);
	check(fcntl(102, F_GETFD) == FD_CLOEXEC && fcntl(101, F_GETFD) == 0, "FD_CLOEXEC", "wrong");
	close(100), close(101), close(102), close(copy);
	check(ftruncate(fd, 4) == 0 && lseek(fd, 0, SEEK_END) == 4, "ftruncate", "errno %d", errno);
	check(ftruncate(fd, 8) == 0 && pread(fd, buffer, 8, 0) == 8 && !memcmp(buffer, "0xy3\0\0\0\0", 8), "ftruncate-longer", "errno %d", errno);
	close(fd);
}

static void test_big(void)
{
	unsigned char *data = malloc(BIG_BYTES), *back = malloc(BIG_BYTES);
	for (int i = 0; i < BIG_BYTES; i++)
		data[i] = i * 7 + (i >> 12);
	int fd = open("big", O_RDWR | O_CREAT | O_TRUNC, 0644);
	check(write(fd, data, BIG_BYTES) == BIG_BYTES, "write-5-MB", "errno %d", errno);
	lseek(fd, 0, SEEK_SET);
	long done = 0, got;
	while (done < BIG_BYTES && (got = read(fd, back + done, BIG_BYTES - done)) > 0)
		done += got;
	check(done == BIG_BYTES && !memcmp(data, back, BIG_BYTES), "read-5-MB", "%ld bytes, errno %d", done, errno);
	check(pread(fd, back, 3, 4095) == 3 && !memcmp(back, data + 4095, 3), "read-over-a-page-end", "errno %d", errno);
	close(fd);
	free(data);
	free(back);
}

static void test_attributes(void)
{
	struct stat status, link_status;
	make_file("attr", "12345");
	check(stat("attr", &status) == 0 && S_ISREG(status.st_mode) && status.st_size == 5 && status.st_nlink == 1, "stat", "errno %d", errno);
	check(chmod("attr", 0640) == 0 && stat("attr", &status) == 0 && (status.st_mode & 07777) == 0640, "chmod", "0%o", status.st_mode);
	check(chown("attr", 7, 8) == 0 && stat("attr", &status) == 0 && status.st_uid == 7 && status.st_gid == 8, "chown", "errno %d", errno);
	struct timespec times[2] = { { 1000, 5 }, { 2000, 6 } };
	check(utimensat(AT_FDCWD, "attr", times, 0) == 0 && stat("attr", &status) == 0 && status.st_atim.tv_sec == 1000 &&
	      status.st_mtim.tv_sec == 2000 && status.st_mtim.tv_nsec == 6, "utimensat", "errno %d", errno);
	times[0].tv_nsec = UTIME_OMIT, times[1].tv_nsec = UTIME_NOW;
	check(utimensat(AT_FDCWD, "attr", times, 0) == 0 && stat("attr", &status) == 0 && status.st_atim.tv_sec == 1000 &&
	      status.st_mtim.tv_sec > 1000000, "utimensat-omit-now", "errno %d", errno);
	check(link("attr", "hard") == 0 && stat("hard", &status) == 0 && status.st_nlink == 2, "link", "errno %d", errno);
	check(symlink("attr", "soft") == 0 && lstat("soft", &link_status) == 0 && S_ISLNK(link_status.st_mode), "symlink", "errno %d", errno);
	check(stat("soft", &link_status) == 0 && link_status.st_ino == status.st_ino, "symlink-followed", "errno %d", errno);
	char target[32] = "";
	check(readlink("soft", target, sizeof target) == 4 && !strcmp(target, "attr"), "readlink", "%s", target);
	check(readlink("attr", target, sizeof target) < 0 && errno == EINVAL, "readlink-of-a-file", "errno %d", errno);
	check(open("soft", O_RDONLY | O_NOFOLLOW) < 0 && errno == ELOOP, "O_NOFOLLOW", "errno %d", errno);
	check(symlink("loop", "loop") == 0 && open("loop", O_RDONLY) < 0 && errno == ELOOP, "ELOOP", "errno %d", errno);
	check(symlink("/tmp/posix-files/attr", "absolute") == 0 && stat("absolute", &link_status) == 0 &&
	      link_status.st_ino == status.st_ino, "absolute-symlink", "errno %d", errno);
	check(access("attr", R_OK) == 0 && access("missing", F_OK) < 0 && errno == ENOENT, "access", "errno %d", errno);
	mode_t before = umask(077);
	make_file("masked", "");
	check(stat("masked", &status) == 0 && (status.st_mode & 0777) == 0600, "umask", "0%o", status.st_mode);
	umask(before);
	struct statvfs space;
	check(statvfs(".", &space) == 0 && space.f_bsize > 0, "statvfs", "errno %d", errno);
}

static void test_names(void)
{
	make_file("from", "1");
	make_file("to", "2");
	check(rename("from", "to") == 0 && has_contents("to", "1") && access("from", F_OK) < 0, "rename-over", "errno %d", errno);
	check(mkdir("d", 0755) == 0 && mkdir("d", 0755) < 0 && errno == EEXIST, "mkdir", "errno %d", errno);
	check(rename("to", "d/to") == 0 && has_contents("d/to", "1"), "rename-into", "errno %d", errno);
	check(rmdir("d") < 0 && errno == ENOTEMPTY, "rmdir-of-a-full-one", "errno %d", errno);
	check(unlink("d") < 0 && (errno == EISDIR || errno == EPERM), "unlink-of-a-directory", "errno %d", errno);
	int fd = open("d/to", O_RDWR);
	check(unlink("d/to") == 0 && write(fd, "9", 1) == 1 && lseek(fd, 0, SEEK_END) == 1, "unlinked-but-open", "errno %d", errno);
	close(fd);
	check(rmdir("d/") == 0 && access("d", F_OK) < 0, "rmdir", "errno %d", errno);
	int at = open(".", O_RDONLY | O_DIRECTORY);
	check(mkdirat(at, "e", 0700) == 0 && (fd = openat(at, "e/f", O_CREAT | O_WRONLY, 0600)) >= 0 &&
	      unlinkat(at, "e/f", 0) == 0 && unlinkat(at, "e", AT_REMOVEDIR) == 0, "at-calls", "errno %d", errno);
	close(fd);
	close(at);
	char longest[NAME_MAX + 2];
	memset(longest, 'n', sizeof longest - 1);
	longest[NAME_MAX + 1] = '\0';
	check(open(longest, O_CREAT | O_WRONLY, 0600) < 0 && errno == ENAMETOOLONG, "ENAMETOOLONG", "errno %d", errno);
}

static void test_directories(void)
{
	char name[32], here[PATH_MAX];
	int seen = 0, rounds = 0;
	mkdir("many", 0755);
	chdir("many");
	for (int i = 0; i < MANY_FILES; i++) {
		snprintf(name, sizeof name, "file-%d", i);
		make_file(name, "");
	}
	DIR *stream = opendir(".");
	for (struct dirent *entry; stream && (entry = readdir(stream));)
		seen += !strncmp(entry->d_name, "file-", 5);
	check(seen == MANY_FILES, "readdir", "%d of %d", seen, MANY_FILES);
	if (stream) {
		rewinddir(stream);
		seen = 0;
		for (struct dirent *entry; (entry = readdir(stream)) && rounds < 2 * MANY_FILES; rounds++)
			if (!strncmp(entry->d_name, "file-", 5))
				seen += unlink(entry->d_name) == 0;
		closedir(stream);
	}
	check(seen == MANY_FILES && chdir("..") == 0 && rmdir("many") == 0, "unlink-while-reading", "%d, errno %d", seen, errno);
	mkdir("x", 0755), mkdir("x/y", 0755);
	check(chdir("x/y") == 0 && getcwd(here, sizeof here) && !strcmp(here, "/tmp/posix-files/x/y"), "getcwd", "%s", here);
	int fd = open("../..", O_RDONLY);
	check(fchdir(fd) == 0 && getcwd(here, sizeof here) && !strcmp(here, directory), "fchdir", "%s", here);
	close(fd);
	check(chdir("/") == 0 && getcwd(here, sizeof here) && !strcmp(here, "/"), "getcwd-root", "%s", here);
	chdir(directory);
	rmdir("x/y"), rmdir("x");
}

static void test_locks(void)
{
	make_file("lock", "");
	int one = open("lock", O_RDWR), two = open("lock", O_RDWR);
	check(flock(one, LOCK_EX | LOCK_NB) == 0 && flock(two, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK, "flock", "errno %d", errno);
	check(flock(one, LOCK_UN) == 0 && flock(two, LOCK_SH | LOCK_NB) == 0, "flock-again", "errno %d", errno);
	flock(two, LOCK_UN);	/* the two kinds of lock exclude each other */
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 10, .l_len = 5 };
	check(fcntl(one, F_SETLK, &lock) == 0, "F_SETLK", "errno %d", errno);
	lock.l_start = 12;
	check(fcntl(two, F_SETLK, &lock) < 0 && (errno == EAGAIN || errno == EACCES), "F_SETLK-refused", "errno %d", errno);
	close(one);
	check(fcntl(two, F_SETLKW, &lock) == 0, "lock-goes-with-its-file", "errno %d", errno);
	close(two);
}

static void once(void)
{
	char here[PATH_MAX];
	struct stat status;
	make_file("leak", "data");
	has_contents("leak", "data");
	stat("leak", &status);
	stat("nothing", &status);
	getcwd(here, sizeof here);
	DIR *stream = opendir(".");
	readdir(stream);
	closedir(stream);
	rename("leak", "leak2");
	symlink("leak2", "leak3");
	has_contents("leak3", "data");
	unlink("leak3");
	unlink("leak2");
}

static void test_leaks(void)
{
	once();
	unsigned before = count_names();
	for (int i = 0; i < LOOPS; i++)
		once();
	unsigned left = settled_names(before);
	check(left <= before, "no-port-leaks", "%u names before, %u after", before, left);
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	system("rm -rf /tmp/posix-files");
	check(mkdir(directory, 0755) == 0 && chdir(directory) == 0, "directory", "errno %d", errno);
	test_open_modes();
	test_position();
	test_big();
	test_attributes();
	test_names();
	test_directories();
	test_locks();
	test_leaks();
	return check_result("posix-files");
}
