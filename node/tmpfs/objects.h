/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The server's objects behind its ports, and the server's one lock.
 *
 * Everything here and in the store is guarded by the server's lock, which a request holds
 * from before its port is turned into an object until its reply is ready to send.  A
 * routine that must wait for another task gives it up meanwhile with server_wait_begin. */
#ifndef TMPFS_OBJECTS_H
#define TMPFS_OBJECTS_H

#include <pthread.h>
#include <stdbool.h>
#include <mach.h>
#include <hurd/hurd_types.h>

#include "access.h"
#include "store.h"

enum object_kind { OBJECT_OPEN, OBJECT_CONTROL, OBJECT_NOTIFY, OBJECT_IDENTITY };

/* A receive right of ours.  A message finds it by its protected payload, which holds the
   port's name and a serial that is never used again: so a message that was received
   just before its port went cannot reach another object under the same name. */
struct object {
	enum object_kind kind;
	mach_port_t port;
	uint32_t serial;
	struct object *next;		/* in the table */
};

/* Where ".." leads above what this open's names can see; shared, counted. */
struct surroundings {
	uint32_t references;
	struct node *shadow_root;	/* held, or NULL */
	mach_port_t shadow_parent;	/* a send right, or null: then ".." of the shadow root is itself */
	mach_port_t root_parent;	/* a send right to what is above the file system's root, or null */
	struct surroundings *outer;	/* what these were made within: its shadow root still confines a
					   directory that was moved out of ours.  One reference, or NULL */
	uint32_t depth;			/* how many outer ones there are */
};

/* What io_duplicate and io_restrict_auth share. */
struct description {
	uint32_t references;
	struct node *node;		/* as opened */
	struct surroundings *around;
	int flags;			/* HURD_O_ READ, WRITE, EXEC, APPEND, NONBLOCK, ... */
	int64_t offset;
	pid_t owner;
};

/* One open port of a file, with the rights of one user. */
struct open {
	struct object object;
	uint32_t references;		/* one for the port, one for each request at work */
	struct description *description;
	struct ids *ids;
	bool told_translator;		/* see translator_parent */
};
typedef struct open *open_t;
typedef struct object *control_t;

struct server {
	struct store store;
	mach_port_t receive_set;
	mach_port_t notify_port;
	struct object *control;
	mach_port_t identity;		/* stands for the whole file system; null until somebody asks */
	uint64_t opens;
	uint64_t objects;
	uint64_t bytes_max;
	uint32_t filesystem_id;
	bool debug;
};
extern struct server server;

/* ---- objects.c: ports and their objects.  All errors are the Hurd's. */

/* A port in the receive set; the object is in the caller's memory.  For an object whose
   senders may all go, NO_SENDERS asks to be told when the last of the first ones went. */
error_t object_make(struct object *object, enum object_kind kind, bool no_senders);
void object_destroy(struct object *object);	/* the port; not the memory */
struct object *object_of_port(mach_port_t port);
struct object *object_of_payload(uintptr_t payload);
void objects_for_each(void (*visit)(struct object *object, void *context), void *context);

/* For the generated stubs.  NULL for a port of another kind. */
open_t open_of_port(mach_port_t port);
open_t open_of_payload(uintptr_t payload);
void open_release(open_t open);
control_t control_of_port(mach_port_t port);
control_t control_of_payload(uintptr_t payload);
/* The last sender may have gone: looks, and closes if so. */
void object_no_senders(struct object *object);
/* Ends the server when nobody can reach it any more: no node that it sits on, no open file,
   none that is mapped. */
void server_end_if_forgotten(void);

/* ---- opens.c */

/* Consumes the send rights SHADOW_PARENT and ROOT_PARENT in any case. */
struct surroundings *surroundings_make(struct node *shadow_root, mach_port_t shadow_parent, mach_port_t root_parent);
/* Puts AROUND, just made, within OUTER.  False: they would lie too deep. */
bool surroundings_within(struct surroundings *around, struct surroundings *outer);
void surroundings_drop(struct surroundings *around);
/* A new open of NODE; takes its own references of all it is given. */
error_t open_make(struct node *node, int flags, struct surroundings *around, struct ids *ids, open_t *made);
/* Another port for the same description. */
error_t open_share(struct description *description, struct ids *ids, open_t *made);
/* Its port is gone or goes now. */
void open_close(open_t open);
struct node *open_node(open_t open);

/* ---- server.c */

/* Between these the lock is free and another thread serves.  HURD_EAGAIN: too many wait
   already, and the lock was not given up. */
error_t server_wait_begin(void);
void server_wait_end(void);
/* Waits for CHANGED with the lock given up. */
error_t server_wait_on(pthread_cond_t *changed);
/* For threads that serve no request. */
void server_lock(void);
void server_unlock(void);
/* Serves for ever. */
void server_run(void);
void server_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* ---- translators.c */

/* One more reference to RIGHT.  If who received by it has died the name is a dead one, which must be
   counted too: it will be given back all the same, and the kernel's word of it may not have come yet. */
static inline void right_refer(mach_port_t right)
{
	if (mach_port_mod_refs(mach_task_self(), right, MACH_PORT_RIGHT_SEND, 1) != KERN_SUCCESS)
		mach_port_mod_refs(mach_task_self(), right, MACH_PORT_RIGHT_DEAD_NAME, 1);
}
/* Consumes the send right CONTROL on success; null clears. */
error_t translator_set(struct node *node, mach_port_t control);
void translator_died(mach_port_t control);
/* Sends fsys_goaway, the lock given up meanwhile.  CONTROL stays the caller's. */
error_t translator_goaway(mach_port_t control, int flags);
/* A send right to DIRECTORY, in which the translated NODE was looked up, for its translator; the
   caller's on success.  The same right as the last time as long as somebody has that one: so
   the translator can know it again. */
error_t translator_parent(struct node *node, struct node *directory, struct surroundings *around, mach_port_t *right);
void translator_parent_closed(open_t parent);

/* ---- waiting locks (fs_locks.c) */
void record_locks_close(struct description *description);

/* ---- device.c: nodes that are read and written by the server itself */
bool device_is_known(const struct node *node);
error_t character_device_read(const struct node *node, char *data, size_t *bytes);
error_t character_device_write(const struct node *node, size_t *bytes);
void devices_make(struct store *store);

/* ---- ramdisk.c */
/* Unpacks the archive NAME (a device of MASTER) into the store. */
error_t ramdisk_unpack(mach_port_t master, const char *name);

#endif
