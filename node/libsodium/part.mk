# SPDX-License-Identifier: GPL-2.0-or-later
# libsodium for the node: Debian's source, only what the link and the keys use.
# The files are named one by one because the package has no generated configure;
# the HAVE_ macros say what its configure would have found on the node.

SODIUM_SOURCE := $(B)/src/libsodium/src/libsodium
SODIUM := $(B)/node/libsodium
NODE_SODIUM_LIB := $(SODIUM)/libsodium.a
NODE_SODIUM_INCLUDE := $(SODIUM)/include
SODIUM_INCLUDE_GENERATED := $(NODE_SODIUM_INCLUDE)/sodium

SODIUM_FILES := \
	sodium/core sodium/runtime sodium/utils sodium/version sodium/codecs \
	randombytes/randombytes randombytes/sysrandom/randombytes_sysrandom \
	crypto_verify/sodium/verify \
	crypto_aead/chacha20poly1305/sodium/aead_chacha20poly1305 \
	crypto_stream/chacha20/stream_chacha20 crypto_stream/chacha20/ref/chacha20_ref \
	crypto_stream/chacha20/dolbeau/chacha20_dolbeau-ssse3 \
	crypto_stream/salsa20/stream_salsa20 crypto_stream/salsa20/ref/salsa20_ref \
	crypto_core/salsa/ref/core_salsa_ref crypto_core/hchacha20/core_hchacha20 \
	crypto_onetimeauth/poly1305/onetimeauth_poly1305 \
	crypto_onetimeauth/poly1305/donna/poly1305_donna \
	crypto_onetimeauth/poly1305/sse2/poly1305_sse2 \
	crypto_scalarmult/crypto_scalarmult crypto_scalarmult/curve25519/scalarmult_curve25519 \
	crypto_scalarmult/curve25519/ref10/x25519_ref10 crypto_core/ed25519/ref10/ed25519_ref10 \
	crypto_generichash/crypto_generichash crypto_generichash/blake2b/generichash_blake2 \
	crypto_generichash/blake2b/ref/generichash_blake2b crypto_generichash/blake2b/ref/blake2b-ref \
	crypto_generichash/blake2b/ref/blake2b-compress-ref \
	crypto_pwhash/argon2/argon2-core crypto_pwhash/argon2/argon2-fill-block-ref \
	crypto_pwhash/argon2/blake2b-long
SODIUM_OBJECTS := $(addprefix $(SODIUM)/,$(addsuffix .o,$(SODIUM_FILES)))

# SODIUM_SIMD=1 adds the SSE variants.
SODIUM_SIMD ?= 0
SODIUM_REGISTERS_0 := -mgeneral-regs-only
SODIUM_SIMD_FLAGS_1 := -DHAVE_EMMINTRIN_H=1 -DHAVE_PMMINTRIN_H=1 -DHAVE_TMMINTRIN_H=1 -DHAVE_CPUID=1
SODIUM_FLAGS := -std=gnu11 -O2 -w $(SODIUM_REGISTERS_$(SODIUM_SIMD)) -fno-strict-aliasing -DCONFIGURED=1 -DNATIVE_LITTLE_ENDIAN=1 -DHAVE_TI_MODE=1 \
	-DHAVE_WEAK_SYMBOLS=1 -DHAVE_ATOMIC_OPS=1 -DHAVE_INLINE_ASM=1 -DHAVE_EXPLICIT_BZERO=1 \
	-D_GNU_SOURCE $(SODIUM_SIMD_FLAGS_$(SODIUM_SIMD)) \
	-I$(SODIUM_SOURCE)/include/sodium -I$(SODIUM_INCLUDE_GENERATED)

$(B)/src/.libsodium:
	tools/packages src libsodium

$(NODE_SODIUM_INCLUDE)/sodium.h: $(B)/src/.libsodium
	mkdir -p $(NODE_SODIUM_INCLUDE)
	cp -r $(SODIUM_SOURCE)/include/sodium $(NODE_SODIUM_INCLUDE)/
	sed -e 's/@VERSION@/1.0.18/; s/@SODIUM_LIBRARY_VERSION_MAJOR@/10/; s/@SODIUM_LIBRARY_VERSION_MINOR@/3/' \
		-e 's/@SODIUM_LIBRARY_MINIMAL_DEF@//' \
		$(SODIUM_SOURCE)/include/sodium/version.h.in >$(SODIUM_INCLUDE_GENERATED)/version.h
	cp $(SODIUM_SOURCE)/include/sodium.h $@

$(SODIUM_OBJECTS): $(SODIUM)/%.o: $(NODE_SODIUM_INCLUDE)/sodium.h $(B)/node/sysroot/lib/libc.a node/libsodium/part.mk
	mkdir -p $(@D)
	$(B)/node/cc $(SODIUM_FLAGS) $(SODIUM_ALIGN) -c -o $@ $(SODIUM_SOURCE)/$*.c

# An emulator can chain a block of code to another only within a page, so a loop of these
# that lies across two costs three times as much: none does.
$(SODIUM)/crypto_stream/chacha20/ref/chacha20_ref.o $(SODIUM)/crypto_onetimeauth/poly1305/donna/poly1305_donna.o: \
	SODIUM_ALIGN := -falign-functions=2048

$(NODE_SODIUM_LIB): $(SODIUM_OBJECTS)
	rm -f $@
	ar rcs $@ $^
