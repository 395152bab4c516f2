/*
 * test_api_rules.c: what a NAF rules: policies are taken once and in order, stay with the NAF_ID, and are kept to;
 * limits are counted to the last operation; revocations end what they name.
 */
#include "api_testing.h"
#include "uicc/gba.h"
#include "uicc/gba_state.h"

enum { OK = 0x9000 };

struct bench {
    struct test_card card;
    struct challenge challenge;
    struct ks_int_naf root;
};

static void begin(struct bench *bench)
{
    bench->challenge = begin_api(&bench->card);
    bench->root = int_key_by(&bench->card, &bench->challenge, TEST_NAF);
}

static unsigned sw_of_open(struct test_card *card, unsigned usage, unsigned direction, unsigned algorithm)
{
    const struct api_response response = open_response(card, 0, test_naf_id(), usage, direction, algorithm, "r");
    if (response.sw == OK) {
        assert_int_equal(close_handle(card, handle_in(&response)), OK);
    }
    return response.sw;
}

/* Policy version and operations left, as LIST shows them for the one NAF key. */
static void assert_listed(struct test_card *card, uint32_t version, uint32_t operations)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_LIST, 0, API_LIST_NAF_KEYS);
    const struct api_response response = command_run(card, &command);
    assert_int_equal(response.sw, OK);
    struct octet_reader reader = octet_reader_of(object_in(&response, API_TAG_POLICY_VERSION));
    assert_int_equal(octet_reader_u32(&reader), version);
    reader = octet_reader_of(object_in(&response, API_TAG_OPERATIONS));
    assert_int_equal(octet_reader_u32(&reader), operations);
    assert_true(octets_equal(object_in(&response, API_TAG_NAF_ID), test_naf_id()));
}

/* Policies */

static void test_default_policy(void **state)
{
    (void)state;
    static const struct {
        unsigned usage, direction, algorithm, sw;
    } cases[] = {
        {1, 1, 0x02, OK},     {1, 3, 0x16, OK},     {2, 2, 0x25, OK},     {3, 0, 0x21, OK},     {4, 0, 0x41, OK},
        {5, 1, 0x02, 0x6982}, {6, 0, 0x41, 0x6982}, {7, 2, 0x21, 0x6a81}, {8, 0, 0x31, 0x6a81}, {0, 0, 0x41, 0x6a81},
        {9, 0, 0x41, 0x6a81}, {1, 0, 0x02, 0x6a81}, {1, 4, 0x02, 0x6a81}, {1, 1, 0x07, 0x6a81}, {1, 1, 0x21, 0x6a81},
        {3, 1, 0x21, 0x6a81}, {4, 1, 0x41, 0x6a81}, {2, 1, 0x02, 0x6a81}, {6, 0, 0x21, 0x6a81},
    };
    struct bench bench;
    begin(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(sw_of_open(&bench.card, cases[i].usage, cases[i].direction, cases[i].algorithm), cases[i].sw);
    }
    assert_listed(&bench.card, 0, UINT32_MAX);
    test_card_end(&bench.card);
}

