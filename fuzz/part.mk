# SPDX-License-Identifier: GPL-2.0-or-later
# fuzz/: libFuzzer targets, each with a corpus in fuzz/corpus/TARGET.

FUZZ_CFLAGS := -std=gnu11 -g -O1 -fno-omit-frame-pointer -I$(top) -fsanitize=fuzzer,address,undefined \
	-fno-sanitize-recover=undefined
FUZZ_CORE := $(sort $(wildcard core/base/*.c core/wire/*.c))
FUZZ_TARGETS := $(patsubst fuzz/fuzz_%.c,%,$(sort $(wildcard fuzz/fuzz_*.c)))

fuzz_sources_wire := $(FUZZ_CORE)
fuzz_sources_rights := $(FUZZ_CORE) $(sort $(wildcard core/rights/*.c sim/kernel/*.c)) \
	sim/world/node.c sim/world/node_receive.c sim/world/node_deliver.c sim/world/translate.c
fuzz_sources_link := core/base/alloc.c core/base/buf.c core/base/status.c $(sort $(wildcard core/link/*.c))
fuzz_sources_handshake := $(fuzz_sources_link)
fuzz_sources_trace = $(FUZZ_CORE) $(CORE_TRACE_SRC) $(B)/trace/builtin.c
fuzz_sources_trace_list := $(FUZZ_CORE) $(sort $(wildcard core/trace/*.c))
fuzz_sources_peers := netmsg/peers.c netmsg/complaint.c netmsg/keys.c core/base/status.c
fuzz_libraries_link := -lsodium
fuzz_libraries_handshake := -lsodium
fuzz_libraries_peers := -lsodium

fuzz_headers := $(sort $(wildcard core/*/*.h sim/*/*.h netmsg/*.h))

.SECONDEXPANSION:
$(B)/host/fuzz/%: fuzz/fuzz_%.c $$(fuzz_sources_$$*) $(fuzz_headers) fuzz/part.mk
	@mkdir -p $(@D)
	clang $(FUZZ_CFLAGS) -o $@ $< $(fuzz_sources_$*) $(fuzz_libraries_$*)

.PHONY: fuzzers
fuzzers: $(FUZZ_TARGETS:%=$(B)/host/fuzz/%)

$(B)/host/bin/fuzz: fuzz/run $(FUZZ_TARGETS:%=$(B)/host/fuzz/%)
	@mkdir -p $(@D)
	cp fuzz/run $@

# In the tests: every corpus once, and a few seconds of new input each.
$(B)/host/tests/fuzz: fuzz/run $(B)/host/bin/fuzz
	@mkdir -p $(@D)
	printf '#!/bin/sh\ncd "$$(dirname "$$0")/../../.." && exec $(B)/host/bin/fuzz --tap --seconds 10\n' >$@
	chmod +x $@

host-tests: $(B)/host/tests/fuzz
