/* sha1.h: the compression function of SHA-1 (FIPS 180-4), which GBA_U's MAC* needs. Needs no operating system. */
#ifndef CRYPTO_SHA1_H
#define CRYPTO_SHA1_H

#include <stddef.h>
#include <stdint.h>

/* Takes `count` blocks of 64 octets into the chaining value. Constant time. For nothing new: SHA-1 has collisions. */
void sha1_blocks(uint32_t chaining[5], const uint8_t *blocks, size_t count);

#endif
