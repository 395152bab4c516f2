/* test_sbox.c: the computed S-boxes against published entries, and against inversion by trial. */
#include "crypto/sbox.h"

#include "crypto_testing.h"

static uint8_t one(enum sbox sbox, unsigned octet)
{
    uint8_t value = (uint8_t)octet;
    sbox_apply(sbox, &value, 1);
    return value;
}

/* FIPS 197 figures 7 and 14; GM/T 0002-2012 table 1. */
static void test_published_entries(void **state)
{
    (void)state;
    static const struct {
        enum sbox sbox;
        uint8_t in, out;
    } entries[] = {
        {SBOX_AES, 0x00, 0x63},         {SBOX_AES, 0x01, 0x7c},         {SBOX_AES, 0x53, 0xed},
        {SBOX_AES, 0xff, 0x16},         {SBOX_AES_INVERSE, 0x00, 0x52}, {SBOX_AES_INVERSE, 0x63, 0x00},
        {SBOX_AES_INVERSE, 0xff, 0x7d}, {SBOX_SM4, 0x00, 0xd6},         {SBOX_SM4, 0x01, 0x90},
        {SBOX_SM4, 0x0f, 0x05},         {SBOX_SM4, 0xef, 0x84},         {SBOX_SM4, 0xff, 0x48},
    };
    for (size_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        assert_int_equal(one(entries[i].sbox, entries[i].in), entries[i].out);
    }
}

static unsigned multiply(unsigned x, unsigned y, unsigned polynomial)
{
    unsigned product = 0;
    for (unsigned bit = 0; bit < 8; bit++) {
        product ^= (y >> bit & 1) != 0 ? x : 0;
        x = x << 1 ^ ((x & 0x80) != 0 ? polynomial : 0);
    }
    return product & 0xff;
}

/* FIPS 197 clause 5.1.1, as it is written there: out_i = b_i + b_(i+4) + b_(i+5) + b_(i+6) + b_(i+7) + c_i. */
static uint8_t aes_by_the_book(unsigned x)
{
    unsigned inverse = 0;
    unsigned out = 0x63;
    while (x != 0 && multiply(x, inverse, 0x11b) != 1) {
        inverse++;
    }
    for (unsigned i = 0; i < 8; i++) {
        for (unsigned k = 4; k <= 8; k++) {
            out ^= (inverse >> (i + k) % 8 & 1) << i;
        }
    }
    return (uint8_t)out;
}

static void test_aes_by_the_book(void **state)
{
    (void)state;
    for (unsigned x = 0; x < 256; x++) {
        assert_int_equal(one(SBOX_AES, x), aes_by_the_book(x));
        assert_int_equal(one(SBOX_AES_INVERSE, one(SBOX_AES, x)), x);
    }
}

static void test_sm4_is_a_permutation(void **state)
{
    (void)state;
    bool seen[256] = {false};
    for (unsigned x = 0; x < 256; x++) {
        seen[one(SBOX_SM4, x)] = true;
    }
    for (unsigned x = 0; x < 256; x++) {
        assert_true(seen[x]);
    }
}

/* Where an octet stands, and what stands beside it, does not matter; what is not named stays. */
static void test_lanes(void **state)
{
    (void)state;
    for (size_t length = 0; length <= SBOX_LANES; length++) {
        for (enum sbox sbox = SBOX_AES; sbox <= SBOX_SM4; sbox++) {
            uint8_t octets[SBOX_LANES + 1], before[SBOX_LANES + 1];
            random_fill(octets, sizeof octets);
            memcpy(before, octets, sizeof before);
            sbox_apply(sbox, octets, length);
            for (size_t i = 0; i <= SBOX_LANES; i++) {
                assert_int_equal(octets[i], i < length ? one(sbox, before[i]) : before[i]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_entries),
        cmocka_unit_test(test_aes_by_the_book),
        cmocka_unit_test(test_sm4_is_a_permutation),
        cmocka_unit_test(test_lanes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
