/* SPDX-License-Identifier: GPL-2.0-or-later */
/* inet: the Internet protocols for the bare node, as a Hurd socket server.
   One thread does all: it receives interrupts and requests from one port set,
   so there are no locks and no switches between threads. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <device/notify.h>
#include <lwip/init.h>
#include <lwip/netif.h>
#include <lwip/timeouts.h>
#include "port.h"
#include "call.h"
#include "configure.h"
#include "ethernet.h"
#include "object.h"
#include "startup.h"
#include "status.h"

enum { sweep_interval_ms = 5000, exit_usage = 2 };

static struct nic *card_in_use;	/* for the program's end only */

static void stop_card(void)
{
	nic_stop(card_in_use);
}

struct server {
	mach_port_t port_set;
	struct object control, interrupt;
	struct nic *nic;		/* NULL: loopback only */
	struct ethernet *ethernet;
	struct configuration configuration;
	mach_msg_header_t *request;
	struct reply *reply;		/* each in a buffer of a struct reply's size */
	bool reply_due;
	uint64_t next_sweep_ms;
};

static const char usage[] =
	"usage: inet [--address=A.B.C.D [--netmask=A.B.C.D] [--gateway=A.B.C.D]] [--config=FILE]\n"
	"The Internet protocols, as the translator of /servers/socket/2.\n"
	"  --address, --netmask, --gateway   the network card's; without an address only\n"
	"                                    127.0.0.1 works\n"
	"  --config=FILE                     the same, one setting a line: address A.B.C.D\n"
	"Reading /servers/socket/2 shows the state and the counters.\n";

static void die(const char *what)
{
	fprintf(stderr, "inet: %s\n", what);
	exit(1);
}

static void bad_usage(const char *what)
{
	fprintf(stderr, "inet: %s; see inet --help\n", what);
	exit(exit_usage);
}

static void read_arguments(struct configuration *configuration, int argc, char **argv)
{
	static const struct option options[] = {
		{ "address", required_argument, NULL, 's' }, { "netmask", required_argument, NULL, 's' },
		{ "gateway", required_argument, NULL, 's' }, { "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' }, { 0 },
	};
	char problem[configure_problem_bytes];
	int which;
	for (int option; (option = getopt_long(argc, argv, "", options, &which)) != -1; ) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (option == '?')
			exit(exit_usage);
		bool good = option == 'c' ? configure_read(configuration, optarg, problem) :
			configure_set(configuration, options[which].name, optarg, problem);
		if (!good)
			bad_usage(problem);
	}
	if (optind < argc)
		bad_usage("too many arguments");
	if (!configure_check(configuration, problem))
		bad_usage(problem);
}

/* ---- the card ---- */

static void open_card(struct server *server)
{
	mach_port_t host_priv, device_master;
	const char *problem = "no privileged ports";
	if (object_open(&server->interrupt, object_interrupt))
		die("no port for interrupts");
	if (startup_privileged_ports(&host_priv, &device_master) ||
			nic_open(host_priv, device_master, server->interrupt.port, &server->nic, &problem)) {
		fprintf(stderr, "inet: %s; only 127.0.0.1 works\n", problem);
		return;
	}
	const struct configuration *is = &server->configuration;
	ip4_addr_t address = { is->address }, netmask = { is->netmask }, gateway = { is->gateway };
	server->ethernet = ethernet_open(server->nic, &address, &netmask, &gateway);
	if (!server->ethernet)
		die("not enough memory");
	status_of_card(server->nic);
	/* The card must not write into memory that is somebody else's by then. */
	card_in_use = server->nic;
	atexit(stop_card);
}

/* ---- the loop ---- */

/* Everything that does not need a message; true when something was done. */
static bool run_network(struct server *server)
{
	bool busy = server->ethernet && ethernet_poll(server->ethernet);
	netif_poll_all();
	sockets_wake_due();
	if (server->nic)
		nic_kick(server->nic);
	return busy;
}

