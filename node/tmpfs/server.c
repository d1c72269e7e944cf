/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The threads: receive, serve, reply. */
#include <assert.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <hurd_abi.h>

#include "fs_S.h"
#include "fsys_S.h"
#include "ifsock_S.h"
#include "interrupt_S.h"
#include "io_S.h"
#include "limits.h"
#include "objects.h"

struct server server;

/* Made by the stub generator, which declares them nowhere. */
boolean_t fs_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t fsys_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t ifsock_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t interrupt_server(mach_msg_header_t *request, mach_msg_header_t *reply);
boolean_t io_server(mach_msg_header_t *request, mach_msg_header_t *reply);

static struct {
	pthread_mutex_t lock;		/* of the whole server */
	unsigned threads;
	unsigned idle;			/* in mach_msg, or on the way there */
	unsigned waiting;		/* between server_wait_begin and _end */
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

void server_report(const char *format, ...)
{
	char line[256] = "tmpfs: ";
	size_t used = strlen(line);
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line + used, sizeof(line) - used - 1, format, arguments);
	va_end(arguments);
	strcat(line, "\n");
	/* The root's file server is older than the console. */
	if (write(STDERR_FILENO, line, strlen(line)) < 0)
		mach_print(line);
}

static void notified(const mach_msg_header_t *message, struct object *object)
{
	if (message->msgh_id == MACH_NOTIFY_NO_SENDERS) {
		object_no_senders(object);
	} else if (message->msgh_id == MACH_NOTIFY_DEAD_NAME && object->kind == OBJECT_NOTIFY) {
		mach_port_t name = ((const mach_dead_name_notification_t *)message)->not_port;
		translator_died(name);
		mach_port_deallocate(mach_task_self(), name);	/* the notification's own reference */
	}
}

