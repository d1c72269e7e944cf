/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A model of Mach's ports for tasks inside one process.

   It is the specification that the simulator and the conformance scenarios
   compare everything with, so it is small and follows GNU Mach's observable
   behaviour, error codes and the order of notifications included.  It knows no
   time and no threads: a call that would block says so and changes nothing.

   The model and its tasks, ports and messages are one instance (struct mk);
   several kernels live in one process.  It aborts when memory ends: it is test
   equipment, not part of what is tested.  */
#ifndef DR_SIM_KERNEL_H
#define DR_SIM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t mk_name;

#define MK_NULL 0u
#define MK_DEAD UINT32_MAX
#define MK_QLIMIT_DEFAULT 5u
#define MK_QLIMIT_MAX 16u
/* A user reference count never reaches this (MACH_PORT_UREFS_MAX).  */
#define MK_UREFS_MAX 0xffffu
#define MK_MESSAGE_RIGHTS_MAX 64u
#define MK_MESSAGE_DATA_BYTES_MAX 64u

/* Types of a name, as mach_port_type gives them.  */
enum
{
  MK_TYPE_SEND = 1u << 16,
  MK_TYPE_RECEIVE = 1u << 17,
  MK_TYPE_SEND_ONCE = 1u << 18,
  MK_TYPE_PORT_SET = 1u << 19,
  MK_TYPE_DEAD_NAME = 1u << 20,
  MK_TYPE_DNREQUEST = 1u << 31,
};

/* Rights, for allocate and mod_refs.  */
enum mk_right { MK_SEND, MK_RECEIVE, MK_SEND_ONCE, MK_PORT_SET, MK_DEAD_NAME };

/* Dispositions.  The first six are what a sender writes; a receiver sees
   MOVE_RECEIVE, MOVE_SEND (a send right) and MOVE_SEND_ONCE.  */
enum mk_disposition
{
  MK_NONE = 0,
  MK_MOVE_RECEIVE = 16,
  MK_MOVE_SEND = 17,
  MK_MOVE_SEND_ONCE = 18,
  MK_COPY_SEND = 19,
  MK_MAKE_SEND = 20,
  MK_MAKE_SEND_ONCE = 21,
};

/* Message ids of notifications (mach/notify.h).  */
enum
{
  MK_NOTIFY_PORT_DELETED = 0101,
  MK_NOTIFY_MSG_ACCEPTED = 0102,
  MK_NOTIFY_PORT_DESTROYED = 0105,
  MK_NOTIFY_NO_SENDERS = 0106,
  MK_NOTIFY_SEND_ONCE = 0107,
  MK_NOTIFY_DEAD_NAME = 0110,
};

/* Results: the kernel's own numbers, and one of the model's.  */
enum mk_result
{
  MK_BAD_ARGUMENTS = -304,		/* a right of the wrong kind, as MIG finds it */
  MK_SUCCESS = 0,
  MK_INVALID_ARGUMENT = 4,
  MK_NAME_EXISTS = 13,
  MK_INVALID_NAME = 15,
  MK_INVALID_RIGHT = 17,
  MK_INVALID_VALUE = 18,
  MK_UREFS_OVERFLOW = 19,
  MK_INVALID_CAPABILITY = 20,
  MK_RIGHT_EXISTS = 21,
  MK_NOT_IN_SET = 12,
  MK_SEND_INVALID_DEST = 0x10000003,
  MK_SEND_TIMED_OUT = 0x10000004,	/* the queue is full */
  MK_SEND_INVALID_REPLY = 0x10000009,
  MK_SEND_INVALID_RIGHT = 0x1000000a,
  MK_SEND_INVALID_HEADER = 0x10000010,
  MK_RCV_TIMED_OUT = 0x10004003,	/* the queue is empty */
  MK_RCV_INVALID_NAME = 0x10004002,
  MK_RCV_IN_SET = 0x1000400a,
};

struct mk;
struct mk_task;

/* A right in a message: NAME in the sender's (receiver's) task.  */
struct mk_message_right
{
  mk_name name;
  enum mk_disposition disposition;
  /* Not 0: one of an out-of-line array, whose rights stand side by side and were sent by
     one disposition.  Arrays are numbered from 1 on.  */
  uint8_t array;
};

