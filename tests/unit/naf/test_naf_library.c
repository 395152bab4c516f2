/* test_naf_library.c: the calls of gbau/naf.h without a BSF: keys handed in, key calls against a card, policies. */
#include "../key/local_ends.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include "gbau/naf.h"
#include "key/key_policy.h"

static const uint8_t ua[5] = {0xff, 0x67, 0x62, 0x00, 0x01};
static const uint8_t other_ua[5] = {0xff, 0x67, 0x62, 0x00, 0x02};

/* Both ends: a card of local keys, and a NAF by its library. */
static struct gbau_naf *naf;

static enum gbau_status open_at_naf(void *context, const struct gbau_key_request *request, struct gbau_key **key)
{
    (void)context;
    return gbau_naf_key_open(naf, B_TID, ua, NULL, 0, request, key);
}

static struct local_ends *local_of_state(void **state)
{
    return ((struct key_ends *)*state)->context;
}

static int open_ends(void **state)
{
    assert_int_equal(open_local_ends(state), 0);
    ((struct key_ends *)*state)->open_naf = open_at_naf;
    assert_ok(gbau_naf_open_offline("naf.example.com", &naf));
    assert_ok(gbau_naf_add_key(naf, B_TID, ua, local_of_state(state)->int_key.octets, 60));
    return 0;
}

static int close_ends(void **state)
{
    gbau_naf_close(naf);
    return close_local_ends(state);
}

#define naf_test(function) cmocka_unit_test_setup_teardown((function), open_ends, close_ends)

