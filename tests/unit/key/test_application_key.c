/* test_application_key.c: keys of the GBA_U API: fixed vectors, separation by every parameter, limits, AEAD. */
#include "key/application_key.h"

#include <stdlib.h>

#include "../crypto/crypto_testing.h"
#include "key/api_aid.h"

/* Ks_int_NAF of V1 in tests/data/gba_u.json. */
static struct ks_int_naf test_root(void)
{
    struct ks_int_naf root;
    from_hex("0a1506dc49027e4932c767f73fde7d306ef97e37d805539f71182bb6c1b69fd2", root.octets, NAF_KEY_SIZE);
    return root;
}

static struct application_key_description test_description(void)
{
    return (struct application_key_description){
        .usage = KEY_USAGE_ENCRYPT,
        .direction = KEY_DIRECTION_CARD_TO_NAF,
        .algorithm = KEY_ALGORITHM_AES_128_GCM,
        .label = octets_of_text("demo"),
        .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE),
    };
}

static struct application_key derive(struct crypto *crypto, const struct application_key_description *description)
{
    const struct ks_int_naf root = test_root();
    struct application_key key;
    assert_ok(application_key_derive(crypto, &root, description, &key));
    return key;
}

static void assert_derives(struct crypto *crypto, const struct application_key_description *description,
                           const char *hex)
{
    const struct application_key key = derive(crypto, description);
    assert_octets(octets_of(key.octets, APPLICATION_KEY_SIZE), hex);
    assert_int_equal(key.usage, description->usage);
    assert_int_equal(key.direction, description->direction);
    assert_int_equal(key.algorithm, description->algorithm);
}

/* Computed apart with Python's hmac: what is sealed today must open tomorrow. */
static void test_fixed_vectors(void **state)
{
    struct application_key_description description = test_description();
    assert_derives(*state, &description, "d8acb8858e50d063d0754db850c32f5f7f87c2f611a6a04e89320474745e03bf");
    description.algorithm = KEY_ALGORITHM_AES_256_GCM;
    assert_derives(*state, &description, "0cb575026d7e0b72cd19de2030c5d5384f042ddb71325136081a92e900b8c063");
}

static void test_fixed_vectors_at_the_limits(void **state)
{
    char label[APPLICATION_LABEL_MAX];
    char context[APPLICATION_CONTEXT_MAX];
    uint8_t caller[APPLICATION_CALLER_MAX];
    memset(label, 'L', sizeof label);
    memset(context, 'C', sizeof context);
    for (size_t i = 0; i < sizeof caller; i++) {
        caller[i] = (uint8_t)i;
    }
    const struct application_key_description longest = {
        .usage = KEY_USAGE_ENCRYPT,
        .direction = KEY_DIRECTION_CARD_TO_CARD,
        .algorithm = KEY_ALGORITHM_SM4_CCM,
        .label = octets_of(label, sizeof label),
        .caller = octets_of(caller, sizeof caller),
        .context = octets_of(context, sizeof context),
    };
    const struct application_key_description shortest = {
        .usage = KEY_USAGE_MAC,
        .direction = KEY_DIRECTION_NAF_TO_CARD,
        .algorithm = KEY_ALGORITHM_HMAC_SHA256,
        .label = octets_of_text("x"),
        .caller = octets_of("\0\0\0\0\0", 5),
        .context = octets_of("\0", 1),
    };
    assert_derives(*state, &longest, "f28012f157ae80dc08763b890452ffb900d2f4eeda6cdcb71356ed4d2ff6efff");
    assert_derives(*state, &shortest, "24d98b5b46da8162f9624c38a62cbd15795f1fe7fbc998411bbf38b6b19acf43");
}

