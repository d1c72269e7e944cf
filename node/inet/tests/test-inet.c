/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of inet that need no Mach: checksum, memory, configuration and the
   queue of what has arrived. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>
#include <lwip/init.h>
#include <arch/cc.h>
#include "configure.h"
#include "packet_queue.h"
#include "port.h"

/* RFC 1071, two bytes at a time. */
static uint16_t plain_checksum(const unsigned char *data, int length)
{
	uint32_t sum = 0;
	for (int i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)data[i] | (uint32_t)data[i + 1] << 8;
	if (length & 1)
		sum += data[length - 1];
	while (sum >> 16)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static void checksum_is_the_standard_one(void **state)
{
	unsigned char data[2048 + 8];
	for (int round = 0; round < 2000; round++) {
		int offset = round % 8, length = round < 100 ? round : rand() % 2048;
		memset(data, 0xff, sizeof data);
		for (int i = 0; round % 3 && i < length; i++)
			data[offset + i] = (unsigned char)rand();
		uint16_t got = port_checksum(data + offset, length), want = plain_checksum(data + offset, length);
		/* 0 and ffff are the same sum. */
		assert_int_equal(got % 0xffff, want % 0xffff);
		if (want)
			assert_int_not_equal(got, 0);
	}
}

static void memory_is_counted_and_bounded(void **state)
{
	size_t before = port_memory_used();
	void *small = port_malloc(1), *large = port_malloc(100000);
	assert_non_null(small);
	assert_non_null(large);
	assert_true(port_memory_used() >= before + 100001);
	assert_null(port_malloc(port_memory_limit_bytes));
	port_free(small);
	assert_ptr_equal(port_malloc(2), small);
	port_free(small);
	port_free(large);
	assert_int_equal(port_memory_used(), before);
}

static void packets_leave_in_order(void **state)
{
	struct packet_queue queue = { 0 };
	size_t before = port_memory_used();
	for (int i = 0; i < 100; i++) {
		struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, 10, PBUF_RAM);
		memset(pbuf->payload, i, 10);
		assert_true(packet_queue_add(&queue, (struct packet){ .pbuf = pbuf, .port = (uint16_t)i }));
		if (i % 3 == 2) {
			assert_int_equal(packet_queue_first(&queue)->port, i / 3);
			packet_queue_drop_first(&queue);
		}
	}
	assert_int_equal(queue.count, 67);
	assert_int_equal(queue.bytes, 670);
	packet_queue_clear(&queue);
	assert_null(packet_queue_first(&queue));
	assert_int_equal(port_memory_used(), before);
}

static void streams_are_read_across_packets(void **state)
{
	struct packet_queue queue = { 0 };
	unsigned char next = 0, expected = 0, bytes[64];
	srand(7);
	for (int round = 0; round < 5000; round++) {
		if (queue.bytes < 500) {
			struct pbuf *pbuf = pbuf_alloc(PBUF_RAW, (u16_t)(1 + rand() % 40), PBUF_RAM);
			for (int i = 0; i < pbuf->len; i++)
				((unsigned char *)pbuf->payload)[i] = next++;
			assert_true(packet_queue_add(&queue, (struct packet){ .pbuf = pbuf }));
		}
		size_t want = (size_t)rand() % sizeof bytes, had = queue.bytes;
		size_t got = packet_queue_copy(&queue, bytes, want);
		assert_int_equal(got, want < had ? want : had);
		for (size_t i = 0; i < got; i++)
			assert_int_equal(bytes[i], (unsigned char)(expected + i));
		size_t take = got ? (size_t)rand() % (got + 1) : 0;
		packet_queue_take(&queue, take);
		expected = (unsigned char)(expected + take);
		assert_int_equal(queue.bytes, had - take);
	}
	packet_queue_clear(&queue);
}

static void the_queue_is_bounded(void **state)
{
	struct packet_queue queue = { 0 };
	unsigned count = 0;
	struct pbuf *pbuf;
	while ((pbuf = pbuf_alloc(PBUF_RAW, 1, PBUF_RAM)) && packet_queue_add(&queue, (struct packet){ .pbuf = pbuf }))
		count++;
	assert_int_equal(count, packet_queue_packets_max);
	pbuf_free(pbuf);
	packet_queue_clear(&queue);
}

static void settings_are_checked(void **state)
{
	char problem[configure_problem_bytes];
	struct configuration c = { 0 };
	assert_true(configure_check(&c, problem));
	assert_true(configure_set(&c, "address", "10.0.0.1", problem));
	assert_true(configure_check(&c, problem));
	assert_int_equal(c.netmask, inet_addr("255.255.255.0"));
	assert_true(configure_set(&c, "gateway", "10.0.1.1", problem));
	assert_false(configure_check(&c, problem));
	assert_non_null(strstr(problem, "10.0.1.1"));
	assert_true(configure_set(&c, "netmask", "255.255.0.0", problem));
	assert_true(configure_check(&c, problem));
	assert_true(configure_set(&c, "netmask", "255.0.255.0", problem));
	assert_false(configure_check(&c, problem));
	assert_false(configure_set(&c, "address", "10.0.0", problem));
	assert_false(configure_set(&c, "address", "10.0.0.256", problem));
	assert_false(configure_set(&c, "adress", "10.0.0.1", problem));
	struct configuration none = { .gateway = inet_addr("10.0.0.1") };
	assert_false(configure_check(&none, problem));
}

static bool read_text(struct configuration *c, const char *text, char *problem)
{
	char name[] = "/tmp/test-inet-XXXXXX";
	int fd = mkstemp(name);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
	bool good = configure_read(c, name, problem);
	unlink(name);
	return good;
}

static void a_file_is_read(void **state)
{
	char problem[configure_problem_bytes];
	struct configuration c = { 0 };
	assert_true(read_text(&c, "# the node's\naddress 10.0.0.3\n\n netmask\t255.255.255.0 # 24\n", problem));
	assert_int_equal(c.address, inet_addr("10.0.0.3"));
	assert_false(read_text(&c, "address 10.0.0.3\naddress\n", problem));
	assert_non_null(strstr(problem, "line 2"));
	assert_null(strchr(problem, '\n'));
	assert_false(read_text(&c, "address 10.0.0.3 10.0.0.4\n", problem));
	assert_false(configure_read(&c, "/nonexistent/network", problem));
	assert_false(configure_read(&c, "/", problem));
	char note[600];
	snprintf(note, sizeof note, "# %*s address 10.0.0.5\n", 400, "long");
	assert_true(read_text(&c, note, problem));
	assert_int_equal(c.address, inet_addr("10.0.0.3"));
}

int main(void)
{
	lwip_init();
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(checksum_is_the_standard_one),
		cmocka_unit_test(memory_is_counted_and_bounded),
		cmocka_unit_test(packets_leave_in_order),
		cmocka_unit_test(streams_are_read_across_packets),
		cmocka_unit_test(the_queue_is_bounded),
		cmocka_unit_test(settings_are_checked),
		cmocka_unit_test(a_file_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
