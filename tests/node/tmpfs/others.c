/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Translators, locks, leaks. */
#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <mach.h>

enum { GETROOT_ID = 22002, GOAWAY_ID = 22001, REPLY_OFFSET = 100, SLOW_MS = 500 };

/* A translator of one thread that answers fsys_getroot with a port of its own, if wanted
   after a while, and counts. */
static struct {
	mach_port_t port;
	mach_port_t root;
	volatile unsigned delay_ms, asked, went_away;
} fake;

struct getroot_reply {
	mach_msg_header_t header;
	mach_msg_type_t result_type;
	int result, result_pad;
	mach_msg_type_t retry_type;
	int retry, retry_pad;
	mach_msg_type_t name_type;
	string_t name;
	mach_msg_type_t port_type;
	mach_port_t port, port_pad;
};

static const mach_msg_type_t int_type = { .msgt_name = MACH_MSG_TYPE_INTEGER_32, .msgt_size = 32, .msgt_number = 1,
					  .msgt_inline = TRUE };

static void answer(mach_msg_header_t *request, mach_msg_header_t *reply, mach_msg_size_t size, bool complex)
{
	reply->msgh_bits = MACH_MSGH_BITS(MACH_MSGH_BITS_REMOTE(request->msgh_bits), 0) | (complex ? MACH_MSGH_BITS_COMPLEX : 0);
	reply->msgh_size = size;
	reply->msgh_id = request->msgh_id + REPLY_OFFSET;
	reply->msgh_remote_port = request->msgh_remote_port;
	request->msgh_remote_port = MACH_PORT_NULL;
	mach_msg(reply, MACH_SEND_MSG, size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL);
}

static void answer_getroot(mach_msg_header_t *request)
{
	struct getroot_reply reply = {
		.result_type = int_type, .retry_type = int_type, .retry = FS_RETRY_NORMAL,
		.name_type = { .msgt_name = MACH_MSG_TYPE_STRING_C, .msgt_size = 8, .msgt_number = 1024, .msgt_inline = TRUE },
		.port_type = { .msgt_name = MACH_MSG_TYPE_MAKE_SEND, .msgt_size = 64, .msgt_number = 1, .msgt_inline = TRUE },
		.port = fake.root,
	};
	fake.asked++;
	if (fake.delay_ms)
		usleep(fake.delay_ms * 1000);
	answer(request, &reply.header, sizeof(reply), true);
}

static void answer_goaway(mach_msg_header_t *request)
{
	mig_reply_header_t reply = { .RetCodeType = int_type };
	fake.went_away++;
	answer(request, &reply.Head, sizeof(reply), false);
}

static void *fake_serve(void *unused)
{
	static union { mach_msg_header_t header; char room[8192]; } request;
	while (mach_msg(&request.header, MACH_RCV_MSG, 0, sizeof(request), fake.port, 0, MACH_PORT_NULL) == MACH_MSG_SUCCESS) {
		if (request.header.msgh_id == GETROOT_ID)
			answer_getroot(&request.header);
		else if (request.header.msgh_id == GOAWAY_ID)
			answer_goaway(&request.header);
		request.header.msgh_local_port = MACH_PORT_NULL;
		request.header.msgh_bits &= ~(MACH_MSGH_BITS_LOCAL_MASK | MACH_MSGH_BITS_REMOTE_MASK);
		mach_msg_destroy(&request.header);
	}
	return NULL;
}

static void fake_start(void)
{
	pthread_t thread;
	fake.port = mach_reply_port();
	fake.root = mach_reply_port();
	pthread_create(&thread, NULL, fake_serve, NULL);
	pthread_detach(thread);
}

static error_t set_active(file_t node, int flags, mach_port_t port)
{
	return file_set_translator(node, 0, flags, 0, NULL, 0, port,
				   port ? MACH_MSG_TYPE_MAKE_SEND : MACH_MSG_TYPE_COPY_SEND);
}

static void *slow_lookup(void *result)
{
	*(struct found *)result = lookup(as_root, "spot/slow", HURD_O_READ, 0);
	return NULL;
}

static long now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void test_slow_translator(void)
{
	static struct found slow;
	pthread_t thread;
	int errors = 0;
	fake.delay_ms = SLOW_MS;
	pthread_create(&thread, NULL, slow_lookup, &slow);
	usleep(100000);
	long start = now_ms();
	for (int i = 0; i < 20; i++)
		errors += open_error(as_root, "look/file", HURD_O_READ) != 0;
	CHECK("others are served while one waits", !errors && now_ms() - start < SLOW_MS / 2);
	pthread_join(thread, NULL);
	CHECK_OK("the slow one comes too", slow.error);
	check_text("... with its rest", slow.name, "slow");
	file_close(slow.port);
	fake.delay_ms = 0;
}

