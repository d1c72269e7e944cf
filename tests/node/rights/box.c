/* SPDX-License-Identifier: GPL-2.0-or-later */
/* box FILE: attaches itself to FILE and serves as box.h says, until killed. */
#include "box.h"
#include "letter.h"

#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <hurd/fsys.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CALL_TIMEOUT_MS 10000
#define FSYS_GETROOT 22002

static struct
{
	mach_port_t control, port, events;
	mach_port_t kept[BOX_KEPT_MAX];
	mach_msg_type_name_t kinds[BOX_KEPT_MAX];	/* as received; 0: empty */
	int count;
} box;

static struct letter request, answer;

static int
keep (mach_port_t right, mach_msg_type_name_t kind)
{
	if (box.count == BOX_KEPT_MAX)
		return BOX_NOTHING;
	box.kept[box.count] = right;
	box.kinds[box.count] = kind;
	return box.count++;
}

static void
forget (int place)
{
	if (MACH_PORT_VALID (box.kept[place]))
	{
		if (box.kinds[place] == MACH_MSG_TYPE_MOVE_RECEIVE)
			mach_port_mod_refs (mach_task_self (), box.kept[place], MACH_PORT_RIGHT_RECEIVE, -1);
		else if (box.kinds[place] != 0)
			mach_port_deallocate (mach_task_self (), box.kept[place]);
	}
	box.kept[place] = MACH_PORT_NULL;
	box.kinds[place] = 0;
}

static bool
next_place (int *place)
{
	int32_t value;

	if (!letter_next_int (&request, &value) || value < 0 || value >= box.count)
		return false;
	*place = value;
	return true;
}

static bool
do_keep (void)
{
	struct letter_item item;
	int first = BOX_NOTHING;

	while (letter_next (&request, &item))
		for (unsigned i = 0; MACH_MSG_TYPE_PORT_ANY (item.name) && i < item.number; i++)
		{
			mach_port_t right = item.is_inline ? ((uint64_t *) item.data)[i] : ((mach_port_t *) item.data)[i];
			int place = keep (right, item.name);

			if (first == BOX_NOTHING)
				first = place;
		}
	letter_add_int (&answer, 0);
	letter_add_int (&answer, first);
	return true;
}

static bool
do_give (void)
{
	int32_t disposition;
	int place;

	if (!next_place (&place) || !letter_next_int (&request, &disposition))
		return false;
	letter_add_int (&answer, 0);
	letter_add_right (&answer, box.kept[place], disposition);
	if (disposition == MACH_MSG_TYPE_MOVE_SEND || disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE
		|| disposition == MACH_MSG_TYPE_MOVE_RECEIVE)
		box.kinds[place] = 0;
	return true;
}

static bool
do_same (void)
{
	mach_msg_type_name_t disposition;
	int32_t found = BOX_NOTHING;
	mach_port_t right;

	if (!letter_next_right (&request, &right, &disposition))
		return false;
	for (int i = 0; i < box.count; i++)
		if (box.kinds[i] != 0 && box.kept[i] == right)
			found = i;
	if (MACH_PORT_VALID (right))
		mach_port_deallocate (mach_task_self (), right);
	letter_add_int (&answer, 0);
	letter_add_int (&answer, found);
	return true;
}

static bool
do_new (void)
{
	mach_port_t port;

	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS)
		return false;
	letter_add_int (&answer, 0);
	letter_add_int (&answer, keep (port, MACH_MSG_TYPE_MOVE_RECEIVE));
	letter_add_right (&answer, port, MACH_MSG_TYPE_MAKE_SEND);
	return true;
}

static bool
do_watch (void)
{
	mach_port_t previous = MACH_PORT_NULL;
	int32_t kind;
	int place;
	kern_return_t result;

	if (!next_place (&place) || !letter_next_int (&request, &kind))
		return false;
	result = mach_port_request_notification (mach_task_self (), box.kept[place], kind, 1, box.events,
		MACH_MSG_TYPE_MAKE_SEND_ONCE, &previous);
	letter_add_int (&answer, result);
	return true;
}

static bool
do_event (void)
{
	struct letter *letter = malloc (sizeof *letter);
	int32_t timeout_ms, id = 0;

	if (letter == NULL || !letter_next_int (&request, &timeout_ms))
		return false;
	if (letter_receive (letter, box.events, timeout_ms) == MACH_MSG_SUCCESS)
	{
		id = letter->header.msgh_id;
		if (id == MACH_NOTIFY_DEAD_NAME)
			mach_port_deallocate (mach_task_self (), ((mach_dead_name_notification_t *) letter)->not_port);
		else
			mach_msg_destroy (&letter->header);
	}
	free (letter);
	letter_add_int (&answer, 0);
	letter_add_int (&answer, id);
	return true;
}

