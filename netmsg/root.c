/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "root.h"

#include "hurd_numbers.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <hurd.h>
#include <hurd/fs.h>
#include <hurd/io.h>
#include <mach.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>

#define NOBODY_ID 65534		/* where the user data base does not list nobody */

bool
root_identity (const struct peer *peer, unsigned *uid, unsigned *gid, struct complaint *complaint)
{
	const struct passwd *user;
	char *end;

	if (isdigit ((unsigned char) peer->user[0]))
	{
		*uid = *gid = strtoul (peer->user, &end, 10);
		if (*end == ':')
			*gid = strtoul (end + 1, NULL, 10);
		return true;
	}
	user = getpwnam (peer->user);
	if (user != NULL)
	{
		*uid = user->pw_uid;
		*gid = user->pw_gid;
		return true;
	}
	*uid = *gid = NOBODY_ID;
	return strcmp (peer->user, "nobody") == 0
		|| complain (complaint, "peer %s: this node has no user '%s'", peer->name, peer->user);
}

bool
root_for_peer (const struct peer *peer, const char *served, mach_port_t *root, struct complaint *complaint)
{
	const char *path = peer->path[0] != 0 ? peer->path : served;
	mach_port_t file, restricted;
	unsigned uid, gid;
	kern_return_t result;

	if (!root_identity (peer, &uid, &gid, complaint))
		return false;
	file = file_name_lookup (path, OPEN_FOR_NOTHING, 0);
	if (file == MACH_PORT_NULL)
		return complain (complaint, "cannot serve %s: %s", path, strerror (errno));
	result = io_restrict_auth (file, &restricted, &uid, 1, &gid, 1);
	mach_port_deallocate (mach_task_self (), file);
	if (result != KERN_SUCCESS)
		return complain (complaint, "cannot serve %s as user %u: %s", path, uid, wire_error_text (result));
	result = file_reparent (restricted, MACH_PORT_NULL, root);
	mach_port_deallocate (mach_task_self (), restricted);
	if (result != KERN_SUCCESS)
		return complain (complaint, "cannot serve %s: making it a root of its own: %s", path,
			wire_error_text (result));
	return true;
}
