/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Active translators: who sits on which node, and what happens when one dies. */
#include <stdlib.h>
#include <hurd/fsys.h>
#include <hurd_abi.h>

#include "objects.h"

/* The nodes that have one; they are few. */
struct translated {
	struct node *node;
	open_t parent;			/* what it was told last, as long as somebody has a right to it, or NULL */
};
static struct {
	struct translated *all;
	size_t count, room;
} translated;

static struct translated *find(const struct node *node)
{
	for (size_t i = 0; i < translated.count; i++)
		if (translated.all[i].node == node)
			return &translated.all[i];
	return NULL;
}

static void forget_parent(struct translated *entry)
{
	if (entry->parent)
		entry->parent->told_translator = false;
	entry->parent = NULL;
}

static void forget(struct node *node)
{
	struct translated *entry = find(node);
	if (!entry)
		return;
	forget_parent(entry);
	*entry = translated.all[--translated.count];
}

static error_t remember(struct node *node)
{
	if (translated.count == translated.room) {
		size_t room = translated.room ? 2 * translated.room : 16;
		struct translated *all = realloc(translated.all, room * sizeof(*all));
		if (!all)
			return HURD_ENOMEM;
		translated.all = all;
		translated.room = room;
	}
	translated.all[translated.count++] = (struct translated){ node, NULL };
	return 0;
}

static bool sits_elsewhere(mach_port_t control)
{
	for (size_t i = 0; i < translated.count; i++)
		if (translated.all[i].node->translator == control)
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
		struct node *node = translated.all[i].node;
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

/* The translator learns where it is, but gets no rights by it. */
static error_t parent_make(struct node *directory, struct surroundings *around, open_t *parent)
{
	struct ids *nobody = ids_make(NULL, 0, NULL, 0);
	if (!nobody)
		return HURD_ENOMEM;
	error_t error = open_make(directory, 0, around, nobody, parent);
	ids_drop(nobody);
	return error;
}

error_t translator_parent(struct node *node, struct node *directory, struct surroundings *around, mach_port_t *right)
{
	struct translated *entry = find(node);
	open_t parent = entry ? entry->parent : NULL;
	bool fits = parent && open_node(parent) == directory && parent->description->around == around;
	error_t error = fits ? 0 : parent_make(directory, around, &parent);
	if (error)
		return error;
	*right = parent->object.port;
	if (mach_port_insert_right(mach_task_self(), *right, *right, MACH_MSG_TYPE_MAKE_SEND)) {
		if (!fits)
			open_close(parent);
		return HURD_ENOMEM;
	}
	if (entry && !fits) {
		forget_parent(entry);
		entry->parent = parent;
		parent->told_translator = true;
	}
	return 0;
}

void translator_parent_closed(open_t parent)
{
	for (size_t i = 0; i < translated.count; i++)
		if (translated.all[i].parent == parent)
			forget_parent(&translated.all[i]);
}
