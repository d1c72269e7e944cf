/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a box does.  A box is a server that keeps rights and uses them as it is told, so that a test
   on another node can play with both ends.  Every answer starts with an int (0: done). */
#ifndef BOX_H
#define BOX_H

enum box_request
{
	BOX_FIRST = 471000,
	BOX_ECHO = BOX_FIRST,	/* anything: the same items come back, rights moved; no leading int */
	BOX_KEEP,		/* rights...: keeps them all; then: place of the first */
	BOX_GIVE,		/* place, disposition: the right */
	BOX_SAME,		/* right: then the place of a kept right with the same name, or -1 */
	BOX_NEW,		/* makes a receive right; then its place, and a send right (made) */
	BOX_DESTROY,		/* place: destroys the receive right, or deallocates the other */
	BOX_CLEAR,		/* forgets everything kept, properly */
	BOX_WATCH,		/* place, notification: requests it, to be told by BOX_EVENT */
	BOX_EVENT,		/* timeout ms: then the id of the next notification, or 0 */
	BOX_RECEIVE,		/* place, timeout ms: then id of a message received there, and its first int */
	BOX_SEND,		/* place, id, value, count: simple messages with value, value + 1, ... */
	BOX_NAMES,		/* then the number of port names in its task */
	BOX_LIMIT,		/* place, queue limit */
	BOX_PASS,		/* place, place of another box's port, disposition: KEEP there; then that place */
	BOX_LAST
};

#define BOX_NOTHING (-1)
#define BOX_KEPT_MAX 4096

#endif
