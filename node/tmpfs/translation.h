/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For the stub generator: how the ports that requests are sent to become objects. */
#define FILE_TRANSLATION \
	intran: open_t open_of_port (mach_port_t) intranpayload: open_t open_of_payload destructor: open_release (open_t)
#define IO_TRANSLATION FILE_TRANSLATION
#define FSYS_TRANSLATION \
	intran: control_t control_of_port (mach_port_t) intranpayload: control_t control_of_payload
#define FILE_IMPORTS import "objects.h";
#define IO_IMPORTS import "objects.h";
#define FSYS_IMPORTS import "objects.h";
#define IFSOCK_IMPORTS import "objects.h";
#define SERVERPREFIX S_
#define REPLY_PORTS 1
