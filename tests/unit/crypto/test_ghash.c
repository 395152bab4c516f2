/* test_ghash.c: GHASH against the multiplication of SP 800-38D clause 6.3, done bit by bit. */
#include "crypto/ghash.h"

#include "crypto_testing.h"

/* x = x * y, as Algorithm 1 has it. */
static void multiply_by_the_book(uint8_t x[16], const uint8_t y[16])
{
    uint8_t z[16] = {0};
    uint8_t v[16];
    memcpy(v, y, sizeof v);
    for (size_t bit = 0; bit < 128; bit++) {
        const bool set = (x[bit / 8] >> (7 - bit % 8) & 1) != 0;
        const bool carry = (v[15] & 1) != 0;
        for (size_t i = 0; i < 16; i++) {
            z[i] = set ? z[i] ^ v[i] : z[i];
        }
        for (size_t i = 15; i > 0; i--) {
            v[i] = (uint8_t)(v[i] >> 1 | v[i - 1] << 7);
        }
        v[0] = (uint8_t)(v[0] >> 1 ^ (carry ? 0xe1 : 0));
    }
    memcpy(x, z, sizeof z);
}

typedef void hash_blocks(const uint8_t *key, uint8_t *hash, const uint8_t *blocks, size_t count);

static void check_by_the_book(hash_blocks *hash_of)
{
    for (unsigned round = 0; round < 2000; round++) {
        uint8_t key[16], expected[16], hash[16], blocks[3][16];
        random_fill(key, sizeof key);
        random_fill(hash, sizeof hash);
        random_fill(blocks[0], sizeof blocks);
        memcpy(expected, hash, sizeof hash);
        const size_t count = random_below(4);
        for (size_t block = 0; block < count; block++) {
            for (size_t i = 0; i < 16; i++) {
                expected[i] ^= blocks[block][i];
            }
            multiply_by_the_book(expected, key);
        }
        hash_of(key, hash, blocks[0], count);
        assert_memory_equal(hash, expected, sizeof hash);
    }
}

static void test_by_the_book(void **state)
{
    (void)state;
    check_by_the_book(ghash_blocks);
    check_by_the_book(ghash_blocks_anywhere); /* what this processor may do better */
}

/* Single bits times single bits reach every line of the reduction. */
static void check_single_bits(hash_blocks *hash_of)
{
    static const uint8_t zeros[16];
    for (size_t bits = 0; bits < (size_t)128 * 128; bits++) {
        uint8_t key[16] = {0}, hash[16] = {0}, expected[16];
        key[bits / 128 / 8] = (uint8_t)(0x80 >> bits / 128 % 8);
        hash[bits % 128 / 8] = (uint8_t)(0x80 >> bits % 8);
        memcpy(expected, hash, sizeof hash);
        multiply_by_the_book(expected, key);
        hash_of(key, hash, zeros, 1);
        assert_memory_equal(hash, expected, sizeof hash);
    }
}

static void multiply_only(const uint8_t *key, uint8_t *hash, const uint8_t *blocks, size_t count)
{
    (void)blocks;
    (void)count;
    ghash_multiply(key, hash);
}

static void test_single_bits(void **state)
{
    (void)state;
    check_single_bits(ghash_blocks);
    check_single_bits(ghash_blocks_anywhere);
    check_single_bits(multiply_only);
}

/* SP 800-38D's test case 2: H, and GHASH of one block of ciphertext and the lengths. */
static void test_vector(void **state)
{
    (void)state;
    uint8_t key[16], blocks[32], hash[16] = {0};
    from_hex("66e94bd4ef8a2c3b884cfa59ca342b2e", key, sizeof key);
    from_hex("0388dace60b6a392f328c2b971b2fe7800000000000000000000000000000080", blocks, sizeof blocks);
    ghash_blocks(key, hash, blocks, 2);
    assert_octets(octets_of(hash, sizeof hash), "f38cbb1ad69223dcc3457ae5b6b0f885");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_the_book),
        cmocka_unit_test(test_single_bits),
        cmocka_unit_test(test_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