/* Returns whether REPLY was made; otherwise the message was a notification. */
static bool demultiplex(mach_msg_header_t *request, mach_msg_header_t *reply)
{
	if (request->msgh_id >= MACH_NOTIFY_FIRST && request->msgh_id <= MACH_NOTIFY_LAST) {
		/* A port that was with a tracer for a while has lost its payload. */
		struct object *object = MACH_MSGH_BITS_LOCAL(request->msgh_bits) == MACH_MSG_TYPE_PROTECTED_PAYLOAD
			? object_of_payload(request->msgh_protected_payload) : object_of_port(request->msgh_local_port);
		if (object)
			notified(request, object);
		return false;
	}
	if (!mach_msg_request_is_sound(request)) {
		mig_reply_setup(request, reply);
		((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ARGUMENTS;
	} else if (!io_server(request, reply) && !fs_server(request, reply) && !fsys_server(request, reply) &&
	    !ifsock_server(request, reply) && !interrupt_server(request, reply))
		((mig_reply_header_t *)reply)->RetCode = MIG_BAD_ID;
	return true;
}

/* Walks the descriptors of REQUEST: is there out-of-line memory?  With TOUCH, reads a byte
   of each of its pages. */
static bool out_of_line(const mach_msg_header_t *request, bool touch)
{
	const char *at = (const char *)(request + 1), *end = (const char *)request + request->msgh_size;
	bool found = false;
	while (at + sizeof(mach_msg_type_t) <= end) {
		const mach_msg_type_t *type = (const mach_msg_type_t *)at;
		const mach_msg_type_long_t *longer = (const mach_msg_type_long_t *)at;
		size_t count = type->msgt_longform ? longer->msgtl_number : type->msgt_number;
		size_t bits = type->msgt_longform ? longer->msgtl_size : type->msgt_size;
		size_t bytes = (count * bits + 7) / 8;
		at += type->msgt_longform ? sizeof(*longer) : sizeof(*type);
		if (type->msgt_inline) {
			at += (bytes + 7) & ~(size_t)7;
			continue;
		}
		found = true;
		const volatile char *memory = *(const volatile char *const *)at;
		for (size_t offset = 0; touch && offset < bytes; offset += vm_page_size)
			(void)memory[offset];
		if (touch && bytes)
			(void)memory[bytes - 1];
		at += sizeof(void *);
	}
	return found;
}

/* Out-of-line memory may belong to a pager that answers late or never: nobody shall wait
   for it with the lock held, so it is touched before. */
static error_t bring_in(const mach_msg_header_t *request)
{
	if (!(request->msgh_bits & MACH_MSGH_BITS_COMPLEX) || !out_of_line(request, false))
		return 0;
	error_t error = server_wait_begin();
	if (error)
		return error;
	out_of_line(request, true);
	server_wait_end();
	return 0;
}

static void *serve(void *stays);

static bool start_thread(void)
{
	pthread_attr_t attributes;
	pthread_t thread;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, TMPFS_THREAD_STACK_BYTES);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pool.threads++;
	pool.idle++;
	bool started = pthread_create(&thread, &attributes, serve, NULL) == 0;
	if (!started) {
		pool.threads--;
		pool.idle--;
	}
	pthread_attr_destroy(&attributes);
	return started;
}

static error_t begin_waiting(void)
{
	if (pool.waiting >= TMPFS_THREADS_BLOCKED_MAX)
		return HURD_EAGAIN;
	if (!pool.idle && !start_thread())
		return HURD_EAGAIN;
	pool.waiting++;
	return 0;
}

error_t server_wait_begin(void)
{
	error_t error = begin_waiting();
	if (!error)
		pthread_mutex_unlock(&pool.lock);
	return error;
}

void server_wait_end(void)
{
	pthread_mutex_lock(&pool.lock);
	pool.waiting--;
}

error_t server_wait_on(pthread_cond_t *changed)
{
	error_t error = begin_waiting();
	if (error)
		return error;
	pthread_cond_wait(changed, &pool.lock);
	pool.waiting--;
	return 0;
}

void server_lock(void)
{
	pthread_mutex_lock(&pool.lock);
}

void server_unlock(void)
{
	pthread_mutex_unlock(&pool.lock);
}

static void handle(mach_msg_header_t *request, mach_msg_header_t *reply, bool *answered)
{
	pthread_mutex_lock(&pool.lock);
	pool.idle--;
	error_t error = bring_in(request);
	if (error) {
		mig_reply_setup(request, reply);
		((mig_reply_header_t *)reply)->RetCode = error;
		*answered = true;
	} else {
		*answered = demultiplex(request, reply);
	}
	pool.idle++;
	pthread_mutex_unlock(&pool.lock);
}

/* Frees what nobody took of REQUEST; returns whether REPLY is to be sent. */
static bool settle(mach_msg_header_t *request, mach_msg_header_t *reply, bool answered)
{
	/* The port of ours that it came to is none of the message's. */
	request->msgh_bits &= ~MACH_MSGH_BITS_LOCAL_MASK;
	request->msgh_local_port = MACH_PORT_NULL;
	if (!answered) {
		mach_msg_destroy(request);
		return false;
	}
	if (!(reply->msgh_bits & MACH_MSGH_BITS_COMPLEX)) {
		kern_return_t result = ((mig_reply_header_t *)reply)->RetCode;
		if (result == MIG_NO_REPLY)
			return false;		/* the routine has the reply right */
		if (result != KERN_SUCCESS) {
			request->msgh_bits &= ~MACH_MSGH_BITS_REMOTE_MASK;	/* that right is the reply's now */
			request->msgh_remote_port = MACH_PORT_NULL;
			mach_msg_destroy(request);
		}
	}
	if (!MACH_PORT_VALID(reply->msgh_remote_port)) {
		mach_msg_destroy(reply);
		return false;
	}
	return true;
}

/* Sends the reply that is in BUFFER (if SENDS) and receives the next request into it: one call
   for both lets the kernel go straight over to the client.  Returns whether a request came. */
static bool exchange(mach_msg_header_t *buffer, bool sends)
{
	mach_msg_option_t option = MACH_RCV_MSG;
	if (sends) {
		option |= MACH_SEND_MSG;
		/* A reply to a plain send right may find a full queue; nobody waits for that. */
		if (MACH_MSGH_BITS_REMOTE(buffer->msgh_bits) != MACH_MSG_TYPE_MOVE_SEND_ONCE)
			option |= MACH_SEND_TIMEOUT;
	}
	mach_msg_return_t result = mach_msg(buffer, option, sends ? buffer->msgh_size : 0, TMPFS_REQUEST_BYTES_MAX,
					    server.receive_set, MACH_MSG_TIMEOUT_NONE, MACH_PORT_NULL);
	if (result == MACH_MSG_SUCCESS)
		return true;
	result &= ~MACH_MSG_MASK;
	bool receiving = result == MACH_RCV_TOO_LARGE || result == MACH_RCV_INTERRUPTED;
	assert(receiving || sends);
	if (!receiving)
		mach_msg_destroy(buffer);	/* the client is gone; nothing was received */
	return false;
}

/* Whether this thread is one too many; then it sends its last REPLY, if SENDS. */
static bool may_leave(mach_msg_header_t *reply, bool sends)
{
	pthread_mutex_lock(&pool.lock);
	bool leave = pool.idle > TMPFS_THREADS_IDLE_MAX;
	if (leave) {
		pool.idle--;
		pool.threads--;
	}
	pthread_mutex_unlock(&pool.lock);
	if (leave && sends && mach_msg(reply, MACH_SEND_MSG | MACH_SEND_TIMEOUT, reply->msgh_size, 0, MACH_PORT_NULL, 0, MACH_PORT_NULL))
		mach_msg_destroy(reply);
	return leave;
}

static void *serve(void *stays)
{
	mach_msg_header_t *request = malloc(TMPFS_REQUEST_BYTES_MAX), *reply = malloc(TMPFS_REQUEST_BYTES_MAX);
	assert(request && reply);
	bool sends = false;
	do {
		if (!exchange(request, sends)) {
			sends = false;
			continue;
		}
		bool answered;
		handle(request, reply, &answered);
		sends = settle(request, reply, answered);
		mach_msg_header_t *other = request;
		request = reply;
		reply = other;
	} while (stays || !may_leave(request, sends));
	free(request);
	free(reply);
	return NULL;
}

void server_run(void)
{
	pool.threads++;
	pool.idle++;
	serve(&pool);
}