static bool
do_receive (void)
{
	struct letter *letter = malloc (sizeof *letter);
	int32_t timeout_ms, id = 0, value = BOX_NOTHING;
	int place;

	if (letter == NULL || !next_place (&place) || !letter_next_int (&request, &timeout_ms))
		return false;
	if (letter_receive (letter, box.kept[place], timeout_ms) == MACH_MSG_SUCCESS)
	{
		id = letter->header.msgh_id;
		letter_next_int (letter, &value);
		mach_msg_destroy (&letter->header);
	}
	free (letter);
	letter_add_int (&answer, 0);
	letter_add_int (&answer, id);
	letter_add_int (&answer, value);
	return true;
}

static bool
do_send (void)
{
	struct letter *letter = malloc (sizeof *letter);
	int32_t id, value, count;
	mach_msg_return_t result = MACH_MSG_SUCCESS;
	int place;

	if (letter == NULL || !next_place (&place) || !letter_next_int (&request, &id) || !letter_next_int (&request, &value)
		|| !letter_next_int (&request, &count))
		return false;
	for (int i = 0; i < count && result == MACH_MSG_SUCCESS; i++)
	{
		mach_msg_type_name_t disposition = MACH_MSG_TYPE_COPY_SEND;

		letter_begin (letter, id);
		letter_add_int (letter, value + i);
		if (box.kinds[place] == MACH_MSG_TYPE_MOVE_RECEIVE)
			disposition = MACH_MSG_TYPE_MAKE_SEND;
		else if (box.kinds[place] == MACH_MSG_TYPE_MOVE_SEND_ONCE)
			disposition = MACH_MSG_TYPE_MOVE_SEND_ONCE;
		result = letter_send_disposed (letter, box.kept[place], disposition, MACH_PORT_NULL, CALL_TIMEOUT_MS);
		if (result == MACH_MSG_SUCCESS && disposition == MACH_MSG_TYPE_MOVE_SEND_ONCE)
			box.kinds[place] = 0;
	}
	free (letter);
	letter_add_int (&answer, result);
	return true;
}

static bool
do_names (void)
{
	mach_msg_type_number_t names_count, types_count;
	mach_port_array_t names;
	mach_port_type_array_t types;

	if (mach_port_names (mach_task_self (), &names, &names_count, &types, &types_count) != KERN_SUCCESS)
		return false;
	vm_deallocate (mach_task_self (), (vm_address_t) names, names_count * sizeof *names);
	vm_deallocate (mach_task_self (), (vm_address_t) types, types_count * sizeof *types);
	letter_add_int (&answer, 0);
	letter_add_int (&answer, names_count);
	return true;
}

static bool
do_pass (void)
{
	struct letter *letter = malloc (sizeof *letter);
	int32_t disposition, status = BOX_NOTHING, there = BOX_NOTHING;
	mach_msg_return_t result;
	int place, to;

	if (letter == NULL || !next_place (&place) || !next_place (&to) || !letter_next_int (&request, &disposition))
		return false;
	letter_begin (letter, BOX_KEEP);
	letter_add_right (letter, box.kept[place], disposition);
	if (disposition != MACH_MSG_TYPE_COPY_SEND && disposition != MACH_MSG_TYPE_MAKE_SEND
		&& disposition != MACH_MSG_TYPE_MAKE_SEND_ONCE)
		box.kinds[place] = 0;
	result = letter_call (letter, box.kept[to], CALL_TIMEOUT_MS);
	if (result == MACH_MSG_SUCCESS && letter_next_int (letter, &status))
		letter_next_int (letter, &there);
	free (letter);
	letter_add_int (&answer, result);
	letter_add_int (&answer, there);
	return true;
}

static bool
do_simple (mach_msg_id_t id)
{
	int32_t limit;
	int place;

	switch (id)
	{
	case BOX_DESTROY:
		if (!next_place (&place))
			return false;
		forget (place);
		break;
	case BOX_LIMIT:
		if (!next_place (&place) || !letter_next_int (&request, &limit))
			return false;
		mach_port_set_qlimit (mach_task_self (), box.kept[place], limit);
		break;
	default:
		while (box.count > 0)
			forget (--box.count);
	}
	letter_add_int (&answer, 0);
	return true;
}

