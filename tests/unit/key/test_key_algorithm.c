/* test_key_algorithm.c: the table of algorithms, and which usages, directions and algorithms go together, each of them. */
#include "crypto/openssl.h"
#include "key/key_algorithm.h"
#include "testing.h"

/* The table of docs/gba_u-api.md clause 12, written a second time. */
static const struct {
    unsigned id;
    const char *name;
    unsigned key, nonce, tag;
    long cose;
} expected[] = {
    {0x01, "AES-128-GCM", 16, 12, 16, 1},      {0x02, "AES-256-GCM", 32, 12, 16, 3},
    {0x03, "AES-128-CCM", 16, 12, 16, -65603}, {0x04, "AES-256-CCM", 32, 12, 16, -65604},
    {0x05, "SM4-GCM", 16, 12, 16, -65605},     {0x06, "SM4-CCM", 16, 12, 16, -65606},
    {0x11, "AES-128-CTR", 16, 16, 0, 0},       {0x12, "AES-256-CTR", 32, 16, 0, 0},
    {0x13, "SM4-CTR", 16, 16, 0, 0},           {0x14, "AES-128-CBC", 16, 16, 0, 0},
    {0x15, "AES-256-CBC", 32, 16, 0, 0},       {0x16, "SM4-CBC", 16, 16, 0, 0},
    {0x21, "HMAC-SHA-256", 32, 0, 32, 5},      {0x22, "HMAC-SM3", 32, 0, 32, -65634},
    {0x23, "AES-128-CMAC", 16, 0, 16, -65635}, {0x24, "AES-256-CMAC", 32, 0, 16, -65636},
    {0x25, "SM4-CMAC", 16, 0, 16, -65637},     {0x31, "SHA-256", 0, 0, 32, 0},
    {0x32, "SM3", 0, 0, 32, 0},                {0x41, "KDF", 32, 0, 0, 0},
};

enum { EXPECTED = sizeof expected / sizeof expected[0] };

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(key_algorithm_count, EXPECTED);
    for (size_t i = 0; i < EXPECTED; i++) {
        const struct key_algorithm_properties *found = key_algorithm_find(expected[i].id);
        assert_ptr_equal(found, &key_algorithms[i]);
        assert_string_equal(found->name, expected[i].name);
        assert_int_equal(found->key_size, expected[i].key);
        assert_int_equal(found->nonce_size, expected[i].nonce);
        assert_int_equal(found->tag_size, expected[i].tag);
        assert_int_equal(found->cose, expected[i].cose);
    }
}

/* The crypto room's tables say the same of each suite and MAC. */
static void test_agrees_with_crypto(void **state)
{
    (void)state;
    for (size_t i = 0; i < key_algorithm_count; i++) {
        const struct key_algorithm_properties *algorithm = &key_algorithms[i];
        if (algorithm->kind == KEY_ALGORITHM_KIND_AEAD || algorithm->kind == KEY_ALGORITHM_KIND_BLOCK_MODE) {
            const struct cipher_suite_properties *suite = cipher_suite_properties(algorithm->suite);
            assert_string_equal(suite->name, algorithm->name);
            assert_int_equal(suite->key_size, algorithm->key_size);
            assert_int_equal(suite->nonce_size, algorithm->nonce_size);
            assert_int_equal(suite->tag_size, algorithm->tag_size);
        } else if (algorithm->kind == KEY_ALGORITHM_KIND_MAC) {
            assert_int_equal(mac_size(algorithm->mac), algorithm->tag_size);
        } else if (algorithm->kind == KEY_ALGORITHM_KIND_HASH) {
            assert_int_equal(digest_size(algorithm->digest), algorithm->tag_size);
        }
    }
}

