/* sm3.h: the compression function of SM3 (GM/T 0004-2012, ISO/IEC 10118-3). Needs no operating system. */
#ifndef CRYPTO_SM3_H
#define CRYPTO_SM3_H

#include <stddef.h>
#include <stdint.h>

/* Takes `count` blocks of 64 octets into the chaining value. Constant time. */
void sm3_blocks(uint32_t chaining[8], const uint8_t *blocks, size_t count);

#endif
