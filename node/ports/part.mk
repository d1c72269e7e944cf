# SPDX-License-Identifier: GPL-2.0-or-later
# Programs of others, and the boot image.

include $(filter-out node/ports/part.mk,$(wildcard node/ports/*.mk))
