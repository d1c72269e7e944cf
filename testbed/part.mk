# SPDX-License-Identifier: GPL-2.0-or-later
# The testbed: switch, guard, console driver, data generator, and their tests.

TESTBED_CFLAGS := -std=gnu11 -O2 -g $(WARN) -I$(top)

$(B)/host/testbed/%.o: testbed/%.c testbed/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(TESTBED_CFLAGS) -MMD -MP -c -o $@ $<

testbed_switch := switch switch-command impair fabric delayline port pcap
testbed_switch_objects := $(testbed_switch:%=$(B)/host/testbed/%.o)

$(B)/host/switch: $(B)/host/testbed/switch-main.o $(testbed_switch_objects)
	$(CC) -o $@ $^

# The tests, and the programs that the tests drive, have objects of their own.
$(B)/host/san/testbed/%.o: testbed/%.c testbed/part.mk Makefile
	@mkdir -p $(@D)
	$(CC) $(TESTBED_CFLAGS) $(SAN) -MMD -MP -c -o $@ $<

testbed_san = $(patsubst %,$(B)/host/san/testbed/%.o,$(1))

$(B)/host/san/switch: $(call testbed_san,switch-main $(testbed_switch))
$(B)/host/san/guard: $(call testbed_san,guard)
$(B)/host/san/conctl: $(call testbed_san,conctl marks)
testbed_san_programs := $(addprefix $(B)/host/san/,switch guard conctl)
$(testbed_san_programs):
	$(CC) $(SAN) -o $@ $^

$(B)/host/tests/test-impair: $(call testbed_san,tests/test-impair impair)
$(B)/host/tests/test-switch: $(call testbed_san,tests/test-switch $(testbed_switch))
$(B)/host/tests/test-marks: $(call testbed_san,tests/test-marks marks)
testbed_programs := $(addprefix $(B)/host/tests/,test-impair test-switch test-marks)
$(testbed_programs):
	@mkdir -p $(@D)
	$(CC) $(SAN) -o $@ $^ -lcmocka

$(B)/host/guard $(B)/host/mkdata: $(B)/host/%: $(B)/host/testbed/%.o
	$(CC) -o $@ $^

$(B)/host/spray: $(B)/host/testbed/spray.o $(B)/host/testbed/port.o
	$(CC) -o $@ $^

$(B)/host/conctl: $(B)/host/testbed/conctl.o $(B)/host/testbed/marks.o
	$(CC) -o $@ $^

testbed_scripts := $(addprefix $(B)/host/tests/,test-conctl test-switch-program test-counting test-cluster \
	test-sanitized)
testbed_script_bin = $(B)/host
$(B)/host/tests/test-conctl $(B)/host/tests/test-switch-program: testbed_script_bin = $(B)/host/san
$(B)/host/tests/test-conctl $(B)/host/tests/test-switch-program: $(testbed_san_programs)

# A test program that is a script gets its operands here.
$(testbed_scripts): $(B)/host/tests/%: testbed/tests/%.sh \
		$(B)/host/conctl $(B)/host/guard $(B)/host/switch $(B)/host/netmsg testbed/part.mk
	@mkdir -p $(@D)
	printf '#!/bin/sh\nexec %s %s\n' "$(top)/$<" "$(top)/$(testbed_script_bin)" >$@
	chmod +x $@

testbed_tests := $(testbed_programs) $(testbed_scripts)

.PHONY: testbed host-bench
# Parts add their build/host/bench/NAME programs to this goal.
host-bench:
testbed: $(addprefix $(B)/host/,switch guard conctl mkdata spray netmsg)
host-tests: testbed $(testbed_tests)

-include $(wildcard $(B)/host/testbed/*.d $(B)/host/san/testbed/*.d $(B)/host/san/testbed/tests/*.d)

# What the demo works on: SQLite's sources without their tests, web pages and Java, of its
# full-text searches one, so that it all takes about a minute; a large file that does not
# compress; and the sums as this machine computes them.
demo_tree := src tool autoconf doc mptest $(addprefix ext/,expert fts3 icu intck lsm1 misc rbu recover \
	repair rtree session userauth)
DEMO_BIG_BYTES := 67108864

$(B)/demo/node1.tar: $(B)/host/mkdata testbed/demo-data.sh testbed/part.mk | $(B)/src/.sqlite3
	testbed/demo-data.sh $(B)/src/sqlite3 '$(demo_tree)' $(DEMO_BIG_BYTES) $(B)/demo

$(B)/demo/node2.tar: $(B)/demo/node1.tar
	@test -e $@

# The same in small, of Lua's package, for the demo on a bad network.
$(B)/demo-small/node1.tar: $(B)/host/mkdata testbed/demo-data.sh testbed/part.mk | $(B)/src/.lua5.4
	testbed/demo-data.sh $(B)/src/lua5.4 'doc debian' 4194304 $(B)/demo-small

$(B)/demo-small/node2.tar: $(B)/demo-small/node1.tar
	@test -e $@

.PHONY: demo-data
demo-data: $(B)/demo/node1.tar $(B)/demo/node2.tar $(B)/demo-small/node1.tar $(B)/demo-small/node2.tar

$(B)/host/bench/pagemap: testbed/bench/pagemap.c $(B)/host/core/pages.a $(B)/host/core/base.a
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -O2 -g -I$(top) $(WARN) -o $@ $^

host-bench: $(B)/host/bench/pagemap

# What `drove bench` runs on the nodes, in an archive of its own.
$(B)/node/bench/netbench: testbed/bench/netbench.c $(B)/node/sysroot/lib/libc.a
	@mkdir -p $(@D)
	$(B)/node/cc -std=gnu11 -O2 $(WARN) -o $@ $<

$(B)/demo/bench.tar: $(B)/node/bench/netbench
	@mkdir -p $(@D)
	tar -C $(B)/node --format=ustar --owner=0 --group=0 --numeric-owner -cf $@ bench

.PHONY: bench-data
bench-data: $(B)/demo/bench.tar demo-data