/* Usages, algorithms, callers and flags, each by itself. */
static void test_policy_is_kept_to(void **state)
{
    (void)state;
    static const struct {
        struct key_policy policy;
        unsigned usage, direction, algorithm, sw;
    } cases[] = {
        {{.usages = 0x01, .algorithms = UINT32_MAX}, 1, 1, 0x02, OK},
        {{.usages = 0x01, .algorithms = UINT32_MAX}, 2, 1, 0x21, 0x6982},
        {{.usages = 0x02, .algorithms = UINT32_MAX}, 1, 1, 0x02, 0x6982},
        {{.usages = 0x00, .algorithms = UINT32_MAX}, 4, 0, 0x41, 0x6982},
        {{.usages = 0x0f, .algorithms = 0x02}, 1, 1, 0x02, OK},
        {{.usages = 0x0f, .algorithms = 0x02}, 1, 1, 0x01, 0x6982},
        {{.usages = 0x3f, .algorithms = UINT32_MAX}, 6, 0, 0x41, 0x6982},
        {{.usages = 0x3f, .algorithms = UINT32_MAX, .allows_export = true}, 6, 0, 0x41, OK},
        {{.usages = 0x1f, .algorithms = UINT32_MAX, .allows_export = true}, 6, 0, 0x41, 0x6982},
        {{.usages = 0x3f, .algorithms = UINT32_MAX, .allows_export = true}, 5, 1, 0x02, 0x6982},
        {{.usages = 0x3f, .algorithms = UINT32_MAX, .allows_wrap = true}, 5, 1, 0x02, OK},
        {{.usages = 0x2f, .algorithms = UINT32_MAX, .allows_wrap = true}, 5, 1, 0x02, 0x6982},
        {{.usages = 0x0f, .algorithms = UINT32_MAX, .caller_count = 1, .callers = {{5, {1, 2, 3, 4, 5}}}},
         1,
         1,
         2,
         0x6982},
        {{.usages = 0x0f,
          .algorithms = UINT32_MAX,
          .caller_count = 2,
          .callers = {{5, {1, 2, 3, 4, 5}}, {9, {0xf0, 'g', 'b', 'a', 'u', 1, 'A', 'P', 'I'}}}},
         1,
         1,
         2,
         OK},
        {{.usages = 0x0f,
          .algorithms = UINT32_MAX,
          .caller_count = 1,
          .callers = {{8, {0xf0, 'g', 'b', 'a', 'u', 1, 'A', 'P'}}}},
         1,
         1,
         2,
         0x6982},
    };
    struct bench bench;
    begin(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct key_policy policy = cases[i].policy;
        policy.version = (uint32_t)i + 1;
        policy.operations = KEY_OPERATIONS_UNLIMITED;
        assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
        const unsigned sw = sw_of_open(&bench.card, cases[i].usage, cases[i].direction, cases[i].algorithm);
        if (sw != cases[i].sw) {
            fail_msg("case %zu gives %04x", i, sw);
        }
    }
    test_card_end(&bench.card);
}

/* Older, equal, forged or malformed: nothing changes. Revocations and policies have one row of versions. */
static void test_rollback(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    struct key_policy policy = policy_of(5);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    for (uint32_t version = 1; version <= 5; version++) {
        policy = policy_of(version);
        policy.allows_export = true;
        policy.usages = 0x3f;
        assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), 0x9865);
        assert_int_equal(apply_revocation(&bench.card, &bench.root, version, KEY_REVOCATION_NAF_KEY, ""), 0x9865);
    }
    assert_int_equal(sw_of_open(&bench.card, 6, 0, 0x41), 0x6982);
    assert_int_equal(apply_revocation(&bench.card, &bench.root, 7, KEY_REVOCATION_PERSISTED_KEYS, ""), OK);
    policy = policy_of(7);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), 0x9865);
    assert_listed(&bench.card, 5, UINT32_MAX); /* in force is what was taken last */
    test_card_restart(&bench.card);
    enter_usim(&bench.card);
    assert_sw(&bench.card, SELECT_API, "9000");
    policy = policy_of(6);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), 0x9865);
    policy = policy_of(UINT32_MAX);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    test_card_end(&bench.card);
}

static void test_forged_ruling(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    const struct key_policy policy = policy_of(1);
    key_policy_write(&writer, &policy);
    assert_int_equal(apply_object(&bench.card, &bench.root, octets_written(&writer), 1), 0x9862);
    struct ks_int_naf other = bench.root;
    other.octets[0] ^= 1;
    assert_int_equal(apply_policy(&bench.card, &other, &policy), 0x9862);
    assert_listed(&bench.card, 0, UINT32_MAX);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    assert_listed(&bench.card, 1, UINT32_MAX);
    test_card_end(&bench.card);
}

#define MAC32 "8e200000000000000000000000000000000000000000000000000000000000000000"

