/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Active translators: who sits on which node, and what happens when one dies. */
#include <stdlib.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "objects.h"

/* The nodes that have one; they are few. */
static struct {
	struct node **nodes;
	size_t count, room;
} translated;

static void forget(struct node *node)
{
	for (size_t i = 0; i < translated.count; i++)
		if (translated.nodes[i] == node) {
			translated.nodes[i] = translated.nodes[--translated.count];
			return;
		}
}

static error_t remember(struct node *node)
{
	if (translated.count == translated.room) {
		size_t room = translated.room ? 2 * translated.room : 16;
		struct node **nodes = realloc(translated.nodes, room * sizeof(*nodes));
		if (!nodes)
			return HURD_ENOMEM;
		translated.nodes = nodes;
		translated.room = room;
	}
	translated.nodes[translated.count++] = node;
	return 0;
}

static bool sits_elsewhere(mach_port_t control)
{
	for (size_t i = 0; i < translated.count; i++)
		if (translated.nodes[i]->translator == control)
			return true;
	return false;
}

/* TO may be null: then the kernel is not to tell any more. */
static error_t ask_for_death(mach_port_t control, mach_port_t to)
{
	mach_port_t previous = MACH_PORT_NULL;
	error_t error = mach_port_request_notification(mach_task_self(), control, MACH_NOTIFY_DEAD_NAME, 1, to,
						       MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	if (!error && MACH_PORT_VALID(previous))
		mach_port_deallocate(mach_task_self(), previous);
	return error;
}

error_t translator_set(struct node *node, mach_port_t control)
{
	error_t error = 0;
	mach_port_t old = node->translator;
	if (MACH_PORT_VALID(control)) {
		error = ask_for_death(control, server.notify_port);
		if (!error && !old)
			error = remember(node);
		if (error)
			return error;
		node->translator = control;
	} else {
		node->translator = MACH_PORT_NULL;
		if (old)
			forget(node);
	}
	if (old) {
		if (!sits_elsewhere(old))
			ask_for_death(old, MACH_PORT_NULL);
		mach_port_deallocate(mach_task_self(), old);
	}
	return 0;
}

void translator_died(mach_port_t control)
{
	for (size_t i = translated.count; i-- > 0;) {
		struct node *node = translated.nodes[i];
		if (node->translator != control)
			continue;
		node->translator = MACH_PORT_NULL;
		forget(node);
		mach_port_deallocate(mach_task_self(), control);
	}
}

error_t translator_goaway(mach_port_t control, int flags)
{
	error_t error = server_wait_begin();
	if (error)
		return error;
	error = fsys_goaway(control, flags);
	server_wait_end();
	/* One that died of it, or before, has gone away. */
	if (error == MIG_SERVER_DIED || error == MACH_SEND_INVALID_DEST)
		return 0;
	return error;
}
