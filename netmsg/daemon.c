/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon.h"

#include "reauth.h"
#include "root.h"
#include "service.h"

#include "mach/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <mach.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_PER_SECOND UINT64_C (1000000)

void
service_log (void *argument, const char *format, ...)
{
	struct service *service = argument;
	va_list arguments;
	uint64_t now;

	if (service->options->debug == 0)
		return;
	now = bridge_now ();
	fprintf (stderr, "netmsg %llu.%06llu: ", (unsigned long long) (now / US_PER_SECOND),
		(unsigned long long) (now % US_PER_SECOND));
	va_start (arguments, format);
	vfprintf (stderr, format, arguments);
	va_end (arguments);
	fputc ('\n', stderr);
}

static void
random_bytes (void *ctx, void *out, size_t bytes)
{
	randombytes_buf (out, bytes);
}

/* Large messages go straight into pages, which are used again when they are done. */
static struct dr_buf *
message_buffer (void *argument, size_t bytes)
{
	struct service *service = argument;

	return bytes >= PAGES_FROM_BYTES ? memory_new (bytes) : dr_buf_new (&service->alloc, bytes);
}

static bool
create_link (struct service *service, uint64_t epoch, struct complaint *complaint)
{
	struct link_config config;
	enum dr_status status;

	link_config_default (&config);
	memcpy (config.secret_key, service->keys.secret, sizeof config.secret_key);
	config.epoch = epoch;
	config.datagram_bytes = service->whole ? NET_DATAGRAM_BYTES_FIRST : NET_DATAGRAM_BYTES;
	config.datagram_bytes_most = service->whole ? NET_DATAGRAM_BYTES_MOST : 0;
	config.random = random_bytes;
	config.new_buffer = message_buffer;
	config.new_buffer_ctx = service;
	config.connect_us = config.dead_us = service->options->silence_seconds * US_PER_SECOND;
	if (config.peers_max < service->peers.count)
		config.peers_max = service->peers.count;
	status = link_create (&config, &service->alloc, bridge_now (), &service->link);
	sodium_memzero (config.secret_key, sizeof config.secret_key);
	service->output = malloc (DATAGRAM_BYTES_MAX);
	return (status == DR_OK && service->output != NULL)
		|| complain (complaint, "cannot set up the link: %s", dr_status_text (status));
}

static uint64_t
seal (void *ctx, uint64_t serial)
{
	struct service *service = ctx;
	uint8_t hash[crypto_generichash_BYTES_MIN];
	uint64_t seal;

	crypto_generichash (hash, sizeof hash, (const unsigned char *) &serial, sizeof serial, service->seal_key,
		sizeof service->seal_key);
	memcpy (&seal, hash, sizeof seal);
	return seal;
}

static bool
create_bridge (struct service *service, uint64_t epoch, struct complaint *complaint)
{
	struct rights_config config;
	struct bridge_driver driver;

	rights_config_default (&config);
	memcpy (config.key.bytes, service->keys.public, sizeof config.key.bytes);
	config.epoch = epoch;
	randombytes_buf (service->seal_key, sizeof service->seal_key);
	config.seal = seal;
	config.seal_ctx = service;
	sessions_driver (service, &driver);
	service->bridge = bridge_create (&config, &service->alloc, &driver);
	service->root_workers = workers_create (ROOT_WORKERS_MAX);
	return (service->bridge != NULL && service->root_workers != NULL && reauth_init (service))
		|| complain (complaint, "cannot set up ports and threads: out of resources");
}

static bool
check_served (const char *path, struct complaint *complaint)
{
	mach_port_t file;

	if (path == NULL)
		return true;
	if (strlen (path) >= SERVED_PATH_BYTES)
		return complain (complaint, "the path to serve is longer than %d characters", SERVED_PATH_BYTES - 1);
	file = file_name_lookup (path, OPEN_FOR_NOTHING, 0);
	if (file == MACH_PORT_NULL)
		return complain (complaint, "cannot serve %s: %s", path, strerror (errno));
	mach_port_deallocate (mach_task_self (), file);
	return true;
}

bool
daemon_run (const struct options *options, const char *served, void (*ready) (void), struct complaint *complaint)
{
	struct service *service = calloc (1, sizeof *service);
	uint64_t epoch;

	if (service == NULL)
		return complain (complaint, "out of memory");
	service->options = options;
	service->alloc = pool_alloc (&service->pool);
	if (!keys_load (options->key_file, &service->keys, complaint)
		|| !peers_load (options->peers_file, &service->peers, complaint)
		|| !check_served (served, complaint))
		return false;
	if (served != NULL)
		strcpy (service->served, served);
	randombytes_buf (&epoch, sizeof epoch);
	if (!net_open (service, complaint)
		|| !create_link (service, epoch, complaint)
		|| !sessions_init (service, complaint)
		|| !create_bridge (service, epoch, complaint)
		|| !control_attach (service, complaint))
		return false;
	if (!net_start (service))
		return complain (complaint, "cannot start threads");
	service_log (service, "up: UDP port %u, %zu peers, serving %s", options->port, service->peers.count,
		served != NULL ? served : "nothing");
	if (ready != NULL)
		ready ();
	control_serve (service);
	return true;
}
