/* test_sm4.c: SM4 of our own against GM/T 0002-2012, and against libcrypto for random keys and blocks. */
#include "crypto/sm4.h"

#include "crypto_testing.h"

/* GM/T 0002-2012 A.1, with the first and the last round key. */
static void test_vector(void **state)
{
    (void)state;
    uint8_t key[SM4_KEY_SIZE], block[16];
    struct sm4 sm4;
    from_hex("0123456789abcdeffedcba9876543210", key, sizeof key);
    memcpy(block, key, sizeof block);
    sm4_set_key(&sm4, key);
    assert_int_equal(sm4.round_keys[0], 0xf12186f9);
    assert_int_equal(sm4.round_keys[31], 0x9124a012);
    sm4_encrypt(&sm4, block, block, 1);
    assert_octets(octets_of(block, sizeof block), "681edf34d206965e86b3e94f536e4246");
    sm4_decrypt(&sm4, block, block, 1);
    assert_octets(octets_of(block, sizeof block), "0123456789abcdeffedcba9876543210");
}

static void test_against_libcrypto(void **state)
{
    for (unsigned i = 0; i < 200; i++) {
        uint8_t key[SM4_KEY_SIZE], in[20][16], ours[20][16], theirs[20][16];
        const size_t blocks = 1 + random_below(20);
        struct sm4 sm4;
        random_fill(key, sizeof key);
        random_fill(in[0], sizeof in);
        sm4_set_key(&sm4, key);
        sm4_encrypt(&sm4, in[0], ours[0], blocks);
        assert_ok(crypto_block_set_key(*state, BLOCK_SM4, BLOCK_ENCRYPT, key));
        assert_ok(crypto_block_run(*state, BLOCK_SM4, BLOCK_ENCRYPT, in[0], theirs[0], blocks));
        assert_memory_equal(ours, theirs, blocks * 16);
        sm4_decrypt(&sm4, in[0], ours[0], blocks);
        assert_ok(crypto_block_set_key(*state, BLOCK_SM4, BLOCK_DECRYPT, key));
        assert_ok(crypto_block_run(*state, BLOCK_SM4, BLOCK_DECRYPT, in[0], theirs[0], blocks));
        assert_memory_equal(ours, theirs, blocks * 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        crypto_test(test_against_libcrypto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
