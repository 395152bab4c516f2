/* crypto_testing.h: an open crypto for each test, and one that fails or keeps what it is asked. */
#ifndef TESTS_UNIT_CRYPTO_CRYPTO_TESTING_H
#define TESTS_UNIT_CRYPTO_CRYPTO_TESTING_H

#include "crypto/openssl.h"
#include "testing.h"

static inline int open_crypto(void **state)
{
    static struct crypto crypto;
    *state = &crypto;
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static inline int close_crypto(void **state)
{
    crypto_openssl_close(*state);
    return 0;
}

#define crypto_test(function) cmocka_unit_test_setup_teardown((function), open_crypto, close_crypto)

/* A binding that passes calls on to a real one and fails the call that `calls_left` counts down to. */
struct failing_crypto {
    struct crypto crypto;
    struct crypto *real;
    int calls_left;
};

static inline bool failing_crypto_fails(struct failing_crypto *failing)
{
    return failing->calls_left-- == 0;
}

static inline enum gbau_status failing_set_key(void *state, const uint8_t key[AES128_KEY_SIZE])
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO : crypto_aes128_set_key(failing->real, key);
}

static inline enum gbau_status failing_encrypt(void *state, const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO : crypto_aes128_encrypt(failing->real, in, out, blocks);
}

static inline enum gbau_status failing_hmac(void *state, struct octets key, const struct octets *parts,
                                            size_t part_count, uint8_t mac[SHA256_SIZE])
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO
                                         : crypto_hmac_sha256(failing->real, key, parts, part_count, mac);
}

static inline enum gbau_status failing_digest(void *state, enum digest_algorithm algorithm, const struct octets *parts,
                                              size_t part_count, uint8_t *digest)
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO
                                         : crypto_digest(failing->real, algorithm, parts, part_count, digest);
}

static const struct crypto_table failing_table = {
    .aes128_set_key = failing_set_key,
    .aes128_encrypt = failing_encrypt,
    .hmac_sha256 = failing_hmac,
    .digest = failing_digest,
};

/* The n-th call fails, counted from 0. `failing` must stay where it is. */
static inline struct crypto *failing_crypto_make(struct failing_crypto *failing, struct crypto *real, int n)
{
    *failing = (struct failing_crypto){.real = real, .calls_left = n};
    failing->crypto = (struct crypto){.table = &failing_table, .state = failing};
    return &failing->crypto;
}

#endif
