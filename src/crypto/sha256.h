/* sha256.h: the compression function of SHA-256 (FIPS 180-4) in portable C. Needs no operating system. */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* Takes `count` blocks of 64 octets into the chaining value. Constant time. */
void sha256_blocks(uint32_t chaining[8], const uint8_t *blocks, size_t count);

#endif