static uint32_t run_timers(struct server *server)
{
	uint64_t now = port_milliseconds();
	sys_check_timeouts();
	uint64_t deadline = operations_expire(now);
	if (now >= server->next_sweep_ms) {
		operations_sweep();
		server->next_sweep_ms = now + sweep_interval_ms;
	}
	uint32_t sleep = sys_timeouts_sleeptime();
	if (deadline && deadline - now < sleep)
		sleep = deadline > now ? (uint32_t)(deadline - now) : 1;
	if (operations_waiting() && server->next_sweep_ms - now < sleep)
		sleep = (uint32_t)(server->next_sweep_ms - now);
	return sleep;
}

/* Sends the reply that is due and receives the next message, waiting for it up
   to WAIT_MS: one trap for both.  False: none came. */
static bool exchange(struct server *server, uint32_t wait_ms)
{
	enum { send_errors = MACH_SEND_IN_PROGRESS, receive_errors = MACH_RCV_IN_PROGRESS };
	mach_msg_header_t *message = &server->reply->header;
	mach_msg_option_t option = MACH_RCV_MSG | MACH_RCV_TIMEOUT;
	mach_msg_size_t size = 0;
	if (server->reply_due) {
		server->reply_due = false;
		option |= MACH_SEND_MSG;
		size = message->msgh_size;
	}
	/* The reply's buffer takes the next request, the last request's the next reply. */
	mach_msg_return_t error = mach_msg(message, option, size, message_receive_bytes,
		server->port_set, wait_ms, MACH_PORT_NULL);
	if (error >= send_errors && error < receive_errors)
		reply_discard(server->reply);
	if (error)
		return false;
	server->reply = (struct reply *)server->request;
	server->request = message;
	return true;
}

/* Most replies leave together with the next receive; not those that could block
   (only a send-once right never does), nor those that carry a new port, which
   must not stay behind if the caller is gone. */
static void send_reply(struct server *server, struct call *call)
{
	bool carries_port = call->new_user || call->new_root;
	if (call->reply_type == MACH_MSG_TYPE_PORT_SEND_ONCE && !carries_port)
		server->reply_due = true;
	else if (reply_send(server->reply))
		call_release_new(call);
}

static void serve(struct server *server)
{
	mach_msg_header_t *message = server->request;
	struct object *object = object_find(message->msgh_local_port);
	if (object && object->kind == object_interrupt) {
		if (message->msgh_id == DEVICE_INTR_NOTIFY && server->nic)
			nic_interrupted(server->nic);
		return;
	}
	struct call call = {
		.object = object, .reply = server->reply, .reply_port = message->msgh_remote_port,
		.reply_type = MACH_MSGH_BITS_REMOTE(message->msgh_bits), .reply_id = message->msgh_id + 100,
	};
	request_begin(&call.request, message);
	reply_begin(server->reply, call.reply_port, call.reply_type, call.reply_id);
	kern_return_t code = !object ? MIG_BAD_ID : mach_msg_request_is_sound(message) ? call_serve(&call) : MIG_BAD_ARGUMENTS;
	if (code == MIG_NO_REPLY)
		return;
	reply_finish(server->reply, code);
	if (MACH_PORT_VALID(call.reply_port)) {
		send_reply(server, &call);
	} else {
		/* Who asks for no reply gets nothing of what it would carry. */
		reply_discard(server->reply);
		call_release_new(&call);
	}
}

static void __attribute__((noreturn)) run(struct server *server)
{
	for (bool idle = false;;) {
		bool busy = run_network(server);
		uint32_t sleep = run_timers(server);
		/* The card's line stays masked until a look at the port set found
		   nothing to do either: under load there are no interrupts. */
		if (busy || (server->nic && nic_interrupts_off(server->nic) && (!idle || nic_interrupts_on(server->nic))))
			sleep = 0;
		idle = !exchange(server, sleep);
		if (!idle)
			serve(server);
	}
}

/* The two buffers change places. */
static bool server_open(struct server *server)
{
	server->request = malloc(sizeof(struct reply));
	server->reply = malloc(sizeof(struct reply));
	return server->request && server->reply && !objects_open(&server->port_set) &&
		!object_open(&server->control, object_control);
}

int main(int argc, char **argv)
{
	static struct server server;
	read_arguments(&server.configuration, argc, argv);
	if (!server_open(&server))
		die("not enough memory");
	lwip_init();
	if (server.configuration.address)
		open_card(&server);
	if (startup_as_translator(server.control.port))
		die("start me as a translator: settrans -a /servers/socket/2 /hurd/inet");
	run(&server);
}