/* Each MAC by its name makes what its name says: key lengths are those that the functions take, and no others. */
static void test_key_sizes(void **state)
{
    (void)state;
    struct crypto crypto;
    const uint8_t key[32] = {0};
    uint8_t mac[MAC_MAX_SIZE];
    assert_ok(crypto_openssl_open(&crypto));
    for (unsigned id = KEY_ALGORITHM_AES_128_CMAC; id <= KEY_ALGORITHM_SM4_CMAC; id++) {
        const struct key_algorithm_properties *algorithm = key_algorithm_find(id);
        const size_t other = algorithm->key_size == 16 ? 32 : 16;
        assert_ok(mac_compute(&crypto, algorithm->mac, octets_of(key, algorithm->key_size), NULL, 0, mac));
        assert_status(mac_compute(&crypto, algorithm->mac, octets_of(key, other), NULL, 0, mac), GBAU_E_ARGUMENT);
    }
    crypto_openssl_close(&crypto);
}

static void test_find(void **state)
{
    (void)state;
    for (unsigned id = 0; id <= 0x300; id++) {
        size_t found = EXPECTED;
        for (size_t i = 0; i < EXPECTED; i++) {
            found = expected[i].id == id ? i : found;
        }
        assert_ptr_equal(key_algorithm_find(id), found == EXPECTED ? NULL : &key_algorithms[found]);
        assert_int_equal(key_algorithm_bit(id), found == EXPECTED ? 0 : 1U << found);
    }
    for (long cose = -66000; cose <= 300; cose++) {
        const struct key_algorithm_properties *found = key_algorithm_find_cose(cose);
        assert_true(found == NULL || (cose != 0 && found->cose == cose));
    }
    for (size_t i = 0; i < EXPECTED; i++) {
        assert_true(expected[i].cose == 0 || key_algorithm_find_cose(expected[i].cose) == &key_algorithms[i]);
        assert_ptr_equal(key_algorithm_find_name(expected[i].name), &key_algorithms[i]);
    }
    assert_null(key_algorithm_find_cose(INT64_MAX));
    assert_ptr_equal(key_algorithm_find_name("sm4-gcm"), key_algorithm_find(KEY_ALGORITHM_SM4_GCM));
    assert_ptr_equal(key_algorithm_find_name("hMaC-sHa-256"), key_algorithm_find(KEY_ALGORITHM_HMAC_SHA256));
    static const char *const wrong[] = {"", "AES-128", "AES-128-GCM ", "AES-128-GCMX", "SM", "[HA-256", "aes_128_gcm"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_null(key_algorithm_find_name(wrong[i]));
    }
}

/* Clause 4.2, a second time. */
static bool is_possible(unsigned usage, unsigned direction, unsigned algorithm)
{
    const bool has_direction = direction >= 1 && direction <= 3;
    const bool is_aead = algorithm >= 0x01 && algorithm <= 0x06;
    const bool is_mode = algorithm >= 0x11 && algorithm <= 0x16;
    const bool is_mac = algorithm >= 0x21 && algorithm <= 0x25;
    switch (usage) {
    case 1:
        return has_direction && (is_aead || is_mode);
    case 2:
        return has_direction && is_mac;
    case 3:
        return direction == 0 && is_mac;
    case 4:
    case 6:
        return direction == 0 && algorithm == 0x41;
    case 5:
        return has_direction && is_aead;
    case 7:
        return direction == 2 && algorithm == 0x21;
    case 8:
        return direction == 0 && (algorithm == 0x31 || algorithm == 0x32);
    default:
        return false;
    }
}

static void test_usages(void **state)
{
    (void)state;
    for (unsigned usage = 0; usage <= 0x21; usage++) {
        for (unsigned direction = 0; direction <= 0x23; direction++) {
            for (unsigned algorithm = 0; algorithm <= 0xff; algorithm++) {
                if (key_usage_is_possible(usage, direction, algorithm) != is_possible(usage, direction, algorithm)) {
                    fail_msg("usage %02x direction %02x algorithm %02x", usage, direction, algorithm);
                }
            }
        }
    }
    assert_false(key_usage_is_possible(0x101, 1, 1));
    assert_false(key_usage_is_possible(1, 0x101, 1));
    assert_false(key_usage_is_possible(1, 1, 0x101));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table), cmocka_unit_test(test_agrees_with_crypto), cmocka_unit_test(test_key_sizes),
        cmocka_unit_test(test_find),  cmocka_unit_test(test_usages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
