/* test_sha1.c: the compression function of SHA-1 against FIPS 180-4; test_digest_stream.c has it against libcrypto. */
#include "crypto/sha1.h"

#include "crypto_testing.h"

/* FIPS 180-4's example "abc", padded by hand. */
static void test_vector(void **state)
{
    (void)state;
    uint32_t chaining[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    static const uint32_t expected[5] = {0xa9993e36, 0x4706816a, 0xba3e2571, 0x7850c26c, 0x9cd0d89d};
    const uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    sha1_blocks(chaining, block, 0);
    sha1_blocks(chaining, block, 1);
    assert_memory_equal(chaining, expected, sizeof expected);
}

/* Blocks at once are blocks one by one. */
static void test_many_blocks(void **state)
{
    (void)state;
    uint8_t blocks[5][64];
    uint32_t at_once[5] = {1, 2, 3}, singly[5] = {1, 2, 3};
    random_fill(blocks[0], sizeof blocks);
    sha1_blocks(at_once, blocks[0], 5);
    for (size_t i = 0; i < 5; i++) {
        sha1_blocks(singly, blocks[i], 1);
    }
    assert_memory_equal(at_once, singly, sizeof singly);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector),
        cmocka_unit_test(test_many_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