struct mk_message
{
  int32_t id;
  /* Sending: the destination and how its right is used; the reply port.
     Receiving: LOCAL is the port it came to with the kind of right that it was
     sent to, REMOTE is the reply right.  As in mach_msg.  */
  struct mk_message_right remote, local;
  uint32_t seqno;			/* receiving */
  size_t rights;
  struct mk_message_right right[MK_MESSAGE_RIGHTS_MAX];
  size_t bytes;
  uint8_t data[MK_MESSAGE_DATA_BYTES_MAX];
};

struct mk *mk_create (void);
/* Ends every task, then frees everything.  */
void mk_destroy (struct mk *kernel);

struct mk_task *mk_task_create (struct mk *kernel);
/* As task_terminate: every right of it is released.  TASK is invalid then.  */
void mk_task_terminate (struct mk_task *task);

/* The calls of mach_port.defs; names, arguments and results as there.  */
enum mk_result mk_allocate (struct mk_task *, enum mk_right, mk_name *);
enum mk_result mk_allocate_name (struct mk_task *, enum mk_right, mk_name);
enum mk_result mk_rename (struct mk_task *, mk_name from, mk_name to);
enum mk_result mk_destroy_name (struct mk_task *, mk_name);
enum mk_result mk_deallocate (struct mk_task *, mk_name);
enum mk_result mk_get_refs (struct mk_task *, mk_name, enum mk_right, uint32_t *);
enum mk_result mk_mod_refs (struct mk_task *, mk_name, enum mk_right, int32_t delta);
enum mk_result mk_type (struct mk_task *, mk_name, uint32_t *type);
/* Inserts into TASK under NAME the right that FROM has under FROM_NAME.  */
enum mk_result mk_insert_right (struct mk_task *, mk_name, struct mk_task *from,
				mk_name from_name, enum mk_disposition);
/* Takes a right out of TASK into TO, where it gets the name *OUT.  */
enum mk_result mk_extract_right (struct mk_task *, mk_name, enum mk_disposition,
				 struct mk_task *to, mk_name *out);
enum mk_result mk_set_qlimit (struct mk_task *, mk_name, uint32_t limit);
enum mk_result mk_set_mscount (struct mk_task *, mk_name, uint32_t count);
enum mk_result mk_set_seqno (struct mk_task *, mk_name, uint32_t seqno);

struct mk_receive_status
{
  mk_name set;
  uint32_t seqno, mscount, qlimit, msgcount, sorights;
  bool srights, pdrequest, nsrequest;
};
enum mk_result mk_get_receive_status (struct mk_task *, mk_name,
				      struct mk_receive_status *);
/* AFTER may be MK_NULL: take the receive right out of its set.  */
enum mk_result mk_move_member (struct mk_task *, mk_name member, mk_name after);
/* Fills at most COUNT names; *MEMBERS is how many there are.  */
enum mk_result mk_get_set_status (struct mk_task *, mk_name set, mk_name *names,
				  size_t count, size_t *members);
/* NOTIFY is a name of the same task, used with DISPOSITION (MAKE_SEND_ONCE or
   MOVE_SEND_ONCE), or MK_NULL to cancel.  *PREVIOUS is the send-once right that
   was registered before, now the task's, or MK_NULL.  */
enum mk_result mk_request_notification (struct mk_task *, mk_name, int32_t id,
					uint32_t sync, mk_name notify,
					enum mk_disposition, mk_name *previous);

/* mach_msg with MACH_SEND_MSG and a zero timeout.  A full queue: SEND_TIMED_OUT
   and nothing changed (the kernel would rather hand the rights back with other
   names and dispositions; a caller that means to block calls again).  The kernel
   never changes a sender's rights on any other error here either.  */
enum mk_result mk_send (struct mk_task *, const struct mk_message *);
/* mach_msg with MACH_RCV_MSG and a zero timeout, from a receive right or set.  */
enum mk_result mk_receive (struct mk_task *, mk_name, struct mk_message *);

/* For checkers.  */
size_t mk_names (struct mk_task *, mk_name *names, size_t count);
/* An opaque identity of the port that NAME denotes in TASK (0: none or dead).  */
uintptr_t mk_port_identity (struct mk_task *, mk_name);
size_t mk_ports_alive (struct mk *kernel);

const char *mk_result_name (enum mk_result);

#endif
