/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"
#include <stdarg.h>
#include <stdio.h>
#include <lwip/netif.h>
#include <lwip/stats.h>
#include "port.h"
#include "call.h"

static const struct nic *card;

void status_of_card(const struct nic *nic)
{
	card = nic;
}

struct text {
	char *bytes;
	size_t room, length;
};

static void add(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void add(struct text *text, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text->bytes + text->length, text->room - text->length, format, arguments);
	va_end(arguments);
	text->length += (size_t)length;
	if (text->length > text->room)
		text->length = text->room;
}

static void add_interfaces(struct text *text)
{
	struct netif *netif;
	NETIF_FOREACH(netif)
		add(text, "interface %c%c address %s mtu %u\n", netif->name[0], netif->name[1],
			ip4addr_ntoa(netif_ip4_addr(netif)), (unsigned)netif->mtu);
}

static void add_card(struct text *text)
{
	if (!card)
		return;
	const struct nic_counters *count = nic_counters(card);
	add(text, "card received %llu sent %llu interrupts %llu notifications %llu no-buffer %llu ring-full %llu spare %u\n",
		(unsigned long long)count->received, (unsigned long long)count->sent,
		(unsigned long long)count->interrupts, (unsigned long long)count->notifications,
		(unsigned long long)count->dropped_no_buffer, (unsigned long long)count->dropped_ring_full,
		nic_spare_buffers(card));
}

static void add_protocol(struct text *text, const char *name, const struct stats_proto *protocol)
{
	add(text, "%s sent %u received %u dropped %u checksum %u memory %u protocol %u\n", name,
		(unsigned)protocol->xmit, (unsigned)protocol->recv, (unsigned)protocol->drop,
		(unsigned)protocol->chkerr, (unsigned)protocol->memerr, (unsigned)protocol->proterr);
}

size_t status_text(char *bytes, size_t room)
{
	struct text text = { .bytes = bytes, .room = room };
	uint64_t drops = 0;
	for (struct socket *socket = sockets_first(); socket; socket = socket->next)
		drops += socket->drops;
	add_interfaces(&text);
	add_card(&text);
	add_protocol(&text, "ip", &lwip_stats.ip);
	add_protocol(&text, "udp", &lwip_stats.udp);
	add_protocol(&text, "tcp", &lwip_stats.tcp);
	add_protocol(&text, "arp", &lwip_stats.etharp);
	add_protocol(&text, "link", &lwip_stats.link);
	add(&text, "sockets %u waiting %u datagrams-dropped %llu memory %zu of %u\n", sockets_count(), operations_waiting(),
		(unsigned long long)drops, port_memory_used(), (unsigned)port_memory_limit_bytes);
	return text.length;
}