/* Descriptions that differ in one parameter each, or in where one ends and the next begins. */
static size_t make_variants(struct application_key_description *variants)
{
    size_t count = 0;
    for (unsigned usage = KEY_USAGE_ENCRYPT; usage <= KEY_USAGE_POLICY; usage++) {
        for (unsigned way = KEY_DIRECTION_NONE; way <= KEY_DIRECTION_CARD_TO_CARD; way++) {
            for (size_t i = 0; i < key_algorithm_count; i++) {
                if (!key_usage_is_possible(usage, way, key_algorithms[i].algorithm)) {
                    continue;
                }
                variants[count] = test_description();
                variants[count].usage = (enum key_usage)usage;
                variants[count].direction = (enum key_direction)way;
                variants[count++].algorithm = key_algorithms[i].algorithm;
            }
        }
    }
    static const char *const texts[][3] = {
        {"demp", "caller", ""},  {"dem", "caller", ""},    {"demoo", "caller", ""},    {"democaller", "aller", ""},
        {"demo", "caller", "x"}, {"demo", "callerx", ""},  {"democ", "aller", ""},     {"demo", "callex", ""},
        {"demo", "caller", "y"}, {"demo", "caller", "xx"}, {"demo\x01", "caller", ""}, {"Demo", "caller", ""},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        variants[count] = test_description();
        variants[count].label = octets_of_text(texts[i][0]);
        variants[count].caller = octets_of_text(texts[i][1]);
        variants[count++].context = octets_of_text(texts[i][2]);
    }
    variants[count] = test_description();
    variants[count++].context = octets_of("\0", 1);
    variants[count] = test_description();
    variants[count++].label = octets_of("demo\0", 5);
    return count;
}

/* No two keys share even their first half, which is all that AES-128 takes. */
static void test_separation(void **state)
{
    struct application_key_description variants[128];
    struct application_key keys[128];
    const size_t count = make_variants(variants);
    assert_true(count > 90 && count <= 128);
    for (size_t i = 0; i < count; i++) {
        keys[i] = derive(*state, &variants[i]);
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(keys[i].octets, keys[j].octets, 16);
            assert_memory_not_equal(keys[i].octets + 16, keys[j].octets + 16, 16);
        }
    }
}

