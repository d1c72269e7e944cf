/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How lwIP is built for the bare node: the raw interface only, run by one
   thread (so no locks), buffers sized for a gigabit link at 1 ms and for a
   slower one at 20 ms. */
#ifndef INET_LWIPOPTS_H
#define INET_LWIPOPTS_H

#define NO_SYS				1
#define SYS_LIGHTWEIGHT_PROT		0
#define LWIP_SOCKET			0
#define LWIP_NETCONN			0

/* Protocols. */
#define LWIP_IPV4			1
#define LWIP_IPV6			0
#define LWIP_ARP			1
#define LWIP_ICMP			1
#define LWIP_RAW			1
#define LWIP_UDP			1
#define LWIP_TCP			1
#define LWIP_DHCP			0
#define LWIP_AUTOIP			0
#define LWIP_ACD			0
#define LWIP_DNS			0
#define LWIP_IGMP			0
#define IP_REASSEMBLY			1
#define IP_FRAG				1
#define IP_REASS_MAX_PBUFS		512
#define IP_REASS_MAXAGE			5	/* seconds */
#define SO_REUSE			1

/* Loopback: frames are queued and fed back by netif_poll_all() in our loop. */
#define LWIP_HAVE_LOOPIF		1
#define LWIP_NETIF_LOOPBACK		1
#define LWIP_NETIF_LOOPBACK_MULTITHREADING 0
#define LWIP_LOOPBACK_MAX_PBUFS		1024
/* Lets the loopback interface go without checksums. */
#define LWIP_CHECKSUM_CTRL_PER_NETIF	1

/* ARP: hold what is sent while an address is being asked for. */
#define ARP_TABLE_SIZE			64
#define ARP_QUEUEING			1
#define ARP_QUEUE_LEN			32
#define ETHARP_SUPPORT_STATIC_ENTRIES	1
/* 2 bytes before the Ethernet header so that the IP header is aligned. */
#define ETH_PAD_SIZE			0

/* Memory: variable blocks from our size-class allocator, which has a total
   limit (port_memory_limit); fixed objects from lwIP's own pools. */
#define MEM_ALIGNMENT			8
#define MEM_LIBC_MALLOC			0
#define MEM_CUSTOM_ALLOCATOR		1
#define MEM_CUSTOM_MALLOC		port_malloc
#define MEM_CUSTOM_CALLOC		port_calloc
#define MEM_CUSTOM_FREE			port_free
#define MEM_STATS			0
#define MEMP_NUM_PBUF			4096
#define MEMP_NUM_RAW_PCB		16
#define MEMP_NUM_UDP_PCB		512
#define MEMP_NUM_TCP_PCB		512
#define MEMP_NUM_TCP_PCB_LISTEN		128
#define MEMP_NUM_TCP_SEG		8192
#define MEMP_NUM_REASSDATA		64
#define MEMP_NUM_FRAG_PBUF		512
#define MEMP_NUM_ARP_QUEUE		256
#define MEMP_NUM_SYS_TIMEOUT		16
#define PBUF_POOL_SIZE			64
#define LWIP_SUPPORT_CUSTOM_PBUF	1

/* TCP. */
#define TCP_MSS				4424
#define LWIP_WND_SCALE			1
#define TCP_RCV_SCALE			4
#define TCP_WND				(512 * 1024)
#define TCP_SND_BUF			(512 * 1024)
#define TCP_SND_QUEUELEN		2048
#define TCP_SNDLOWAT			(32 * 1024)
#define TCP_SNDQUEUELOWAT		1024
#define TCP_WND_UPDATE_THRESHOLD	(64 * 1024)
#define TCP_OVERSIZE			1460
#define TCP_QUEUE_OOSEQ			1
#define TCP_OOSEQ_MAX_PBUFS		512
#define LWIP_TCP_SACK_OUT		1
#define LWIP_TCP_KEEPALIVE		1
#define LWIP_TCP_TIMESTAMPS		0
#define TCP_LISTEN_BACKLOG		1
#define TCP_MSL				15000	/* ms */
/* The clock of retransmission and delayed acknowledgement, in ms: a lost
   segment costs 200-400 ms, as on other systems, not 1.5 s. */
#define TCP_TMR_INTERVAL		100
#define LWIP_TCP_RTO_TIME		1000
#define LWIP_DISABLE_TCP_SANITY_CHECKS	1
#define LWIP_HOOK_FILENAME		"port_hooks.h"
#define LWIP_HOOK_TCP_ISN(local_ip, local_port, remote_ip, remote_port) port_random()

#define LWIP_NETIF_HOSTNAME		0
#define LWIP_NETIF_STATUS_CALLBACK	0
#define LWIP_STATS			1
#define LWIP_STATS_LARGE		1
#define LWIP_STATS_DISPLAY		0
#define LWIP_TIMERS			1

#endif
