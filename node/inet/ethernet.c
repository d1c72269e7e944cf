/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ethernet.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/pbuf.h>
#include <netif/ethernet.h>

/* A card buffer lent to lwIP. */
struct loan {
	struct pbuf_custom pbuf;	/* first: lwIP hands us this back */
	struct ethernet *owner;
	uint32_t buffer;
};

struct ethernet {
	struct netif netif;
	struct nic *nic;
	struct loan *loans;		/* one per card buffer */
};

static err_t transmit(struct netif *netif, struct pbuf *packet)
{
	struct ethernet *ethernet = netif->state;
	if (packet->tot_len > nic_frame_bytes_max)
		return ERR_BUF;
	void *frame = nic_send_buffer(ethernet->nic);
	if (!frame)
		return ERR_BUF;
	nic_send(ethernet->nic, pbuf_copy_partial(packet, frame, packet->tot_len, 0));
	return ERR_OK;
}

static err_t set_up_netif(struct netif *netif)
{
	struct ethernet *ethernet = netif->state;
	netif->name[0] = 'e';
	netif->name[1] = 'n';
	netif->mtu = nic_frame_bytes_max - SIZEOF_ETH_HDR;
	netif->hwaddr_len = ETH_HWADDR_LEN;
	memcpy(netif->hwaddr, nic_address(ethernet->nic), ETH_HWADDR_LEN);
	netif->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET | NETIF_FLAG_LINK_UP;
	netif->output = etharp_output;
	netif->linkoutput = transmit;
	return ERR_OK;
}

static void loan_ended(struct pbuf *pbuf)
{
	struct loan *loan = (struct loan *)pbuf;
	nic_give_back(loan->owner->nic, loan->buffer);
}

struct ethernet *ethernet_open(struct nic *nic, const ip4_addr_t *address, const ip4_addr_t *netmask, const ip4_addr_t *gateway)
{
	struct ethernet *ethernet = calloc(1, sizeof *ethernet);
	unsigned count = nic_buffer_count(nic);
	if (!ethernet || !(ethernet->loans = calloc(count, sizeof *ethernet->loans))) {
		free(ethernet);
		return NULL;
	}
	ethernet->nic = nic;
	for (unsigned i = 0; i < count; i++)
		ethernet->loans[i] = (struct loan){
			.pbuf.custom_free_function = loan_ended, .owner = ethernet, .buffer = i,
		};
	if (!netif_add(&ethernet->netif, address, netmask, gateway, ethernet, set_up_netif, netif_input)) {
		free(ethernet->loans);
		free(ethernet);
		return NULL;
	}
	netif_set_default(&ethernet->netif);
	netif_set_up(&ethernet->netif);
	return ethernet;
}

static struct pbuf *lend(struct ethernet *ethernet, const struct nic_frame *frame)
{
	return pbuf_alloced_custom(PBUF_RAW, (u16_t)frame->length, PBUF_REF,
		&ethernet->loans[frame->buffer].pbuf, frame->data, (u16_t)frame->length);
}

static struct pbuf *copy(struct ethernet *ethernet, const struct nic_frame *frame)
{
	struct pbuf *packet = pbuf_alloc(PBUF_RAW, (u16_t)frame->length, PBUF_RAM);
	if (packet)
		memcpy(packet->payload, frame->data, frame->length);
	nic_give_back(ethernet->nic, frame->buffer);
	return packet;
}

static void receive(void *context, const struct nic_frame *frame)
{
	struct ethernet *ethernet = context;
	bool plenty = nic_spare_buffers(ethernet->nic) >= ethernet_copy_below_buffers;
	struct pbuf *packet = plenty ? lend(ethernet, frame) : copy(ethernet, frame);
	if (packet && ethernet->netif.input(packet, &ethernet->netif) != ERR_OK)
		pbuf_free(packet);
}

bool ethernet_poll(struct ethernet *ethernet)
{
	return nic_poll(ethernet->nic, ethernet_frames_per_poll, receive, ethernet) > 0;
}
