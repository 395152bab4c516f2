/*
 * test_key_policy.c: policies and revocations: written as docs/gba_u-api.md clause 10 has them, read back as they were, every
 * malformed one refused, and no bit of them may be changed under their MAC.
 */
#include "crypto/openssl.h"
#include "key/api_aid.h"
#include "key/key_policy.h"
#include "testing.h"

static struct crypto crypto;
static const struct ks_int_naf root = {{1, 2, 3}};

static uint32_t random_state = 123456789;

static uint32_t next_random(uint32_t below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 17;
    random_state ^= random_state << 5;
    return random_state % below;
}

static const char *written(const struct key_policy *policy)
{
    static char hex[2 * KEY_POLICY_OBJECT_MAX + 1];
    uint8_t octets[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    key_policy_write(&writer, policy);
    if (writer.failed) {
        return "failed";
    }
    assert_ok(hex_encode(octets_written(&writer), hex, sizeof hex));
    return hex;
}

static enum gbau_status read_hex(const char *hex, struct key_policy *policy)
{
    uint8_t octets[200];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), octets, sizeof octets, &length));
    return key_policy_read(octets_of(octets, length), policy);
}

/* Coding */

static void test_written(void **state)
{
    (void)state;
    struct key_policy policy = key_policy_default;
    policy.version = 1;
    assert_string_equal(written(&policy), "a00c80040000000181010f840100");
    policy.version = UINT32_MAX;
    policy.usages = 0x3f;
    policy.algorithms = key_algorithm_bit(KEY_ALGORITHM_AES_256_GCM) | key_algorithm_bit(KEY_ALGORITHM_KDF);
    policy.allows_export = policy.allows_wrap = true;
    policy.operations = 0;
    policy.caller_count = 2;
    policy.callers[0] = (struct key_policy_caller){5, {1, 2, 3, 4, 5}};
    policy.callers[1] = (struct key_policy_caller){6, {1, 2, 3, 4, 5, 6}};
    assert_string_equal(written(&policy),
                        "a025" "8004ffffffff" "81013f" "82020241" "830d05010203040506010203040506" "840103" "850400000000");
}

static void test_not_written(void **state)
{
    (void)state;
    struct key_policy policy = key_policy_default;
    assert_string_equal(written(&policy), "failed"); /* version 0 is no policy */
    policy.version = 1;
    policy.usages = 0x40;
    assert_string_equal(written(&policy), "failed");
    policy.usages = 1;
    policy.caller_count = 3;
    assert_string_equal(written(&policy), "failed");
    uint8_t octets[KEY_POLICY_OBJECT_MAX];
    uint8_t label[65] = {0};
    const struct key_revocation wrong[] = {
        {.version = 0, .scope = 1}, {.version = 1, .scope = 0}, {.version = 1, .scope = 4},
        {.version = 1, .scope = 2, .label = octets_of(label, 65)}};
    for (size_t i = 0; i < 4; i++) {
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        key_revocation_write(&writer, &wrong[i]);
        assert_true(writer.failed);
    }
}

static struct key_policy random_policy(void)
{
    struct key_policy policy = {.version = 1 + next_random(1000),
                                .usages = (uint8_t)next_random(0x40),
                                .algorithms = next_random(1U << 20),
                                .allows_export = next_random(2) == 0,
                                .allows_wrap = next_random(2) == 0,
                                .operations = next_random(3) == 0 ? KEY_OPERATIONS_UNLIMITED : next_random(5000),
                                .caller_count = (uint8_t)next_random(3)};
    for (size_t i = 0; i < policy.caller_count; i++) {
        policy.callers[i].length = (uint8_t)(5 + next_random(12));
        for (size_t k = 0; k < policy.callers[i].length; k++) {
            policy.callers[i].aid[k] = (uint8_t)next_random(256);
        }
    }
    return policy;
}

static void test_round_trip(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2000; i++) {
        const struct key_policy policy = random_policy();
        struct key_policy read;
        uint8_t octets[KEY_POLICY_OBJECT_MAX];
        struct octet_writer writer = octet_writer_of(octets, sizeof octets);
        key_policy_write(&writer, &policy);
        assert_ok(octet_writer_end(&writer));
        assert_ok(key_policy_read(octets_of(octets + 2, writer.length - 2), &read));
        assert_memory_equal(&read, &policy, sizeof read);
    }
}

static void test_read(void **state)
{
    (void)state;
    struct key_policy policy;
    assert_ok(read_hex("800400000001", &policy)); /* all else by default */
    struct key_policy expected = key_policy_default;
    expected.version = 1;
    assert_memory_equal(&policy, &expected, sizeof policy);
    assert_ok(read_hex("810101800400000001", &policy)); /* in any order */
    assert_int_equal(policy.usages, 1);
    assert_ok(read_hex("8004000000018203029902", &policy)); /* an unknown algorithm cannot be used */
    assert_int_equal(policy.algorithms, key_algorithm_bit(2));
    assert_ok(read_hex("8004000000018200", &policy));
    assert_int_equal(policy.algorithms, 0);
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "", "80", "8004", "80040000", "800400000000", "8003000001", "80050000000001", "810101",
        "800400000001800400000002", "8004000000018101018101" "01", "8004000000018100", "80040000000181020101",
        "800400000001810140", "800400000001810180", "8004000000018300", "800400000001830401020304",
        "80040000000183050401020304", "800400000001830605010203040500", "80040000000183060601020304" "05",
        "800400000001831211" "0102030405060708090a0b0c0d0e0f1011",
        "8004000000018312" "050102030405050102030405050102030405", "800400000001840104", "8004000000018400",
        "8004000000018503000001", "800400000001850500000000" "01", "800400000001860101", "8004000000017f00",
        "8004000000010000", "800400000001ff", "800400000001a000", "8004000000019f8000",
    };
    struct key_policy policy;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (read_hex(wrong[i], &policy) != GBAU_E_MALFORMED) {
            fail_msg("%s is read", wrong[i]);
        }
    }
}

