/* aes.h: AES (FIPS 197) in portable C, for where no library is. Constant time; needs no operating system. */
#ifndef CRYPTO_AES_H
#define CRYPTO_AES_H

#include <stddef.h>
#include <stdint.h>

enum { AES_ROUND_KEYS_MAX = 15 };

/* A key, expanded. Holds a secret: wipe it. */
struct aes {
    unsigned rounds;
    uint8_t round_keys[AES_ROUND_KEYS_MAX][16];
};

/* `length` of the key is 16 or 32 octets. */
void aes_set_key(struct aes *aes, const uint8_t *key, size_t length);

/* Blocks of 16 octets, each by itself. In place is allowed. Two blocks cost little more than one. */
void aes_encrypt(const struct aes *aes, const uint8_t *in, uint8_t *out, size_t blocks);
void aes_decrypt(const struct aes *aes, const uint8_t *in, uint8_t *out, size_t blocks);

#endif
