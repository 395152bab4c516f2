/* test_cipher_suite.c: the table of the suites, and keys of block ciphers. */
#include "crypto/cipher_suite.h"

#include "crypto_testing.h"

/* A name says it all: cipher, key size, mode; the rest of its line must say the same. */
static void test_every_suite(void **state)
{
    (void)state;
    for (enum cipher_suite suite = 0; suite < CIPHER_SUITE_COUNT; suite++) {
        const struct cipher_suite_properties *properties = cipher_suite_properties(suite);
        const char *mode = strrchr(properties->name, '-') + 1;
        const bool aead = strcmp(mode, "GCM") == 0 || strcmp(mode, "CCM") == 0;
        const char *modes[] = {"GCM", "CCM", "CTR", "CBC"};
        assert_string_equal(modes[properties->mode], mode);
        assert_int_equal(properties->key_size, strstr(properties->name, "256") != NULL ? 32 : 16);
        assert_int_equal(properties->key_size, block_key_size(properties->block_cipher));
        assert_int_equal(properties->block_cipher == BLOCK_SM4, strncmp(properties->name, "SM4", 3) == 0);
        assert_int_equal(properties->nonce_size, aead ? 12 : 16);
        assert_int_equal(properties->tag_size, aead ? 16 : 0);
    }
}

static void test_no_suite(void **state)
{
    (void)state;
    assert_null(cipher_suite_properties(CIPHER_SUITE_COUNT));
    assert_null(cipher_suite_properties((enum cipher_suite) - 1));
}

static void test_key_lengths(void **state)
{
    (void)state;
    static const uint8_t octets[40] = {1};
    struct block_key key;
    for (size_t length = 0; length <= sizeof octets; length++) {
        for (enum block_cipher cipher = 0; cipher < BLOCK_CIPHER_COUNT; cipher++) {
            assert_status(block_key_of(cipher, octets_of(octets, length), &key),
                          length == block_key_size(cipher) ? GBAU_OK : GBAU_E_ARGUMENT);
        }
        assert_status(block_key_of(BLOCK_CIPHER_COUNT, octets_of(octets, length), &key), GBAU_E_ARGUMENT);
    }
}

static void test_key_encrypts(void **state)
{
    uint8_t block[AES_BLOCK_SIZE];
    struct block_key key;
    from_hex("0123456789abcdeffedcba9876543210", block, sizeof block);
    assert_ok(block_key_of(BLOCK_SM4, octets_of(block, sizeof block), &key));
    assert_ok(block_key_load(&key, *state, BLOCK_ENCRYPT));
    assert_ok(block_key_encrypt(&key, *state, block, block));
    assert_octets(octets_of(block, sizeof block), "681edf34d206965e86b3e94f536e4246");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_suite),
        cmocka_unit_test(test_no_suite),
        cmocka_unit_test(test_key_lengths),
        crypto_test(test_key_encrypts),
    };
    return run_over_bindings(tests);
}