static void test_revocation(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        bool is_sound;
        uint32_t version;
        uint8_t scope;
        const char *label;
    } cases[] = {
        {"800400000005810101", true, 5, 1, ""},       {"8101028004000000058403616263", true, 5, 2, "abc"},
        {"800400000005810103840161", true, 5, 3, "a"}, {"800400000005", false, 0, 0, ""},
        {"810101", false, 0, 0, ""},                   {"800400000000810101", false, 0, 0, ""},
        {"800400000005810100", false, 0, 0, ""},       {"800400000005810104", false, 0, 0, ""},
        {"80040000000581010284" "00", false, 0, 0, ""}, {"800400000005810101810101", false, 0, 0, ""},
        {"800400000005810101820101", false, 0, 0, ""}, {"800400000005810101830101", false, 0, 0, ""},
        {"800400000005810101850400000001", false, 0, 0, ""}, {"8004000000058101" "01ff", false, 0, 0, ""},
        {"8004000000058101", false, 0, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t octets[100];
        size_t length = 0;
        struct key_revocation read;
        assert_ok(hex_decode(octets_of_text(cases[i].hex), octets, sizeof octets, &length));
        const enum gbau_status status = key_revocation_read(octets_of(octets, length), &read);
        assert_status(status, cases[i].is_sound ? GBAU_OK : GBAU_E_MALFORMED);
        if (cases[i].is_sound) {
            assert_int_equal(read.version, cases[i].version);
            assert_int_equal(read.scope, cases[i].scope);
            assert_true(octets_equal(read.label, octets_of_text(cases[i].label)));
            uint8_t again[100];
            struct key_revocation reread;
            struct octet_writer writer = octet_writer_of(again, sizeof again);
            key_revocation_write(&writer, &read);
            assert_int_equal(again[0], KEY_REVOCATION_TAG);
            assert_ok(key_revocation_read(octets_of(again + 2, writer.length - 2), &reread));
            assert_true(octets_equal(reread.label, read.label) && reread.version == read.version);
        }
    }
}

/* What is permitted: the table of usages and flags, a second time */

static void test_permits(void **state)
{
    (void)state;
    const struct octets caller = octets_of_text("caller");
    for (unsigned i = 0; i < 20000; i++) {
        struct key_policy policy = random_policy();
        const unsigned usage = next_random(10);
        const struct key_algorithm_properties *algorithm = &key_algorithms[next_random(20)];
        const bool named = next_random(2) == 0 && policy.caller_count > 0;
        if (named) {
            policy.callers[policy.caller_count - 1] = (struct key_policy_caller){6, "caller"};
        }
        bool expected = usage >= 1 && usage <= 6 && (policy.usages >> (usage - 1) & 1) == 1;
        expected = expected && (usage != 5 || policy.allows_wrap) && (usage != 6 || policy.allows_export);
        expected = expected && (policy.algorithms & key_algorithm_bit(algorithm->algorithm)) != 0;
        expected = expected && (policy.caller_count == 0 || named);
        assert_true(key_policy_permits(&policy, caller, (enum key_usage)usage, algorithm->algorithm) == expected);
    }
    assert_false(key_policy_permits(&key_policy_default, caller, KEY_USAGE_ENCRYPT, (enum key_algorithm)0x99));
    for (unsigned usage = 0; usage < 256; usage++) {
        assert_true(key_policy_permits(&key_policy_default, caller, (enum key_usage)usage, KEY_ALGORITHM_KDF) ==
                    (usage >= 1 && usage <= 4));
    }
}

/* MAC */

static void test_mac(void **state)
{
    (void)state;
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    uint8_t again[MAC_MAX_SIZE];
    struct application_key key;
    const struct key_policy policy = random_policy();
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_policy_write(&writer, &policy);
    const struct octets part = octets_written(&writer);
    assert_ok(key_policy_mac(&crypto, &root, part, mac));
    const struct application_key_description description = {.usage = KEY_USAGE_POLICY,
                                                            .direction = KEY_DIRECTION_NAF_TO_CARD,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text("policy"),
                                                            .caller = octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE)};
    assert_ok(application_key_derive(&crypto, &root, &description, &key));
    assert_ok(application_key_mac(&crypto, &key, &part, 1, again));
    assert_memory_equal(mac, again, sizeof mac);
    assert_ok(key_policy_verify(&crypto, &root, part, octets_of(mac, sizeof mac)));
    for (size_t bit = 0; bit < 8 * part.length; bit++) {
        object[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(key_policy_verify(&crypto, &root, part, octets_of(mac, sizeof mac)), GBAU_E_AUTHENTICATION);
        object[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t bit = 0; bit < 256; bit++) {
        mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_status(key_policy_verify(&crypto, &root, part, octets_of(mac, sizeof mac)), GBAU_E_AUTHENTICATION);
        mac[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
    for (size_t length = 0; length < 32; length++) {
        assert_status(key_policy_verify(&crypto, &root, part, octets_of(mac, length)), GBAU_E_AUTHENTICATION);
    }
    const struct ks_int_naf other = {{1, 2, 4}};
    assert_status(key_policy_verify(&crypto, &other, part, octets_of(mac, sizeof mac)), GBAU_E_AUTHENTICATION);
}

static int set_up(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == GBAU_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_written),   cmocka_unit_test(test_not_written), cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_read),      cmocka_unit_test(test_malformed),   cmocka_unit_test(test_revocation),
        cmocka_unit_test(test_permits),   cmocka_unit_test(test_mac),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