static void test_refused_apply(void **state)
{
    (void)state;
    static const struct {
        const char *header, *data, *sw;
    } cases[] = {
        {"805c0100", "8014" TEST_NAF "a006800400000001" MAC32, "6a86"},
        {"805c0001", "8014" TEST_NAF "a006800400000001" MAC32, "6a86"},
        {"805c0000", "8014" TEST_NAF MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a006800400000001", "6a80"},
        {"805c0000", "a006800400000001" MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a006800400000001a106800400000001" MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a006800400000001" MAC32 "00", "6a80"},
        {"805c0000", "8014" TEST_NAF "a006800400000000" MAC32, "6a80"}, /* version 0 */
        {"805c0000", "8014" TEST_NAF "a005800300000001" MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a009800400000001810140" MAC32, "6a80"}, /* usage 07 */
        {"805c0000", "8014" TEST_NAF "a009800400000001860101" MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a106800400000001" MAC32, "6a80"}, /* no scope */
        {"805c0000", "8014" TEST_NAF "a109800400000001810104" MAC32, "6a80"},
        {"805c0000", "8014" TEST_NAF "a206800400000001" MAC32, "6a80"},
        {"805c0000", "800a6f746865720100000002a006800400000001" MAC32, "6982"}, /* no line */
        {"805c0000", "8014" TEST_NAF "a006800400000001" MAC32, "9862"},
    };
    struct bench bench;
    begin(&bench);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_string_equal(apdu_with(&bench.card, cases[i].header, cases[i].data), cases[i].sw);
    }
    test_card_end(&bench.card);
    const struct card_profile profile = test_profile();
    test_card_make(&bench.card, &profile);
    assert_sw(&bench.card, SELECT_API, "9000");
    assert_string_equal(apdu_with(&bench.card, "805c0000", cases[15].data), "6982"); /* no PIN */
    enter_usim(&bench.card);
    assert_sw(&bench.card, SELECT_API, "9000");
    assert_string_equal(apdu_with(&bench.card, "805c0000", cases[15].data), "6a88"); /* no NAF key */
    test_card_end(&bench.card);
}

/* A new bootstrapping makes a new NAF key, under the old policy; another NAF_ID in its entry ends it. */
static void test_policy_is_sticky(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    struct key_policy policy = policy_of(3);
    policy.usages = 0x01;
    policy.operations = 100;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    open_usim_channel(&bench.card);
    const struct challenge next = make_challenge(&bench.card, 0x82, TEST_SQN(2, 0));
    char bootstrap_on_1[sizeof next.bootstrap];
    memcpy(bootstrap_on_1, next.bootstrap, sizeof bootstrap_on_1);
    bootstrap_on_1[1] = '1';
    char derive_on_1[] = TEST_DERIVE;
    derive_on_1[1] = '1';
    assert_apdu(&bench.card, bootstrap_on_1, next.bootstrapped);
    assert_listed(&bench.card, 3, 100);
    assert_sw(&bench.card, derive_on_1, "9000");
    assert_listed(&bench.card, 3, 100);
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), 0x6982);
    const struct ks_int_naf new_root = int_key_by(&bench.card, &next, TEST_NAF);
    policy.version = 4;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), 0x9862); /* the old key rules no more */
    policy.version = 3;
    assert_int_equal(apply_policy(&bench.card, &new_root, &policy), 0x9865);
    overwrite_naf_keys(&bench.card);
    assert_apdu(&bench.card, "80420000", "6a83");
    assert_sw(&bench.card, derive_on_1, "9000");
    assert_listed(&bench.card, 0, UINT32_MAX);
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), OK);
    test_card_end(&bench.card);
}

/* Limits */

static void test_limit_is_exact(void **state)
{
    (void)state;
    struct bench bench;
    for (uint32_t limit = 0; limit <= 70; limit += limit < 4 ? 1 : 11) {
        begin(&bench);
        struct key_policy policy = policy_of(1);
        policy.operations = limit;
        const uint8_t before = open_for(&bench.card, 2, 1, 0x21, "before");
        assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
        const uint8_t after = open_for(&bench.card, 2, 1, 0x21, "after");
        for (uint32_t i = 0; i < limit; i++) {
            assert_listed(&bench.card, 1, limit - i);
            assert_int_equal(mac_of_m(&bench.card, i % 2 == 0 ? before : after, NULL), OK);
        }
        assert_listed(&bench.card, 1, 0);
        assert_int_equal(mac_of_m(&bench.card, before, NULL), 0x6983);
        assert_int_equal(mac_of_m(&bench.card, after, NULL), 0x6983);
        const uint8_t third = open_for(&bench.card, 2, 1, 0x21, "third"); /* to open is no operation */
        assert_int_equal(mac_of_m(&bench.card, third, NULL), 0x6983);
        policy.version = 2;
        policy.operations = 1;
        assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
        assert_int_equal(mac_of_m(&bench.card, before, NULL), OK);
        assert_int_equal(mac_of_m(&bench.card, before, NULL), 0x6983);
        test_card_end(&bench.card);
    }
}

