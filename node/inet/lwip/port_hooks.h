/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lwIP includes this wherever it calls one of our hooks. */
#ifndef INET_PORT_HOOKS_H
#define INET_PORT_HOOKS_H
#include <arch/cc.h>
#endif
