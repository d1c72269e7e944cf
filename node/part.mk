# SPDX-License-Identifier: GPL-2.0-or-later
# Rules that all parts of the bare node share.

# Third-party sources and binaries, from Debian.
$(B)/src/.%:
	tools/packages src $*

$(B)/deb/.%:
	tools/packages deb $*

.PHONY: node
all: node
