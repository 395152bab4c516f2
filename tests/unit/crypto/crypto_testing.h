/*
 * crypto_testing.h: every test runs over both bindings, with an open crypto of its own; and one that fails on request.
 */
#ifndef TESTS_UNIT_CRYPTO_CRYPTO_TESTING_H
#define TESTS_UNIT_CRYPTO_CRYPTO_TESTING_H

#include "crypto/openssl.h"
#include "crypto/portable.h"
#include "testing.h"

/* A view of hex decoded into `buffer`. */
static inline struct octets decode(const char *hex, uint8_t *buffer, size_t capacity)
{
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), buffer, capacity, &length));
    return octets_of(buffer, length);
}

/* A number below `limit`; the same sequence in every run (xorshift64). Global, as tests run one after the other. */
static inline size_t random_below(size_t limit)
{
    static uint64_t seed = 0x9e3779b97f4a7c15U;
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (size_t)((seed >> 11) % limit);
}

static inline void random_fill(uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        octets[i] = (uint8_t)random_below(256);
    }
}

/* Cuts the next piece off `left`: nothing, a few octets, or many. */
static inline struct octets random_piece(struct octets *left)
{
    const size_t limits[] = {1, 4, 18, 70, 400};
    const size_t wanted = random_below(limits[random_below(5)]);
    const struct octets piece = octets_of(left->data, wanted < left->length ? wanted : left->length);
    *left = octets_of(left->data + piece.length, left->length - piece.length);
    return piece;
}

static inline enum gbau_status test_random(void *context, uint8_t *out, size_t length)
{
    (void)context;
    random_fill(out, length);
    return GBAU_OK;
}

/* Which binding tests run over. Global, as cmocka hands setups nothing. */
static bool testing_portable;

static inline int open_crypto(void **state)
{
    static struct crypto crypto;
    static struct portable_state portable;
    *state = &crypto;
    if (testing_portable) {
        crypto_portable_open(&crypto, &portable, test_random, NULL);
        return 0;
    }
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static inline int close_crypto(void **state)
{
    if (testing_portable) {
        crypto_portable_close(*state);
    } else {
        crypto_openssl_close(*state);
    }
    return 0;
}

#define crypto_test(function) cmocka_unit_test_setup_teardown((function), open_crypto, close_crypto)

/* Rounds of a property test: the portable binding, slower by far, gets a part of them. */
static inline size_t rounds(size_t most)
{
    return testing_portable ? most / 6 : most;
}

/* Runs tests over one binding after the other; gives how many failed. */
static inline int run_group_over_bindings(const char *const names[2], const struct CMUnitTest *tests, size_t count)
{
    int failed = 0;
    for (size_t i = 0; i < 2; i++) {
        testing_portable = i == 1;
        failed += _cmocka_run_group_tests(names[i], tests, count, NULL, NULL);
    }
    return failed;
}

#define run_over_bindings(tests)                                                                                       \
    run_group_over_bindings((const char *const[]){"openssl", "portable"}, (tests), sizeof(tests) / sizeof(tests)[0])

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

static inline enum gbau_status failing_set_key(void *state, enum block_cipher cipher, enum block_direction direction,
                                               const uint8_t *key)
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO : crypto_block_set_key(failing->real, cipher, direction, key);
}

static inline enum gbau_status failing_run(void *state, enum block_cipher cipher, enum block_direction direction,
                                           const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO
                                         : crypto_block_run(failing->real, cipher, direction, in, out, blocks);
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

static inline enum gbau_status failing_digest_blocks(void *state, enum digest_algorithm algorithm,
                                                     uint32_t chaining[DIGEST_CHAINING_WORDS], const uint8_t *blocks,
                                                     size_t count)
{
    struct failing_crypto *failing = state;
    return failing_crypto_fails(failing) ? GBAU_E_CRYPTO
                                         : crypto_digest_blocks(failing->real, algorithm, chaining, blocks, count);
}

static const struct crypto_table failing_table = {
    .block_set_key = failing_set_key,
    .block_run = failing_run,
    .hmac_sha256 = failing_hmac,
    .digest = failing_digest,
    .digest_blocks = failing_digest_blocks,
};

/* The n-th call fails, counted from 0. `failing` must stay where it is. */
static inline struct crypto *failing_crypto_make(struct failing_crypto *failing, struct crypto *real, int n)
{
    *failing = (struct failing_crypto){.real = real, .calls_left = n};
    failing->crypto = (struct crypto){.table = &failing_table, .state = failing};
    return &failing->crypto;
}

#endif