/* Another Ks_int_NAF, by a single bit, is another key. */
static void test_separation_by_root(void **state)
{
    const struct application_key_description description = test_description();
    const struct application_key key = derive(*state, &description);
    for (size_t bit = 0; bit < 8 * NAF_KEY_SIZE; bit++) {
        struct ks_int_naf root = test_root();
        struct application_key other;
        root.octets[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_ok(application_key_derive(*state, &root, &description, &other));
        assert_memory_not_equal(key.octets, other.octets, APPLICATION_KEY_SIZE);
        assert_memory_not_equal(root.octets, other.octets, APPLICATION_KEY_SIZE);
    }
}

static void assert_lengths(struct crypto *crypto, size_t offset, size_t minimum, size_t maximum)
{
    static const uint8_t octets[300];
    const struct ks_int_naf root = test_root();
    for (size_t length = 0; length <= sizeof octets; length++) {
        struct application_key_description description = test_description();
        struct application_key key;
        *(struct octets *)(void *)((char *)&description + offset) = octets_of(octets, length);
        assert_status(application_key_derive(crypto, &root, &description, &key),
                      length >= minimum && length <= maximum ? GBAU_OK : GBAU_E_ARGUMENT);
    }
}

static void test_lengths(void **state)
{
    assert_lengths(*state, offsetof(struct application_key_description, label), 1, 64);
    assert_lengths(*state, offsetof(struct application_key_description, caller), 5, 16);
    assert_lengths(*state, offsetof(struct application_key_description, context), 0, 64);
}

/* Which usages go with which directions and algorithms (docs/gba_u-api.md 4.2), written down again. */
static bool is_possible(unsigned usage, unsigned direction, unsigned algorithm)
{
    const bool is_aead = algorithm >= 0x01 && algorithm <= 0x06;
    const bool is_mode = algorithm >= 0x11 && algorithm <= 0x16;
    const bool is_mac = algorithm >= 0x21 && algorithm <= 0x25;
    const bool is_directed = direction >= 1 && direction <= 3;
    switch (usage) {
    case 1:
        return is_directed && (is_aead || is_mode);
    case 2:
        return is_directed && is_mac;
    case 3:
        return direction == 0 && is_mac;
    case 5:
        return is_directed && is_aead;
    case 4:
    case 6:
        return direction == 0 && algorithm == 0x41;
    case 7:
        return direction == 2 && algorithm == 0x21;
    default:
        return false;
    }
}

/* Values beyond an octet too: 257 must not pass for 1. */
static void test_combinations(void **state)
{
    static const int values[] = {-300, -1,   0,    1,    2,    3,    4,    5,    6,    7,    8,
                                 9,    0x10, 0x11, 0x16, 0x17, 0x20, 0x21, 0x25, 0x26, 0x31, 0x32,
                                 0x33, 0x40, 0x41, 0x42, 255,  256,  257,  258,  289,  513};
    const struct ks_int_naf root = test_root();
    enum { COUNT = sizeof values / sizeof values[0] };
    for (size_t i = 0; i < COUNT * COUNT * COUNT; i++) {
        struct application_key key;
        struct application_key_description description = test_description();
        const int usage = values[i % COUNT];
        const int direction = values[i / COUNT % COUNT];
        const int algorithm = values[i / COUNT / COUNT];
        description.usage = (enum key_usage)usage;
        description.direction = (enum key_direction)direction;
        description.algorithm = (enum key_algorithm)algorithm;
        assert_status(application_key_derive(*state, &root, &description, &key),
                      is_possible((unsigned)usage, (unsigned)direction, (unsigned)algorithm) ? GBAU_OK
                                                                                             : GBAU_E_UNSUPPORTED);
    }
}

/* Child keys (docs/gba_u-api.md 4.4), computed apart with Python's hmac. */
static void test_child(void **state)
{
    struct application_key_description description = test_description();
    struct application_key child;
    description.usage = KEY_USAGE_DERIVE;
    description.direction = KEY_DIRECTION_NONE;
    description.algorithm = KEY_ALGORITHM_KDF;
    description.label = octets_of_text("parent");
    assert_derives(*state, &description, "78e40a2e836cfd8195abf900f09b7d87b6fe1a420841798df03253c9a417a687");
    const struct application_key parent = derive(*state, &description);
    struct application_key_description of_child = {.usage = KEY_USAGE_ENCRYPT,
                                                   .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                   .algorithm = KEY_ALGORITHM_AES_256_GCM,
                                                   .label = octets_of_text("child"),
                                                   .context = octets_of_text("context")};
    assert_ok(application_key_derive_child(*state, &parent, &of_child, &child));
    assert_octets(octets_of(child.octets, APPLICATION_KEY_SIZE),
                  "f1e32eccad7ef37ad549c84d3a1143b634d442ef1610659852b5a59a519d26d6");
    struct application_key grandchild;
    assert_status(application_key_derive_child(*state, &child, &of_child, &grandchild), GBAU_E_ACCESS);
    of_child.usage = KEY_USAGE_POLICY;
    of_child.direction = KEY_DIRECTION_NAF_TO_CARD;
    of_child.algorithm = KEY_ALGORITHM_HMAC_SHA256;
    assert_status(application_key_derive_child(*state, &parent, &of_child, &child), GBAU_E_UNSUPPORTED);
}

static void test_caller_of_the_api(void **state)
{
    (void)state;
    assert_octets(octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE), "f06762617501415049");
}

#define SEAL_NONCE "000000000000000000000001"

/* Computed apart with Python's cryptography: AES-128 takes the first 16 octets of the key, AES-256 all. */
static void test_seal_vectors(void **state)
{
    static const char *const sealed[] = {
        "d5b7341e68b7e9599044efc175ceb2d0dee1891e8161f4f12633b8c4f0",
        "57631f192a173bd022f95dcf0e9bebb22555c921c036dab5b7953007f3",
    };
    const struct octets text = octets_of_text("open the door");
    const struct octets aad = octets_of_text("additional");
    for (size_t i = 0; i < 2; i++) {
        uint8_t out[13 + AES_GCM_TAG_SIZE];
        uint8_t nonce[AES_GCM_NONCE_SIZE];
        uint8_t opened[13];
        struct application_key_description description = test_description();
        description.algorithm = i == 0 ? KEY_ALGORITHM_AES_128_GCM : KEY_ALGORITHM_AES_256_GCM;
        const struct application_key key = derive(*state, &description);
        from_hex(SEAL_NONCE, nonce, sizeof nonce);
        assert_ok(application_key_seal(*state, &key, nonce, aad, text, out, out + text.length));
        assert_octets(octets_of(out, sizeof out), sealed[i]);
        assert_ok(application_key_open(*state, &key, nonce, aad, octets_of(out, 13), out + 13, opened));
        assert_memory_equal(opened, text.data, text.length);
    }
}