/* Which commands are operations: first blocks, begin and answer, transfers; not blocks that follow, nor hashes. */
static void test_what_counts(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    struct key_policy policy = policy_of(1);
    policy.operations = 1000;
    policy.usages = 0x3f;
    policy.allows_export = policy.allows_wrap = true;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    const uint8_t key = open_for(&bench.card, 1, 1, 0x02, "e");
    assert_listed(&bench.card, 1, 1000);
    assert_string_equal(sw_of(apduf(&bench.card, "8052%02x8103870161", key)), "9000");
    assert_listed(&bench.card, 1, 999);
    assert_string_equal(sw_of(apduf(&bench.card, "8052%02x0103870161", key)), "9000");
    assert_string_equal(sw_of(apduf(&bench.card, "8052%02x4103870161", key)), "9000");
    assert_listed(&bench.card, 1, 999);
    assert_string_equal(apduf(&bench.card,
                              "8052%02xc1038601"
                              "61",
                              key),
                        "6a80"); /* what is refused before costs nothing */
    assert_string_equal(apduf(&bench.card, "8052%02xc203870161", key), "6985");
    assert_listed(&bench.card, 1, 999);
    const uint8_t authentic = open_for(&bench.card, 3, 0, 0x21, "a");
    assert_string_equal(sw_of(apduf(&bench.card, "8054%02x01", authentic)), "9000");
    assert_string_equal(sw_of(apduf(&bench.card, "8054%02x02128810000102030405060708090a0b0c0d0e0f", authentic)),
                        "9000");
    assert_listed(&bench.card, 1, 997);
    const uint8_t exported = open_for(&bench.card, 6, 0, 0x41, "x");
    assert_string_equal(sw_of(apduf(&bench.card, "8058%02x01", exported)), "9000");
    const uint8_t wrapping = open_for(&bench.card, 5, 1, 0x02, "w");
    assert_string_equal(sw_of(apduf(&bench.card, "8058%02x02038b01%02x", wrapping, key)), "9000");
    assert_listed(&bench.card, 1, 995);
    assert_int_equal(close_handle(&bench.card, key), OK);
    assert_string_equal(apdu(&bench.card, "8050000006890108830131"), "9001009000");
    assert_sw(&bench.card, "805200c503870161", "9000");
    assert_sw(&bench.card, "804e0000", "9000");
    assert_listed(&bench.card, 1, 995);
    test_card_end(&bench.card);
}

/* Power cuts lose what was reserved, at most 31, and never give anything back. */
static void test_limit_over_power_cuts(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    struct key_policy policy = policy_of(1);
    policy.operations = 100;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    unsigned done = 0;
    unsigned restarts = 0;
    for (;;) {
        const uint8_t handle = open_for(&bench.card, 2, 1, 0x21, "l");
        const unsigned sw = mac_of_m(&bench.card, handle, NULL);
        if (sw == 0x6983) {
            break;
        }
        assert_int_equal(sw, OK);
        done++;
        test_card_restart(&bench.card);
        enter_usim(&bench.card);
        assert_sw(&bench.card, SELECT_API, "9000");
        restarts++;
        assert_listed(&bench.card, 1, restarts * 32 < 100 ? 100 - restarts * 32 : 0);
    }
    assert_int_equal(done, 4); /* 32 + 32 + 32 + 4 were reserved */
    test_card_end(&bench.card);
}

/* A device cannot shake the limit of an open key off by having its NAF key overwritten. */
static void test_limit_of_lost_entry(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const uint8_t free_handle = open_for(&bench.card, 2, 1, 0x21, "f");
    struct key_policy policy = policy_of(1);
    policy.operations = 10;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    const uint8_t handle = open_for(&bench.card, 2, 1, 0x21, "l");
    assert_int_equal(mac_of_m(&bench.card, handle, NULL), OK);
    open_usim_channel(&bench.card);
    overwrite_naf_keys(&bench.card);
    assert_int_equal(mac_of_m(&bench.card, handle, NULL), 0x6983);
    assert_int_equal(mac_of_m(&bench.card, free_handle, NULL), 0x6983);
    char derive_on_1[] = TEST_DERIVE;
    derive_on_1[1] = '1';
    assert_sw(&bench.card, derive_on_1, "9000"); /* the NAF key anew, without any policy */
    assert_int_equal(mac_of_m(&bench.card, handle, NULL), 0x6983);
    test_card_end(&bench.card);
    begin(&bench);
    const uint8_t unlimited = open_for(&bench.card, 2, 1, 0x21, "f");
    open_usim_channel(&bench.card);
    overwrite_naf_keys(&bench.card);
    assert_int_equal(mac_of_m(&bench.card, unlimited, NULL), OK); /* a key without limit lasts */
    test_card_end(&bench.card);
}

