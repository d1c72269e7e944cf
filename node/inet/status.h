/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `cat /servers/socket/2` shows. */
#ifndef INET_STATUS_H
#define INET_STATUS_H

#include "virtio_net.h"

void status_of_card(const struct nic *nic);

#endif
