/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens, what they share, and what surrounds them. */
#include <assert.h>
#include <stdlib.h>
#include <hurd_abi.h>

#include "limits.h"
#include "objects.h"

static void give_up(mach_port_t right)
{
	if (MACH_PORT_VALID(right))
		mach_port_deallocate(mach_task_self(), right);
}

struct surroundings *surroundings_make(struct node *shadow_root, mach_port_t shadow_parent, mach_port_t root_parent)
{
	struct surroundings *around = malloc(sizeof(*around));
	if (!around) {
		give_up(shadow_parent);
		give_up(root_parent);
		return NULL;
	}
	*around = (struct surroundings){ .references = 1, .shadow_root = shadow_root,
		.shadow_parent = shadow_parent, .root_parent = root_parent };
	if (shadow_root)
		node_hold(shadow_root);
	return around;
}

bool surroundings_within(struct surroundings *around, struct surroundings *outer)
{
	if (outer->shadow_root == around->shadow_root)	/* the same walls again: those further out remain */
		outer = outer->outer;
	if (!outer || !outer->shadow_root)
		return true;
	if (outer->depth == TMPFS_REPARENTED_DEPTH_MAX)
		return false;
	around->outer = outer;
	around->depth = outer->depth + 1;
	outer->references++;
	return true;
}

void surroundings_drop(struct surroundings *around)
{
	while (around) {
		struct surroundings *outer = around->outer;
		assert(around->references);
		if (--around->references)
			return;
		give_up(around->shadow_parent);
		give_up(around->root_parent);
		if (around->shadow_root)
			node_drop(&server.store, around->shadow_root);
		free(around);
		around = outer;
	}
}

static struct description *description_make(struct node *node, int flags, struct surroundings *around)
{
	struct description *description = calloc(1, sizeof(*description));
	if (!description)
		return NULL;
	description->references = 1;
	description->node = node;
	description->around = around;
	description->flags = flags;
	around->references++;
	node_opened(node);
	return description;
}

static void description_drop(struct description *description)
{
	assert(description->references);
	if (--description->references)
		return;
	record_locks_close(description);
	surroundings_drop(description->around);
	node_closed(&server.store, description->node);
	free(description);
}

error_t open_share(struct description *description, struct ids *ids, open_t *made)
{
	open_t open = malloc(sizeof(*open));
	if (!open)
		return HURD_ENOMEM;
	error_t error = object_make(&open->object, OBJECT_OPEN, true);
	if (error) {
		free(open);
		return error;
	}
	open->references = 1;
	open->told_translator = false;
	open->description = description;
	open->ids = ids_hold(ids);
	description->references++;
	server.opens++;
	*made = open;
	return 0;
}

error_t open_make(struct node *node, int flags, struct surroundings *around, struct ids *ids, open_t *made)
{
	struct description *description = description_make(node, flags, around);
	if (!description)
		return HURD_ENOMEM;
	error_t error = open_share(description, ids, made);
	description_drop(description);
	return error;
}

void open_release(open_t open)
{
	if (!open)
		return;
	assert(open->references);
	if (--open->references)
		return;
	description_drop(open->description);
	ids_drop(open->ids);
	free(open);
	if (--server.opens == 0)
		server_end_if_forgotten();
}

void open_close(open_t open)
{
	if (open->told_translator)
		translator_parent_closed(open);
	object_destroy(&open->object);
	open_release(open);
}

struct node *open_node(open_t open)
{
	return open->description->node;
}
