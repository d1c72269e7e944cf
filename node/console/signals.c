/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <signal.h>
#include "server.h"

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	int signal, group;	/* the next to send; a second one takes its place */
} next = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };

static void *send_signals(void *unused)
{
	for (;;) {
		pthread_mutex_lock(&next.mutex);
		while (!next.signal)
			pthread_cond_wait(&next.changed, &next.mutex);
		int signal = hurd_signal_to_musl(next.signal), group = next.group;
		next.signal = 0;
		pthread_mutex_unlock(&next.mutex);
		kill(-group, signal);
	}
	return NULL;
}

kern_return_t signals_prepare(void)
{
	pthread_t thread;
	return pthread_create(&thread, NULL, send_signals, NULL) ? KERN_RESOURCE_SHORTAGE : KERN_SUCCESS;
}

void signals_send(int hurd_signal)
{
	if (console.foreground <= 1)
		return;
	pthread_mutex_lock(&next.mutex);
	next.signal = hurd_signal;
	next.group = console.foreground;
	pthread_cond_signal(&next.changed);
	pthread_mutex_unlock(&next.mutex);
}
