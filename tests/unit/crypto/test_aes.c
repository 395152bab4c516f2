/* test_aes.c: AES of our own against FIPS 197, and against libcrypto for random keys and blocks. */
#include "crypto/aes.h"

#include "crypto_testing.h"

/* FIPS 197 C.1 and C.3 */
static void test_vectors(void **state)
{
    (void)state;
    static const struct {
        size_t key_length;
        const char *ciphertext;
    } cases[] = {{16, "69c4e0d86a7b0430d8cdb78070b4c55a"}, {32, "8ea2b7ca516745bfeafc49904b496089"}};
    for (size_t i = 0; i < 2; i++) {
        uint8_t key[32], block[16];
        struct aes aes;
        from_hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", key, sizeof key);
        from_hex("00112233445566778899aabbccddeeff", block, sizeof block);
        aes_set_key(&aes, key, cases[i].key_length);
        aes_encrypt(&aes, block, block, 1);
        assert_octets(octets_of(block, sizeof block), cases[i].ciphertext);
        aes_decrypt(&aes, block, block, 1);
        assert_octets(octets_of(block, sizeof block), "00112233445566778899aabbccddeeff");
    }
}

/* FIPS 197 A.1 and A.3: the last words of the key schedules. */
static void test_key_schedule(void **state)
{
    (void)state;
    uint8_t key[32];
    struct aes aes;
    from_hex("2b7e151628aed2a6abf7158809cf4f3c", key, 16);
    aes_set_key(&aes, key, 16);
    assert_int_equal(aes.rounds, 10);
    assert_octets(octets_of(aes.round_keys[10], 16), "d014f9a8c9ee2589e13f0cc8b6630ca6");
    from_hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4", key, 32);
    aes_set_key(&aes, key, 32);
    assert_int_equal(aes.rounds, 14);
    assert_octets(octets_of(aes.round_keys[14], 16), "fe4890d1e6188d0b046df344706c631e");
}

static void test_against_libcrypto(void **state)
{
    for (unsigned i = 0; i < 200; i++) {
        const bool long_key = i % 2 == 1;
        uint8_t key[32], in[5][16], ours[5][16], theirs[5][16];
        const size_t blocks = 1 + random_below(5);
        const enum block_cipher cipher = long_key ? BLOCK_AES256 : BLOCK_AES128;
        struct aes aes;
        random_fill(key, sizeof key);
        random_fill(in[0], sizeof in);
        aes_set_key(&aes, key, long_key ? 32 : 16);
        aes_encrypt(&aes, in[0], ours[0], blocks);
        assert_ok(crypto_block_set_key(*state, cipher, BLOCK_ENCRYPT, key));
        assert_ok(crypto_block_run(*state, cipher, BLOCK_ENCRYPT, in[0], theirs[0], blocks));
        assert_memory_equal(ours, theirs, blocks * 16);
        aes_decrypt(&aes, in[0], ours[0], blocks);
        assert_ok(crypto_block_set_key(*state, cipher, BLOCK_DECRYPT, key));
        assert_ok(crypto_block_run(*state, cipher, BLOCK_DECRYPT, in[0], theirs[0], blocks));
        assert_memory_equal(ours, theirs, blocks * 16);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors),
        cmocka_unit_test(test_key_schedule),
        crypto_test(test_against_libcrypto),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
