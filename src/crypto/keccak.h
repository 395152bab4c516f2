/* keccak.h: the permutation Keccak-f[1600] (FIPS 202 clause 3), on which TUAK stands. */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include <stdint.h>

enum { KECCAK_LANES = 25, KECCAK_STATE_SIZE = 200 };

/* 24 rounds over 25 lanes; lane (x, y) is lanes[x + 5 y]. Constant time; needs no operating system. */
void keccak_f1600(uint64_t lanes[KECCAK_LANES]);

#endif
