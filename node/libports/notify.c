/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Mach's notifications.  */
#include <errno.h>

#include "internal.h"

error_t
ports_request_dead_name_notification (void *object, mach_port_t name, mach_port_t *previous)
{
  mach_port_t old = MACH_PORT_NULL;
  mach_port_t notify = object ? ports_port_notify_right (object) : MACH_PORT_NULL;
  error_t error = mach_port_request_notification (mach_task_self (), name,
						  MACH_NOTIFY_DEAD_NAME, 1, notify,
						  MACH_MSG_TYPE_MAKE_SEND_ONCE, &old);
  if (error)
    return error;
  if (previous)
    *previous = old;
  else if (MACH_PORT_VALID (old))
    mach_port_deallocate (mach_task_self (), old);
  return 0;
}

void __attribute__ ((weak))
ports_dead_name (void *notify, mach_port_t name)
{
}

/* Anybody can send what looks like a notification: it is a hint to look.  */
static error_t
no_senders (struct port_info *port)
{
  mach_port_status_t status;
  error_t error = mach_port_get_receive_status (mach_task_self (), port->port_right, &status);
  if (error)
    return error;
  if (status.mps_srights)
    return EAGAIN;
  ports_no_senders (port, status.mps_mscount);
  return 0;
}

static error_t
dead_name (struct port_info *port, mach_port_t name)
{
  if (!ports_port_is_notify (port))
    return EOPNOTSUPP;
  ports_dead_name (port, name);
  mach_port_deallocate (mach_task_self (), name);	/* it came with the notification */
  return 0;
}

int
ports_notify_server (mach_msg_header_t *inp, mach_msg_header_t *outp)
{
  mig_reply_header_t *reply = (mig_reply_header_t *) outp;
  struct port_info *port;
  if (inp->msgh_id < MACH_NOTIFY_FIRST || inp->msgh_id > MACH_NOTIFY_LAST)
    return FALSE;
  port = ports_lookup_port (NULL, inp->msgh_local_port, NULL);
  reply->RetCode = EOPNOTSUPP;
  if (port && inp->msgh_id == MACH_NOTIFY_NO_SENDERS)
    reply->RetCode = no_senders (port);
  else if (port && inp->msgh_id == MACH_NOTIFY_DEAD_NAME
	   && inp->msgh_size >= sizeof (mach_dead_name_notification_t))
    reply->RetCode = dead_name (port, ((mach_dead_name_notification_t *) inp)->not_port);
  else if (port && inp->msgh_id == MACH_NOTIFY_SEND_ONCE)
    reply->RetCode = 0;
  if (port)
    ports_port_deref (port);
  return TRUE;
}
