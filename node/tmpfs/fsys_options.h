/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TMPFS_FSYS_OPTIONS_H
#define TMPFS_FSYS_OPTIONS_H

#include "objects.h"

/* The options as strings one after the other, each ended by 0, in the reply's own buffer
   (*DATA, of *COUNT bytes). */
error_t options_reply(data_t *data, mach_msg_type_number_t *count);
/* One option of the command line or of fsys_set_options; EINVAL if it is none. */
error_t option_take(const char *option);
/* An open of the root for IDS, below the send right ROOT_PARENT, which is consumed. */
error_t root_open(mach_port_t root_parent, struct ids *ids, int flags, mach_port_t *port, mach_msg_type_name_t *type);

#endif
