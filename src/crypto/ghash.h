/* ghash.h: GHASH, the universal hash of GCM (SP 800-38D clause 6.4). */
#ifndef CRYPTO_GHASH_H
#define CRYPTO_GHASH_H

#include <stddef.h>
#include <stdint.h>

enum { GHASH_BLOCK_SIZE = 16 };

/*
 * Takes `count` blocks of 16 octets into `hash` under the key H; `hash` starts as zeros. With zero `count`, nothing.
 * Constant time wherever the multiplication of integers is (x86-64, and Cortex-M3 and later but for the 64-bit
 * products of Cortex-M3): no table, no branch depends on a secret. Needs no operating system.
 */
void ghash_blocks(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE], const uint8_t *blocks,
                  size_t count);

/* The same without the help of the processor, for those that give none. */
void ghash_blocks_anywhere(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE],
                           const uint8_t *blocks, size_t count);

/* Multiplies `hash` by H: for a caller that has added a block to it octet by octet. */
void ghash_multiply(const uint8_t key[GHASH_BLOCK_SIZE], uint8_t hash[GHASH_BLOCK_SIZE]);

#endif
