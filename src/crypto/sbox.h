/* sbox.h: the S-boxes of AES and SM4, computed rather than looked up. Needs no operating system. */
#ifndef CRYPTO_SBOX_H
#define CRYPTO_SBOX_H

#include <stddef.h>
#include <stdint.h>

enum sbox { SBOX_AES, SBOX_AES_INVERSE, SBOX_SM4 };

enum { SBOX_LANES = 32 };

/*
 * Puts up to 32 octets through an S-box, in place. Constant time: there is no table, and no branch depends on the
 * octets. All 32 cost as much as one.
 */
void sbox_apply(enum sbox sbox, uint8_t *octets, size_t length);

#endif