static bool
serve_request (mach_msg_id_t id)
{
	switch (id)
	{
	case BOX_KEEP: return do_keep ();
	case BOX_GIVE: return do_give ();
	case BOX_SAME: return do_same ();
	case BOX_NEW: return do_new ();
	case BOX_WATCH: return do_watch ();
	case BOX_EVENT: return do_event ();
	case BOX_RECEIVE: return do_receive ();
	case BOX_SEND: return do_send ();
	case BOX_NAMES: return do_names ();
	case BOX_PASS: return do_pass ();
	default: return do_simple (id);
	}
}

static void
send_answer (struct letter *letter)
{
	if (mach_msg (&letter->header, MACH_SEND_MSG | MACH_SEND_TIMEOUT, letter->header.msgh_size, 0, MACH_PORT_NULL, 0,
		MACH_PORT_NULL) != MACH_MSG_SUCCESS)
		mach_msg_destroy (&letter->header);
}

/* The reply right of REQUEST moves to LETTER. */
static void
address_answer (struct letter *letter)
{
	mach_msg_bits_t complex = letter->header.msgh_bits & MACH_MSGH_BITS_COMPLEX;

	letter->header.msgh_remote_port = request.header.msgh_remote_port;
	letter->header.msgh_local_port = MACH_PORT_NULL;
	letter->header.msgh_bits = complex | MACH_MSGH_BITS (MACH_MSGH_BITS_REMOTE (request.header.msgh_bits), 0);
	letter->header.msgh_id = request.header.msgh_id + 100;
}

/* The one request of a file system that matters: it gives out our port. */
static void
answer_getroot (void)
{
	int32_t retry = FS_RETRY_NORMAL;
	char name[1024] = "";

	letter_begin (&answer, 0);
	letter_add_int (&answer, 0);
	letter_add_int (&answer, retry);
	letter_add (&answer, MACH_MSG_TYPE_STRING_C, 8, sizeof name, name);
	letter_add_right (&answer, box.port, MACH_MSG_TYPE_MAKE_SEND);
	address_answer (&answer);
	send_answer (&answer);
	request.header.msgh_remote_port = MACH_PORT_NULL;
	mach_msg_destroy (&request.header);
}

static void
serve (void)
{
	mach_msg_id_t id = request.header.msgh_id;

	if (id == FSYS_GETROOT)
		answer_getroot ();
	else if (id == BOX_ECHO)
	{
		address_answer (&request);
		send_answer (&request);
	}
	else if (id > BOX_ECHO && id < BOX_LAST)
	{
		letter_begin (&answer, 0);
		if (!serve_request (id))
		{
			letter_begin (&answer, 0);
			letter_add_int (&answer, BOX_NOTHING);
		}
		address_answer (&answer);
		send_answer (&answer);
	}
	else
		mach_msg_destroy (&request.header);
}

static mach_port_t
new_port (mach_port_t set)
{
	mach_port_t port;

	if (mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_RECEIVE, &port) != KERN_SUCCESS
		|| (set != MACH_PORT_NULL && mach_port_move_member (mach_task_self (), port, set) != KERN_SUCCESS))
	{
		fprintf (stderr, "box: no port\n");
		exit (1);
	}
	return port;
}

int
main (int argc, char **argv)
{
	mach_port_t set, file;
	kern_return_t result;

	if (argc != 2)
	{
		fprintf (stderr, "usage: box FILE\n");
		return 2;
	}
	mach_port_allocate (mach_task_self (), MACH_PORT_RIGHT_PORT_SET, &set);
	box.control = new_port (set);
	box.port = new_port (set);
	box.events = new_port (MACH_PORT_NULL);
	file = file_name_lookup (argv[1], O_CREAT | O_NOTRANS, 0666);
	if (file == MACH_PORT_NULL)
	{
		fprintf (stderr, "box: %s: %s\n", argv[1], strerror (errno));
		return 1;
	}
	result = file_set_translator (file, 0, FS_TRANS_SET, 0, NULL, 0, box.control, MACH_MSG_TYPE_MAKE_SEND);
	if (result != KERN_SUCCESS)
	{
		fprintf (stderr, "box: %s: cannot attach: %#x\n", argv[1], result);
		return 1;
	}
	for (;;)
		if (letter_receive (&request, set, 1000000) == MACH_MSG_SUCCESS)
			serve ();
}