/* What one key sealed no other opens: not of the other direction, label, caller, context or algorithm. */
static void test_open_needs_the_same_key(void **state)
{
    struct application_key_description variants[128];
    const size_t count = make_variants(variants);
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    const struct octets none = {0};
    const struct application_key key = derive(*state, &variants[0]);
    uint8_t ciphertext[4];
    uint8_t tag[AES_GCM_TAG_SIZE];
    size_t tried = 0;
    assert_ok(application_key_seal(*state, &key, nonce, none, octets_of_text("text"), ciphertext, tag));
    for (size_t i = 1; i < count; i++) {
        uint8_t opened[4] = {1, 2, 3, 4};
        const struct application_key other = derive(*state, &variants[i]);
        if (other.usage == KEY_USAGE_ENCRYPT && application_key_tag_size(&other) == AEAD_TAG_SIZE) {
            assert_status(application_key_open(*state, &other, nonce, none, octets_of(ciphertext, 4), tag, opened),
                          GBAU_E_AUTHENTICATION);
            assert_octets(octets_of(opened, 4), "00000000");
            tried++;
        }
    }
    assert_true(tried > 15);
}

/* A key seals and opens only when it was distributed for that. */
static void test_usage_is_kept_to(void **state)
{
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    const struct octets text = octets_of_text("text");
    uint8_t tag[AES_GCM_TAG_SIZE] = {0};
    uint8_t out[4];
    for (enum key_usage usage = KEY_USAGE_MAC; usage <= KEY_USAGE_POLICY; usage++) {
        const struct application_key_description description = test_description();
        struct application_key key = derive(*state, &description);
        if (usage == KEY_USAGE_WRAP) {
            continue; /* it seals too: keys */
        }
        key.usage = usage;
        assert_status(application_key_seal(*state, &key, nonce, text, text, out, tag), GBAU_E_ACCESS);
        assert_status(application_key_open(*state, &key, nonce, text, text, tag, out), GBAU_E_ACCESS);
    }
}

static void test_cleared_key(void **state)
{
    const struct application_key_description description = test_description();
    const struct application_key zero = {.usage = (enum key_usage)0};
    const uint8_t nonce[AES_GCM_NONCE_SIZE] = {0};
    const struct octets none = {0};
    uint8_t tag[AES_GCM_TAG_SIZE];
    uint8_t nothing[1];
    struct application_key key = derive(*state, &description);
    application_key_clear(&key);
    assert_memory_equal(key.octets, zero.octets, sizeof zero.octets);
    assert_status(application_key_seal(*state, &key, nonce, none, none, nothing, tag), GBAU_E_ACCESS);
}

static void test_failure_is_told(void **state)
{
    const struct ks_int_naf root = test_root();
    const struct application_key_description description = test_description();
    struct failing_crypto failing;
    struct application_key key;
    struct crypto *crypto = failing_crypto_make(&failing, *state, 0);
    assert_status(application_key_derive(crypto, &root, &description, &key), GBAU_E_CRYPTO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        crypto_test(test_fixed_vectors),
        crypto_test(test_fixed_vectors_at_the_limits),
        crypto_test(test_separation),
        crypto_test(test_separation_by_root),
        crypto_test(test_lengths),
        crypto_test(test_combinations),
        crypto_test(test_child),
        cmocka_unit_test(test_caller_of_the_api),
        crypto_test(test_seal_vectors),
        crypto_test(test_open_needs_the_same_key),
        crypto_test(test_usage_is_kept_to),
        crypto_test(test_cleared_key),
        crypto_test(test_failure_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
