/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reauthentication of rights to other machines.

   Who changes identity (setuid, su, a set-user-ID program) sends io_reauthenticate with a rendezvous port
   to each file that it keeps, and waits until that file's server meets it at its auth server with a new
   port to the file.  The server of a file of another machine asks the auth server there, where nobody
   comes.  So we meet the user at this machine's too: with a port of ours, whose messages go on to the file
   as the new identity may use it.  That is never more than the old port could do: an administrator gets
   the same, anybody else what is left of it by io_restrict_auth.

   Who of the two servers comes first does it; the other one ends when the rendezvous port dies. */
#ifndef NETMSG_REAUTH_H
#define NETMSG_REAUTH_H

#include <mach.h>
#include <stdbool.h>
#include <stdint.h>

struct service;

/* False: no ports or threads.  Where there is no auth server nothing is done. */
bool reauth_init (struct service *service);

/* With the bridge entered: MESSAGE, as received from proxy NUMBER, is about to be passed on. */
void reauth_look (void *service, uint32_t number, const mach_msg_header_t *message);

#endif
