# SPDX-License-Identifier: GPL-2.0-or-later
# Drove's build.  Each part describes itself in its own part.mk; all output
# lies under build/.  `make help` lists the goals.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.DELETE_ON_ERROR:
.SECONDARY:

top := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
B := build
CC := gcc

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith \
	-Wno-unused-parameter -Wno-missing-field-initializers -Werror

# Every test that runs on this machine is built so; what has threads, by TSAN.
# testbed/tests/test-sanitized.sh looks that none is forgotten.
SAN := -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
TSAN := -g -fno-omit-frame-pointer -fsanitize=thread

.PHONY: all help
all:
help:
	@echo 'make host-tests   build every test and tool that runs on this machine'
	@echo 'make node         build the bare node: boot images under build/node/'
	@echo 'make all          both'

include $(sort $(wildcard */part.mk */*/part.mk))
