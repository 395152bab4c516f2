/* test_sm3.c: the compression function of SM3 against GM/T 0004-2012; test_digest_stream.c has it against libcrypto. */
#include "crypto/sm3.h"

#include "crypto_testing.h"

/* GM/T 0004-2012 A.1: "abc", padded by hand. */
static void test_vector(void **state)
{
    (void)state;
    uint32_t chaining[8] = {0x7380166f, 0x4914b2b9, 0x172442d7, 0xda8a0600,
                            0xa96f30bc, 0x163138aa, 0xe38dee4d, 0xb0fb0e4e};
    static const uint32_t expected[8] = {0x66c7f0f4, 0x62eeedd9, 0xd1f2d46b, 0xdc10e4e2,
                                         0x4167c487, 0x5cf2f7a2, 0x297da02b, 0x8f4ba8e0};
    const uint8_t block[64] = {'a', 'b', 'c', 0x80, [63] = 24};
    sm3_blocks(chaining, block, 0);
    sm3_blocks(chaining, block, 1);
    assert_memory_equal(chaining, expected, sizeof expected);
}

/* Blocks at once are blocks one by one. */
static void test_many_blocks(void **state)
{
    (void)state;
    uint8_t blocks[5][64];
    uint32_t at_once[8] = {1, 2, 3}, singly[8] = {1, 2, 3};
    random_fill(blocks[0], sizeof blocks);
    sm3_blocks(at_once, blocks[0], 5);
    for (size_t i = 0; i < 5; i++) {
        sm3_blocks(singly, blocks[i], 1);
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
