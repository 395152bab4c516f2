/* sm4.h: SM4 (GM/T 0002, ISO/IEC 18033-3) in portable C. Constant time; needs no operating system. */
#ifndef CRYPTO_SM4_H
#define CRYPTO_SM4_H

#include <stddef.h>
#include <stdint.h>

enum { SM4_KEY_SIZE = 16, SM4_ROUNDS = 32 };

/* A key, expanded. Holds a secret: wipe it. */
struct sm4 {
    uint32_t round_keys[SM4_ROUNDS];
};

void sm4_set_key(struct sm4 *sm4, const uint8_t key[SM4_KEY_SIZE]);

/* Blocks of 16 octets, each by itself. In place is allowed. Eight blocks cost little more than one. */
void sm4_encrypt(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks);
void sm4_decrypt(const struct sm4 *sm4, const uint8_t *in, uint8_t *out, size_t blocks);

#endif
