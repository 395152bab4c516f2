/*
 * portable.h: opens the primitives on code of our own, for cards without a library: no heap, no operating system.
 *
 * AES and SM4 take constant time on any processor (sbox.h), GHASH wherever multiplication does (ghash.h), SHA-256 and
 * SM3 have nothing to hide. There is no protection against whoever measures the current that the chip draws. On a
 * server OpenSSL is ten to a hundred times as fast.
 * MD5, which a card does not need, is GBAU_E_UNSUPPORTED.
 */
#ifndef CRYPTO_PORTABLE_H
#define CRYPTO_PORTABLE_H

#include "crypto/aes.h"
#include "crypto/primitives.h"
#include "crypto/sm4.h"

/*
 * The platform's random numbers: writes `length` octets fit for keys, or fails. Everything stands on them: a generator
 * of the chip, whose health tests have passed.
 */
typedef enum gbau_status portable_random(void *context, uint8_t *out, size_t length);

/* The memory of the binding. Opaque to callers; holds the key that was loaded last. */
struct portable_state {
    portable_random *random;
    void *random_context;
    bool loaded;
    enum block_cipher cipher;
    enum block_direction direction;
    union {
        struct aes aes;
        struct sm4 sm4;
    };
};

/* Opens `*crypto` in `*state`, which must outlive it and stay where it is. Cannot fail. One thread at a time. */
void crypto_portable_open(struct crypto *crypto, struct portable_state *state, portable_random *random,
                          void *random_context);

/* Wipes the state. */
void crypto_portable_close(struct crypto *crypto);

#endif