static void test_active(file_t node)
{
	char text[16];
	mach_port_t cntl;
	CHECK_OK("set active", set_active(node, HURD_FS_TRANS_SET, fake.port));
	CHECK("marked", file_stat(node).st_mode & HURD_S_IATRANS);
	check_equal("exclusive", set_active(node, HURD_FS_TRANS_SET | HURD_FS_TRANS_EXCL, fake.port), HURD_EBUSY);
	struct found found = lookup(as_root, "spot/a/b", HURD_O_READ, 0);
	CHECK("lookup goes to the translator", found.error == 0 && found.port == fake.root);
	check_text("... with the rest", found.name, "a/b");
	file_close(found.port);
	found = lookup(as_root, "spot", HURD_O_READ, 0);
	CHECK("the node itself", found.error == 0 && found.port == fake.root && !found.name[0]);
	file_close(found.port);
	check_equal("asked twice", fake.asked, 2);
	check_text("O_NOTRANS: what is under it", read_text(node, 0, text, sizeof(text)), "under");
	test_slow_translator();
	CHECK_OK("get_translator_cntl", file_get_translator_cntl(node, &cntl));
	CHECK("... is it", cntl == fake.port);
	file_close(cntl);
	CHECK_OK("goaway", set_active(node, HURD_FS_TRANS_SET, MACH_PORT_NULL));
	check_equal("it was asked to go", fake.went_away, 1);
	CHECK_OK("now the file", open_error(as_root, "spot", HURD_O_READ));
	check_equal("and no folder", open_error(as_root, "spot/x", HURD_O_READ), HURD_ENOTDIR);
}

static void test_dead(file_t node)
{
	mach_port_t dies = mach_reply_port();
	CHECK_OK("set one that dies", set_active(node, HURD_FS_TRANS_SET, dies));
	mach_port_mod_refs(mach_task_self(), dies, MACH_PORT_RIGHT_RECEIVE, -1);
	CHECK_OK("a dead one: the file is back at once", open_error(as_root, "spot", HURD_O_READ));
	usleep(50000);
	CHECK("... and it is forgotten", !(file_stat(node).st_mode & HURD_S_IATRANS));
}

static void test_passive(file_t node)
{
	static const char passive[] = "/hurd/some\0--option";
	char buffer[64], *data = buffer;
	mach_msg_type_number_t count = sizeof(buffer);
	CHECK_OK("set passive", file_set_translator(node, HURD_FS_TRANS_SET, 0, 0, passive, sizeof(passive), MACH_PORT_NULL,
						    MACH_MSG_TYPE_COPY_SEND));
	CHECK_OK("get passive", file_get_translator(node, &data, &count));
	CHECK("... is it", count == sizeof(passive) && !memcmp(data, passive, count));
	if (data != buffer)
		vm_deallocate(mach_task_self(), (vm_address_t)data, count);
	file_t theirs = file_open(as_user, "spot", HURD_O_NOTRANS, 0);
	check_equal("not the owner", set_active(theirs, HURD_FS_TRANS_SET, MACH_PORT_NULL), HURD_EPERM);
	file_close(theirs);
}

void test_translators(void)
{
	fake_start();
	make_file(as_root, "spot", "under");
	file_t node = file_open(as_root, "spot", HURD_O_READ | HURD_O_WRITE | HURD_O_NOTRANS, 0);
	test_active(node);
	test_dead(node);
	test_passive(node);
	file_close(node);
	dir_unlink(as_root, "spot");
}

static void *wait_for_lock(void *port)
{
	return (void *)(long)file_lock(*(file_t *)port, HURD_LOCK_EX);
}

static error_t lock_record(file_t file, int command, flock_t *record)
{
	return file_record_lock(file, command, record, MACH_PORT_NULL, MACH_MSG_TYPE_COPY_SEND);
}