static enum gbau_status try_open(const char *b_tid, const uint8_t *of_ua)
{
    struct gbau_key *key = NULL;
    const struct gbau_key_request request = request_of(GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    const enum gbau_status status = gbau_naf_key_open(naf, b_tid, of_ua, NULL, 0, &request, &key);
    gbau_key_close(key);
    return status;
}

static void test_which_keys_there_are(void **state)
{
    assert_ok(try_open(B_TID, ua));
    assert_status(try_open("other@bsf", ua), GBAU_E_NOT_FOUND);
    assert_status(try_open(B_TID, other_ua), GBAU_E_NOT_FOUND);
    assert_ok(gbau_naf_add_key(naf, B_TID, other_ua, local_of_state(state)->int_key.octets, 60));
    assert_ok(try_open(B_TID, other_ua));
    assert_ok(gbau_naf_add_key(naf, "short@bsf", ua, local_of_state(state)->int_key.octets, 0));
    assert_status(try_open("short@bsf", ua), GBAU_E_EXPIRED);
    assert_ok(gbau_naf_add_key(naf, "short@bsf", ua, local_of_state(state)->int_key.octets, 60));
    assert_ok(try_open("short@bsf", ua));
}

/* Offline nothing can be asked for again, so nothing may be lost. */
static void test_room_for_many(void **state)
{
    char b_tid[32];
    for (unsigned i = 0; i < 2000; i++) {
        (void)snprintf(b_tid, sizeof b_tid, "%u@bsf", i);
        assert_ok(gbau_naf_add_key(naf, b_tid, ua, local_of_state(state)->int_key.octets, 60));
    }
    for (unsigned i = 0; i < 2000; i++) {
        (void)snprintf(b_tid, sizeof b_tid, "%u@bsf", i);
        assert_ok(try_open(b_tid, ua));
    }
}

static void test_arguments(void **state)
{
    (void)state;
    static const uint8_t key[32];
    char too_long[257];
    struct gbau_naf *opened = NULL;
    struct gbau_key *made = NULL;
    memset(too_long, 'x', sizeof too_long);
    too_long[256] = '\0';
    const char *const b_tids[] = {NULL, "", "a#b", "a\"b", "a\\b", "a\nb", "\xc3\xa4", too_long};
    for (size_t i = 0; i < COUNT_OF(b_tids); i++) {
        assert_status(gbau_naf_add_key(naf, b_tids[i], ua, key, 60), GBAU_E_ARGUMENT);
        assert_status(try_open(b_tids[i], ua), GBAU_E_ARGUMENT);
    }
    assert_status(gbau_naf_add_key(NULL, B_TID, ua, key, 60), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_add_key(naf, B_TID, NULL, key, 60), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_add_key(naf, B_TID, ua, NULL, 60), GBAU_E_ARGUMENT);
    assert_status(try_open(B_TID, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_key_open(naf, B_TID, ua, NULL, 0, NULL, &made), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_open_offline(NULL, &opened), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_open_offline("", &opened), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_open_offline(too_long, &opened), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_open(NULL, 1, &opened), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_open("/no/such/file", 1, &opened), GBAU_E_NOT_FOUND);
    assert_null(opened);
    gbau_naf_close(NULL);
}

static void test_callers(void **state)
{
    static const uint8_t applet[] = {0xa0, 1, 2, 3, 4, 5};
    struct local_ends *local = local_of_state(state);
    struct gbau_key *card = NULL;
    struct gbau_key *key = NULL;
    const struct gbau_key_request request = request_of(GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    local->card.caller = octets_of(applet, sizeof applet);
    assert_ok(local_key_open(&local->card, &request, &card));
    assert_ok(gbau_naf_key_open(naf, B_TID, ua, applet, sizeof applet, &request, &key));
    assert_true(opens(card, key));
    gbau_key_close(key);
    assert_ok(open_at_naf(NULL, &request, &key));
    assert_false(opens(card, key));
    gbau_key_close(key);
    gbau_key_close(card);
    assert_status(gbau_naf_key_open(naf, B_TID, ua, applet, 4, &request, &key), GBAU_E_ARGUMENT);
}

/* Names in messages */

static void test_message_names(void **state)
{
    uint8_t message[600];
    size_t length = 0;
    char b_tid[256] = "";
    char label[65] = "";
    enum gbau_algorithm algorithm = 0;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
    assert_ok(gbau_key_seal(pair.card, NULL, 0, "x", 1, message, sizeof message, &length));
    assert_ok(gbau_naf_message_names(message, length, b_tid, label, &algorithm));
    assert_string_equal(b_tid, B_TID);
    assert_string_equal(label, "label");
    assert_int_equal(algorithm, GBAU_AES_256_GCM);
    memset(message + length, 0xa5, 10); /* what follows in a stream */
    assert_ok(gbau_naf_message_names(message, length + 10, b_tid, label, NULL));
    assert_status(gbau_naf_message_names(message, length - 1, b_tid, label, NULL), GBAU_E_MALFORMED);
    assert_status(gbau_naf_message_names(NULL, 1, b_tid, label, NULL), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_message_names(message, 0, b_tid, label, NULL), GBAU_E_MALFORMED);
    close_pair(&pair);
    pair = open_pair_of(*state, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256);
    b_tid[0] = '\0';
    assert_ok(gbau_key_protect(pair.card, "x", 1, message, sizeof message, &length));
    assert_ok(gbau_naf_message_names(message, length, b_tid, label, NULL));
    assert_string_equal(b_tid, B_TID);
    close_pair(&pair);
}

/* Policies and revocations, read as the card reads them */

static void verify_object(void **state, const uint8_t *octets, size_t length, uint8_t tag, struct octets *value)
{
    struct local_ends *local = local_of_state(state);
    const size_t object_length = length - 2 - KEY_POLICY_MAC_SIZE;
    assert_int_equal(octets[0], tag);
    assert_int_equal(octets[1], object_length - 2); /* all of these are short */
    assert_octets(octets_of(octets + object_length, 2), "8e20");
    struct crypto *crypto = crypto_pool_borrow(local->cryptos);
    assert_ok(key_policy_verify(crypto, &local->int_key, octets_of(octets, object_length),
                                octets_of(octets + object_length + 2, KEY_POLICY_MAC_SIZE)));
    crypto_pool_return(local->cryptos, crypto);
    *value = octets_of(octets + 2, object_length - 2);
}

static void test_policy(void **state)
{
    static const uint8_t applet[] = {0xa0, 1, 2, 3, 4, 5};
    static const uint8_t algorithms[] = {GBAU_AES_256_GCM, GBAU_HMAC_SHA256, GBAU_KDF};
    const struct gbau_policy policy = {.version = 7,
                                       .usages = 0x29,
                                       .algorithms = algorithms,
                                       .algorithm_count = sizeof algorithms,
                                       .allows_export = true,
                                       .operations = 1000,
                                       .callers = {NULL, applet},
                                       .caller_lengths = {0, sizeof applet}};
    uint8_t out[GBAU_POLICY_MAX];
    size_t length = 0;
    struct octets value;
    struct key_policy read;
    assert_ok(gbau_naf_make_policy(naf, B_TID, ua, &policy, out, sizeof out, &length));
    verify_object(state, out, length, KEY_POLICY_TAG, &value);
    assert_ok(key_policy_read(value, &read));
    assert_int_equal(read.version, 7);
    assert_int_equal(read.usages, 0x29);
    assert_true(read.allows_export && !read.allows_wrap);
    assert_int_equal(read.operations, 1000);
    assert_int_equal(read.caller_count, 1);
    assert_memory_equal(read.callers[0].aid, applet, sizeof applet);
    assert_true(key_policy_permits(&read, octets_of(applet, sizeof applet), KEY_USAGE_EXPORT, KEY_ALGORITHM_KDF));
    assert_false(
        key_policy_permits(&read, octets_of(applet, sizeof applet), KEY_USAGE_ENCRYPT, KEY_ALGORITHM_AES_128_GCM));
    for (size_t capacity = 0; capacity < length; capacity++) {
        assert_status(gbau_naf_make_policy(naf, B_TID, ua, &policy, out, capacity, &(size_t){0}), GBAU_E_SPACE);
    }
    assert_status(gbau_naf_make_policy(naf, "other@bsf", ua, &policy, out, sizeof out, &length), GBAU_E_NOT_FOUND);
}

static void test_policies_out_of_range(void **state)
{
    (void)state;
    static const uint8_t none[] = {0x77};
    uint8_t out[GBAU_POLICY_MAX];
    size_t length = 0;
    const struct gbau_policy good = {.version = 1, .usages = 0x0f, .operations = UINT32_MAX};
    assert_ok(gbau_naf_make_policy(naf, B_TID, ua, &good, out, sizeof out, &length));
    struct gbau_policy bad[] = {good, good, good, good, good};
    bad[0].version = 0;
    bad[1].usages = 0x40;
    bad[2].algorithms = none;
    bad[2].algorithm_count = 1;
    bad[3].algorithms = none; /* an empty list allows nothing */
    bad[4].callers[0] = none;
    bad[4].caller_lengths[0] = 1;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_status(gbau_naf_make_policy(naf, B_TID, ua, &bad[i], out, sizeof out, &length), GBAU_E_ARGUMENT);
    }
    assert_status(gbau_naf_make_policy(naf, B_TID, ua, NULL, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_make_policy(naf, B_TID, ua, &good, NULL, 9, &length), GBAU_E_ARGUMENT);
}

static void test_revocation(void **state)
{
    uint8_t out[GBAU_POLICY_MAX];
    size_t length = 0;
    struct octets value;
    struct key_revocation read;
    assert_ok(
        gbau_naf_make_revocation(naf, B_TID, ua, 8, GBAU_REVOKE_PERSISTED_KEYS, "door", out, sizeof out, &length));
    verify_object(state, out, length, KEY_REVOCATION_TAG, &value);
    assert_ok(key_revocation_read(value, &read));
    assert_int_equal(read.version, 8);
    assert_int_equal(read.scope, KEY_REVOCATION_PERSISTED_KEYS);
    assert_true(octets_equal(read.label, octets_of_text("door")));
    assert_status(gbau_naf_make_revocation(naf, B_TID, ua, 8, 0, NULL, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_make_revocation(naf, B_TID, ua, 8, 4, NULL, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_make_revocation(naf, B_TID, ua, 0, 1, NULL, out, sizeof out, &length), GBAU_E_ARGUMENT);
    assert_status(gbau_naf_make_revocation(naf, B_TID, ua, 8, 1, "", out, sizeof out, &length), GBAU_E_ARGUMENT);
}

/* A card without the policy that the NAF set, or with another, does not authenticate. */
static void test_expected_policy(void **state)
{
    struct local_ends *local = local_of_state(state);
    static const uint32_t versions[][2] = {{0, 0}, {7, 7}, {7, 0}, {0, 7}, {7, 8}}; /* of NAF and card */
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        assert_ok(gbau_naf_expect_policy(naf, B_TID, ua, versions[i][0]));
        local->card.policy_version = versions[i][1];
        const bool right = versions[i][0] == versions[i][1];
        struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
        struct gbau_key *const ends[2][2] = {{pair.card, pair.naf}, {pair.naf, pair.card}};
        for (size_t order = 0; order < 2; order++) {
            struct run run;
            begin_and_answer(&run, ends[order][0], ends[order][1]);
            assert_status(finish_run(&run, ends[order][0]), right ? GBAU_OK : GBAU_E_AUTHENTICATION);
            gbau_key_close(run.initiator_session);
        }
        close_pair(&pair);
    }
    assert_status(gbau_naf_expect_policy(naf, "other@bsf", ua, 1), GBAU_E_NOT_FOUND);
}

/* What is expected outlives the key in the cache. */
static void test_expectations_are_not_driven_out(void **state)
{
    char b_tid[32];
    struct local_ends *local = local_of_state(state);
    assert_ok(gbau_naf_expect_policy(naf, B_TID, ua, 7));
    for (unsigned i = 0; i < 10000; i++) {
        (void)snprintf(b_tid, sizeof b_tid, "%u@bsf", i);
        assert_ok(gbau_naf_add_key(naf, b_tid, ua, local->int_key.octets, 600));
    }
    assert_ok(gbau_naf_add_key(naf, B_TID, ua, local->int_key.octets, 60));
    struct run run;
    struct key_pair pair = open_pair_of(*state, GBAU_USAGE_AUTHENTICATE, GBAU_NO_DIRECTION, GBAU_HMAC_SHA256);
    begin_and_answer(&run, pair.naf, pair.card);
    assert_status(finish_run(&run, pair.naf), GBAU_E_AUTHENTICATION);
    close_pair(&pair);
}

/* Threads with keys of their own, and all calls of the NAF at once. */

enum { THREADS = 4, ROUNDS = 200 };

static void *work(void *context)
{
    for (size_t i = 0; i < ROUNDS; i++) {
        uint8_t out[GBAU_POLICY_MAX];
        size_t length = 0;
        const struct gbau_policy policy = {.version = 1, .usages = 0x0f, .operations = UINT32_MAX};
        struct key_pair pair = open_pair_of(context, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM);
        assert_true(opens(pair.card, pair.naf));
        close_pair(&pair);
        assert_ok(gbau_naf_expect_policy(naf, B_TID, ua, (uint32_t)i));
        assert_ok(gbau_naf_make_policy(naf, B_TID, ua, &policy, out, sizeof out, &length));
        assert_ok(gbau_naf_add_key(naf, "more@bsf", ua, out, 60));
    }
    return NULL;
}

static void test_threads(void **state)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work, *state), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        KEY_CALLS_COMMON_TESTS(open_ends, close_ends),
        naf_test(test_which_keys_there_are),
        naf_test(test_room_for_many),
        naf_test(test_arguments),
        naf_test(test_callers),
        naf_test(test_message_names),
        naf_test(test_policy),
        naf_test(test_policies_out_of_range),
        naf_test(test_revocation),
        naf_test(test_expected_policy),
        naf_test(test_expectations_are_not_driven_out),
        naf_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
