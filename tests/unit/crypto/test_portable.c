/* test_portable.c: opening and closing the portable binding, its random numbers, and keys that were not loaded. */
#include "crypto/portable.h"

#include "crypto_testing.h"

/* A generator that counts up from what its context holds, and fails at 255. */
static enum gbau_status counting_random(void *context, uint8_t *out, size_t length)
{
    uint8_t *next = context;
    if (*next == 255) {
        return GBAU_E_CRYPTO;
    }
    for (size_t i = 0; i < length; i++) {
        out[i] = (*next)++;
    }
    return GBAU_OK;
}

static void test_random_is_the_platforms(void **state)
{
    (void)state;
    struct portable_state memory;
    struct crypto crypto;
    uint8_t next = 7;
    uint8_t out[4];
    crypto_portable_open(&crypto, &memory, counting_random, &next);
    assert_ok(crypto_random(&crypto, out, sizeof out));
    assert_octets(octets_of(out, sizeof out), "0708090a");
    next = 255;
    assert_status(crypto_random(&crypto, out, sizeof out), GBAU_E_CRYPTO);
    crypto_portable_close(&crypto);
}

/* One key is loaded at a time; another cipher or direction than its own is refused, not run with a wrong key. */
static void test_key_not_loaded(void **state)
{
    (void)state;
    static const uint8_t key[BLOCK_KEY_MAX_SIZE] = {0};
    struct portable_state memory;
    struct crypto crypto;
    uint8_t block[AES_BLOCK_SIZE] = {0};
    crypto_portable_open(&crypto, &memory, counting_random, NULL);
    assert_status(crypto_block_run(&crypto, BLOCK_AES128, BLOCK_ENCRYPT, block, block, 1), GBAU_E_CRYPTO);
    assert_ok(crypto_block_set_key(&crypto, BLOCK_AES128, BLOCK_ENCRYPT, key));
    assert_status(crypto_block_run(&crypto, BLOCK_AES128, BLOCK_DECRYPT, block, block, 1), GBAU_E_CRYPTO);
    assert_status(crypto_block_run(&crypto, BLOCK_AES256, BLOCK_ENCRYPT, block, block, 1), GBAU_E_CRYPTO);
    assert_ok(crypto_block_run(&crypto, BLOCK_AES128, BLOCK_ENCRYPT, block, block, 1));
    assert_ok(crypto_block_set_key(&crypto, BLOCK_SM4, BLOCK_DECRYPT, key));
    assert_status(crypto_block_run(&crypto, BLOCK_AES128, BLOCK_ENCRYPT, block, block, 1), GBAU_E_CRYPTO);
    assert_ok(crypto_block_run(&crypto, BLOCK_SM4, BLOCK_DECRYPT, block, block, 1));
    crypto_portable_close(&crypto);
}

static void test_close_wipes(void **state)
{
    (void)state;
    static const struct portable_state wiped;
    static const uint8_t key[16] = {1};
    struct portable_state memory;
    struct crypto crypto;
    crypto_portable_open(&crypto, &memory, counting_random, NULL);
    assert_ok(crypto_block_set_key(&crypto, BLOCK_SM4, BLOCK_ENCRYPT, key));
    crypto_portable_close(&crypto);
    assert_memory_equal(&memory, &wiped, sizeof wiped);
    assert_null(crypto.table);
    crypto_portable_close(&crypto);
}

/* It is part of a card's RAM. */
static void test_size(void **state)
{
    (void)state;
    assert_true(sizeof(struct portable_state) <= 280);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_is_the_platforms),
        cmocka_unit_test(test_key_not_loaded),
        cmocka_unit_test(test_close_wipes),
        cmocka_unit_test(test_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