/* Revocations */

static unsigned sw_of_persisted(struct test_card *card, const char *label)
{
    const struct api_response response = open_persisted(card, label);
    if (response.sw == OK) {
        assert_int_equal(close_handle(card, handle_in(&response)), OK);
    }
    return response.sw;
}

static void keep(struct test_card *card, const char *label)
{
    const uint8_t handle = open_for(card, 2, 1, 0x21, label);
    assert_int_equal(persist(card, handle, UINT32_MAX).sw, OK);
    assert_int_equal(close_handle(card, handle), OK);
}

static void test_revoked_naf_key(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    keep(&bench.card, "kept");
    const struct api_response opened = open_persisted(&bench.card, "kept");
    const uint8_t kept = handle_in(&opened);
    const uint8_t derived = open_for(&bench.card, 2, 1, 0x21, "d");
    assert_int_equal(apply_revocation(&bench.card, &bench.root, 1, KEY_REVOCATION_NAF_KEY, ""), OK);
    assert_int_equal(mac_of_m(&bench.card, derived, NULL), 0x6a88);
    assert_int_equal(mac_of_m(&bench.card, kept, NULL), OK);
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), 0x6a88);
    assert_apdu(&bench.card, "80420000", "6a83");
    const struct card_application usim = card_layout_application(&bench.card.uicc.layout, 0);
    const uint8_t *entry = bench.card.uicc.nvm.data + usim.gba + gba_entry_offset(usim.naf_key_count, 0);
    assert_memory_not_equal(entry + GBA_ENTRY_KEY, bench.root.octets, NAF_KEY_SIZE);
    assert_sw(&bench.card, "00a4040c10" USIM_AID, "9000");
    assert_sw(&bench.card, "00a4080c047fff6fda", "9000");
    assert_int_equal(strspn(apdu(&bench.card, "00b20104b4"), "f"), 360);
    assert_sw(&bench.card, TEST_DERIVE, "9000"); /* the same key again: it stays revoked */
    assert_sw(&bench.card, SELECT_API, "9000");
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), 0x6a88);
    test_card_restart(&bench.card);
    enter_usim(&bench.card);
    const struct challenge next = bootstrap(&bench.card, 0x82, 2);
    assert_sw(&bench.card, TEST_DERIVE, "9000"); /* a new one */
    assert_sw(&bench.card, SELECT_API, "9000");
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), OK);
    const struct ks_int_naf new_root = int_key_by(&bench.card, &next, TEST_NAF);
    assert_int_equal(apply_revocation(&bench.card, &new_root, 1, KEY_REVOCATION_NAF_KEY, ""), 0x9865);
    test_card_end(&bench.card);
}

/* A device that derives for other NAFs does not get the entry of a revoked key out of the way. */
static void test_revoked_key_is_not_overwritten(void **state)
{
    (void)state;
    struct bench bench;
    char derive_on_1[] = TEST_DERIVE;
    derive_on_1[1] = '1';
    begin(&bench);
    const struct key_policy old = policy_of(1);
    assert_int_equal(apply_revocation(&bench.card, &bench.root, 2, KEY_REVOCATION_NAF_KEY, ""), OK);
    open_usim_channel(&bench.card);
    overwrite_naf_keys(&bench.card);
    overwrite_naf_keys(&bench.card);
    assert_sw(&bench.card, derive_on_1, "9000");
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), 0x6a88);
    test_card_restart(&bench.card);
    enter_usim(&bench.card);
    (void)bootstrap(&bench.card, 0x82, 2); /* from now on it may go */
    assert_sw(&bench.card, TEST_DERIVE, "9000");
    assert_sw(&bench.card, SELECT_API, "9000");
    assert_int_equal(sw_of_open(&bench.card, 2, 1, 0x21), OK);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &old), 0x9862); /* of the key that is gone */
    test_card_end(&bench.card);
}