static void test_record_locks(file_t one, file_t two)
{
	flock_t record = { .l_type = HURD_F_WRLCK, .l_start = 2, .l_len = 4 };
	CHECK_OK("record", lock_record(one, HURD_F_SETLK64, &record));
	record = (flock_t){ .l_type = HURD_F_RDLCK, .l_start = 5, .l_len = 1 };
	check_equal("overlap", lock_record(two, HURD_F_SETLK64, &record), HURD_EAGAIN);
	CHECK_OK("ask", lock_record(two, HURD_F_GETLK64, &record));
	CHECK("... who", record.l_type == HURD_F_WRLCK && record.l_start == 2 && record.l_len == 4);
	record = (flock_t){ .l_type = HURD_F_WRLCK, .l_start = 6 };
	CHECK_OK("beside", lock_record(two, HURD_F_SETLK64, &record));
	record = (flock_t){ .l_type = HURD_F_UNLCK, .l_start = 3, .l_len = 1 };
	CHECK_OK("unlock inside", lock_record(one, HURD_F_SETLK64, &record));
	record = (flock_t){ .l_type = HURD_F_WRLCK, .l_start = 3, .l_len = 1 };
	CHECK_OK("... is free", lock_record(two, HURD_F_SETLK64, &record));
	record = (flock_t){ .l_type = HURD_F_WRLCK, .l_start = 4, .l_len = 1 };
	check_equal("... the rest is not", lock_record(two, HURD_F_SETLK64, &record), HURD_EAGAIN);
}

void test_locks(void)
{
	int flags = HURD_O_READ | HURD_O_WRITE, mine, others;
	pthread_t thread;
	void *result = (void *)1L;
	make_file(as_root, "locked", "0123456789");
	file_t one = file_open(as_root, "locked", flags, 0), two = file_open(as_root, "locked", flags, 0);
	CHECK_OK("shared", file_lock(one, HURD_LOCK_SH));
	CHECK_OK("shared twice", file_lock(two, HURD_LOCK_SH | HURD_LOCK_NB));
	check_equal("not exclusive", file_lock(two, HURD_LOCK_EX | HURD_LOCK_NB), HURD_EAGAIN);
	CHECK_OK("unlock", file_lock(one, HURD_LOCK_UN));
	CHECK_OK("exclusive", file_lock(two, HURD_LOCK_EX | HURD_LOCK_NB));
	pthread_create(&thread, NULL, wait_for_lock, &one);
	usleep(50000);
	CHECK_OK("lock_stat", file_lock_stat(one, &mine, &others));
	CHECK("waiting is not having", mine == HURD_LOCK_UN && others == HURD_LOCK_EX);
	file_close(two);	/* closing gives the lock up */
	pthread_join(thread, &result);
	CHECK_OK("the one that waited has it", (long)result);
	CHECK_OK("unlock", file_lock(one, HURD_LOCK_UN));
	two = file_open(as_root, "locked", flags, 0);
	test_record_locks(one, two);
	file_close(one);
	file_close(two);
	dir_unlink(as_root, "locked");
}

/* One round of everything that makes ports, with success and with failure. */
static void use_ports(void)
{
	mach_port_t port, other;
	ino64_t number;
	make_file(as_root, "leak", "x");
	file_t file = file_open(as_root, "leak", HURD_O_READ | HURD_O_NOTRANS, 0);
	io_duplicate(file, &port);
	file_close(port);
	io_restrict_auth(file, &port, NULL, 0, NULL, 0);
	file_close(port);
	file_reparent(file, as_root, &port);
	file_close(port);
	io_identity(file, &port, &other, &number);
	file_close(port);
	file_close(other);
	file_getcontrol(as_root, &port);
	file_close(port);
	dir_link(as_root, file, "leak2", 0);
	dir_link(as_root, file, "leak2", 1);
	dir_rename(as_root, "leak2", as_root, "leak3", 0);
	dir_rename(as_root, "none", as_root, "leak3", 0);
	set_active(file, HURD_FS_TRANS_SET, fake.port);
	set_active(file, HURD_FS_TRANS_SET | HURD_FS_TRANS_EXCL, fake.port);
	struct found found = lookup(as_root, "leak/x", HURD_O_READ, 0);
	file_close(found.port);
	set_active(file, HURD_FS_TRANS_SET | HURD_FS_TRANS_ORPHAN, MACH_PORT_NULL);
	file_close(file);
	dir_unlink(as_root, "leak");
	dir_unlink(as_root, "leak3");
}

void test_leaks(void)
{
	use_ports();
	usleep(100000);
	long opens = server_count("opens"), ports = server_count("ports"), nodes = server_count("nodes"), pages = server_count("pages");
	CHECK("the server counts", opens >= 2 && ports > opens && nodes > 2 && pages > 0);
	for (int i = 0; i < 50; i++)
		use_ports();
	check_equal("no opens leak", server_count_settled("opens", opens), opens);
	check_equal("no nodes leak", server_count_settled("nodes", nodes), nodes);
	check_equal("no pages leak", server_count_settled("pages", pages), pages);
	/* Idle threads keep their own port and a reply port each: a few more of those are no leak. */
	CHECK("no ports leak", server_count_settled("ports", ports) <= ports + 8);
}
