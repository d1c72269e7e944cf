/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What descriptors need to know of sockets. */
#ifndef POSIX_SOCKETS_H
#define POSIX_SOCKETS_H

struct address_cache;
/* Drops the address ports and the memory. */
void address_cache_free(struct address_cache *cache);

#endif
