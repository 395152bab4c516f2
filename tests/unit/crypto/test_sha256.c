/* test_sha256.c: the compression function of SHA-256 against FIPS 180-4, and against libcrypto for random blocks. */
#include "crypto/sha256.h"

#include "crypto_testing.h"

/* FIPS 180-4's example "abc", padded by hand. */
static void test_vector(void **state)
{
    (void)state;
    uint32_t chaining[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                            0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    static const uint32_t expected[8] = {0xba7816bf, 0x8f01cfea, 0x414140de, 0x5dae2223,
                                         0xb00361a3, 0x96177a9c, 0xb410ff61, 0xf20015ad};
    const uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    sha256_blocks(chaining, block, 0);
    sha256_blocks(chaining, block, 1);
    assert_memory_equal(chaining, expected, sizeof expected);
}

static void test_against_libcrypto(void **state)
{
    for (unsigned i = 0; i < 200; i++) {
        uint8_t blocks[5][64];
        uint32_t ours[8], theirs[8];
        const size_t count = random_below(6);
        random_fill(blocks[0], sizeof blocks);
        random_fill((uint8_t *)ours, sizeof ours);
        memcpy(theirs, ours, sizeof theirs);
        sha256_blocks(ours, blocks[0], count);
        assert_ok(crypto_digest_blocks(*state, DIGEST_SHA256, theirs, blocks[0], count));
        assert_memory_equal(ours, theirs, sizeof ours);
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