/* Entries of revoked keys fill the memory at worst: then nothing is derived before the next bootstrapping. */
static void test_only_revoked_keys(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const struct card_application usim = card_layout_application(&bench.card.uicc.layout, 0);
    open_usim_channel(&bench.card);
    overwrite_naf_keys(&bench.card);
    for (uint8_t i = 0; i < usim.naf_key_count; i++) {
        nvm_begin(&bench.card.uicc.nvm);
        assert_ok(gba_change_revoked(&bench.card.uicc, &usim, i));
        assert_ok(nvm_commit(&bench.card.uicc.nvm));
    }
    char derive_on_1[] = TEST_DERIVE;
    derive_on_1[1] = '1';
    assert_sw(&bench.card, derive_on_1, "9866");
    test_card_restart(&bench.card);
    enter_usim(&bench.card);
    (void)bootstrap(&bench.card, 0x82, 2);
    assert_sw(&bench.card, TEST_DERIVE, "9000");
    test_card_end(&bench.card);
}

/* Nor is a limit shaken off by keeping the key, before the policy or under it, and losing its rules. */
static void test_limit_of_persisted_keys(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    keep(&bench.card, "before");
    struct key_policy policy = policy_of(1);
    policy.operations = 3;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    keep(&bench.card, "under");
    const uint8_t spent = open_for(&bench.card, 2, 1, 0x21, "spent");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mac_of_m(&bench.card, spent, NULL), OK);
    }
    assert_int_equal(mac_of_m(&bench.card, spent, NULL), 0x6983);
    assert_int_equal(persist(&bench.card, spent, UINT32_MAX).sw, 0x6983);
    open_usim_channel(&bench.card);
    overwrite_naf_keys(&bench.card);
    assert_int_equal(persist(&bench.card, spent, UINT32_MAX).sw, 0x6983);
    static const char *const labels[] = {"before", "under"};
    for (size_t i = 0; i < 2; i++) {
        const struct api_response opened = open_persisted(&bench.card, labels[i]);
        assert_int_equal(mac_of_m(&bench.card, handle_in(&opened), NULL), 0x6983);
    }
    test_card_end(&bench.card);
}

static void test_revoked_persisted_keys(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    keep(&bench.card, "one");
    keep(&bench.card, "two");
    keep(&bench.card, "three");
    struct api_response one = open_persisted(&bench.card, "one");
    struct api_response two = open_persisted(&bench.card, "two");
    assert_int_equal(apply_revocation(&bench.card, &bench.root, 1, KEY_REVOCATION_PERSISTED_KEYS, "one"), OK);
    assert_int_equal(mac_of_m(&bench.card, handle_in(&one), NULL), 0x6a88);
    assert_int_equal(mac_of_m(&bench.card, handle_in(&two), NULL), OK);
    assert_int_equal(sw_of_persisted(&bench.card, "one"), 0x6a88);
    assert_int_equal(sw_of_persisted(&bench.card, "two"), OK);
    const uint8_t derived = open_for(&bench.card, 2, 1, 0x21, "d");
    assert_int_equal(apply_revocation(&bench.card, &bench.root, 2, KEY_REVOCATION_PERSISTED_KEYS, ""), OK);
    assert_int_equal(sw_of_persisted(&bench.card, "two"), 0x6a88);
    assert_int_equal(sw_of_persisted(&bench.card, "three"), 0x6a88);
    assert_int_equal(mac_of_m(&bench.card, handle_in(&two), NULL), 0x6a88);
    assert_int_equal(mac_of_m(&bench.card, derived, NULL), OK);
    keep(&bench.card, "four");
    assert_int_equal(
        apply_revocation(&bench.card, &bench.root, 3, KEY_REVOCATION_PERSISTED_KEYS | KEY_REVOCATION_NAF_KEY, ""), OK);
    assert_int_equal(sw_of_persisted(&bench.card, "four"), 0x6a88);
    assert_int_equal(mac_of_m(&bench.card, derived, NULL), 0x6a88);
    test_card_end(&bench.card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_default_policy),
        cmocka_unit_test(test_policy_is_kept_to),
        cmocka_unit_test(test_rollback),
        cmocka_unit_test(test_forged_ruling),
        cmocka_unit_test(test_refused_apply),
        cmocka_unit_test(test_policy_is_sticky),
        cmocka_unit_test(test_limit_is_exact),
        cmocka_unit_test(test_what_counts),
        cmocka_unit_test(test_limit_over_power_cuts),
        cmocka_unit_test(test_limit_of_lost_entry),
        cmocka_unit_test(test_revoked_naf_key),
        cmocka_unit_test(test_revoked_key_is_not_overwritten),
        cmocka_unit_test(test_only_revoked_keys),
        cmocka_unit_test(test_limit_of_persisted_keys),
        cmocka_unit_test(test_revoked_persisted_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
