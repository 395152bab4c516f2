/*
 * test_api_authenticate.c: mutual authentication against the key room as the NAF, in both roles: both ends get one session
 * key; another key, version or B-TID, and messages out of turn, give none.
 */
#include "api_testing.h"
#include "key/key_authentication.h"

enum { OK = 0x9000 };

struct bench {
    struct test_card card;
    struct ks_int_naf root;
    struct application_key key; /* the NAF's */
    struct key_authentication naf;
    struct key_authentication_binding binding; /* as the NAF assumes it */
    uint8_t handle;
};

/* The card's NAF key has the B-TID b-t. */
static void begin(struct bench *bench, unsigned algorithm)
{
    const struct challenge challenge = begin_api(&bench->card);
    assert_sw(&bench->card, "00a4040c10" USIM_AID, "9000");
    assert_sw(&bench->card, TEST_SELECT_GBABP, "9000");
    assert_sw(&bench->card, "00d6001105" "03622d74" "00", "9000");
    assert_sw(&bench->card, TEST_DERIVE, "9000");
    assert_sw(&bench->card, SELECT_API, "9000");
    bench->root = int_key_by(&bench->card, &challenge, TEST_NAF);
    bench->key = key_for(&bench->card, &bench->root, 3, 0, algorithm, "auth");
    bench->binding = (struct key_authentication_binding){.b_tid = octets_of_text("b-t")};
    bench->handle = open_for(&bench->card, 3, 0, algorithm, "auth");
}

static struct api_response send(struct bench *bench, uint8_t message, struct octets nonce, struct octets mac)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_AUTHENTICATE_KEY, bench->handle, message);
    if (nonce.data != NULL) {
        command_put(&command, API_TAG_NONCE, nonce);
    }
    if (mac.data != NULL) {
        command_put(&command, API_TAG_AUTHENTICATOR, mac);
    }
    return command_run(&bench->card, &command);
}

static const struct octets absent = {0};

/* The session keys agree when a child of each makes the same MAC. */
static void assert_same_session(struct bench *bench, const struct api_response *response,
                                const struct application_key *session)
{
    uint8_t mac[MAC_MAX_SIZE];
    struct application_key child;
    const struct octets m = octets_of_text("m");
    const struct application_key_description description = {.usage = KEY_USAGE_MAC,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text("c")};
    test_card_add_secret(&bench->card, session->octets, sizeof session->octets);
    const char *derived =
        apduf(&bench->card, "8056%02x000c89010282010183012184016300", handle_in(response));
    unsigned handle = 99;
    assert_int_equal(sscanf(derived, "9001%2x9000", &handle), 1);
    assert_int_equal(mac_of_m(&bench->card, (uint8_t)handle, mac), OK);
    assert_ok(application_key_derive_child(&bench->card.crypto, session, &description, &child));
    assert_ok(application_key_verify(&bench->card.crypto, &child, &m, 1, octets_of(mac, 32)));
    assert_int_equal(close_handle(&bench->card, (uint8_t)handle), OK);
    assert_int_equal(close_handle(&bench->card, handle_in(response)), OK);
}

/* The card begins. Gives the status word of its last message. */
static unsigned run_from_card(struct bench *bench)
{
    uint8_t nonce[16];
    uint8_t mac[MAC_MAX_SIZE];
    struct application_key session;
    const struct api_response begun = send(bench, API_AUTHENTICATE_BEGIN, absent, absent);
    assert_int_equal(begun.sw, OK);
    const struct octets initiator_nonce = object_in(&begun, API_TAG_NONCE);
    assert_int_equal(initiator_nonce.length, 16);
    assert_ok(key_authentication_answer(&bench->naf, &bench->card.crypto, &bench->key, &bench->binding,
                                        initiator_nonce.data, nonce, mac));
    const size_t size = application_key_tag_size(&bench->key);
    const struct api_response finished =
        send(bench, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, size));
    if (finished.sw == OK) {
        assert_ok(key_authentication_confirm(&bench->naf, &bench->card.crypto, &bench->key, &bench->binding,
                                             object_in(&finished, API_TAG_AUTHENTICATOR), &session));
        assert_same_session(bench, &finished, &session);
    }
    return finished.sw;
}

/* The NAF begins. GBAU_OK and 9000, or what went wrong at the NAF, which sees the card's MAC first. */
static enum gbau_status run_from_naf(struct bench *bench, uint32_t version_of_card)
{
    uint8_t nonce[16];
    uint8_t mac[MAC_MAX_SIZE];
    struct application_key session;
    assert_ok(key_authentication_begin(&bench->naf, &bench->card.crypto, &bench->key, nonce));
    const struct api_response answered = send(bench, API_AUTHENTICATE_ANSWER, octets_of(nonce, 16), absent);
    assert_int_equal(answered.sw, OK);
    struct octet_reader version = octet_reader_of(object_in(&answered, API_TAG_POLICY_VERSION));
    assert_int_equal(octet_reader_u32(&version), version_of_card);
    const enum gbau_status status = key_authentication_finish(
        &bench->naf, &bench->card.crypto, &bench->key, &bench->binding, object_in(&answered, API_TAG_NONCE).data,
        object_in(&answered, API_TAG_AUTHENTICATOR), mac, &session);
    if (status == GBAU_OK) {
        const size_t size = application_key_tag_size(&bench->key);
        const struct api_response confirmed =
            send(bench, API_AUTHENTICATE_CONFIRM, absent, octets_of(mac, size));
        assert_int_equal(confirmed.sw, OK);
        assert_same_session(bench, &confirmed, &session);
    }
    return status;
}

static void test_both_roles(void **state)
{
    (void)state;
    for (unsigned algorithm = KEY_ALGORITHM_HMAC_SHA256; algorithm <= KEY_ALGORITHM_SM4_CMAC; algorithm++) {
        struct bench bench;
        begin(&bench, algorithm);
        for (unsigned round = 0; round < 3; round++) {
            assert_int_equal(run_from_card(&bench), OK);
            assert_ok(run_from_naf(&bench, 0));
        }
        test_card_end(&bench.card);
    }
}

static void test_binding(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench, KEY_ALGORITHM_HMAC_SHA256);
    bench.binding.policy_version = 1; /* the NAF has set a policy, and the device has not brought it */
    assert_int_equal(run_from_card(&bench), 0x9862);
    assert_int_equal(run_from_naf(&bench, 0), GBAU_E_AUTHENTICATION);
    const struct key_policy policy = policy_of(1);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    assert_int_equal(run_from_card(&bench), OK);
    assert_ok(run_from_naf(&bench, 1));
    bench.binding.b_tid = octets_of_text("b-u");
    assert_int_equal(run_from_card(&bench), 0x9862);
    assert_int_equal(run_from_naf(&bench, 1), GBAU_E_AUTHENTICATION);
    bench.binding.b_tid = octets_of_text("b-t");
    bench.key.octets[0] ^= 1;
    assert_int_equal(run_from_card(&bench), 0x9862);
    test_card_end(&bench.card);
}

/* A policy that comes in the middle of a run ends it: both ends would bind another version. */
static void test_policy_in_between(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t nonce[16];
    uint8_t mac[MAC_MAX_SIZE];
    begin(&bench, KEY_ALGORITHM_HMAC_SHA256);
    const struct api_response begun = send(&bench, API_AUTHENTICATE_BEGIN, absent, absent);
    assert_ok(key_authentication_answer(&bench.naf, &bench.card.crypto, &bench.key, &bench.binding,
                                        object_in(&begun, API_TAG_NONCE).data, nonce, mac));
    const struct key_policy policy = policy_of(1);
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, 32)).sw, 0x9862);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, 32)).sw, 0x6985);
    test_card_end(&bench.card);
}

static void test_out_of_turn(void **state)
{
    (void)state;
    static const uint8_t zeros[32];
    const struct octets nonce = octets_of(zeros, 16);
    const struct octets mac = octets_of(zeros, 32);
    struct bench bench;
    begin(&bench, KEY_ALGORITHM_HMAC_SHA256);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, nonce, mac).sw, 0x6985);
    assert_int_equal(send(&bench, API_AUTHENTICATE_CONFIRM, absent, mac).sw, 0x6985);
    assert_int_equal(send(&bench, API_AUTHENTICATE_BEGIN, absent, absent).sw, OK);
    assert_int_equal(send(&bench, API_AUTHENTICATE_CONFIRM, absent, mac).sw, 0x6985); /* the other role */
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, nonce, mac).sw, 0x9862);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, nonce, mac).sw, 0x6985); /* the run has ended */
    assert_int_equal(send(&bench, API_AUTHENTICATE_ANSWER, nonce, absent).sw, OK);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, nonce, mac).sw, 0x6985);
    assert_int_equal(send(&bench, API_AUTHENTICATE_CONFIRM, absent, octets_of(zeros, 16)).sw, 0x9862);
    assert_int_equal(send(&bench, API_AUTHENTICATE_CONFIRM, absent, mac).sw, 0x6985);
    test_card_end(&bench.card);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *header, *data, *sw;
    } cases[] = {
        {"80540000", "", "6a86"},
        {"80540005", "", "6a86"},
        {"805400ff", "", "6a86"},
        {"80540001", "881000000000000000000000000000000000", "6a80"},
        {"80540002", "880c000000000000000000000000", "6a80"}, /* nonces have 16 octets here */
        {"80540002", "880a00000000000000000000", "6a80"},
        {"80540003", "881000000000000000000000000000000000", "6a80"},
        {"80540004", "8e0401020304", "6a80"},
        {"80540101", "", "6985"}, /* a key of usage mac */
        {"80540401", "", "6a88"},
    };
    struct bench bench;
    begin(&bench, KEY_ALGORITHM_HMAC_SHA256);
    assert_int_equal(open_for(&bench.card, 2, 1, 0x21, "m"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *response = cases[i].data[0] == '\0' ? apdu(&bench.card, cases[i].header)
                                                        : apdu_with(&bench.card, cases[i].header, cases[i].data);
        if (strcmp(response, cases[i].sw) != 0) {
            fail_msg("%s %s gives %s", cases[i].header, cases[i].data, response);
        }
    }
    test_card_end(&bench.card);
}

/* Without a free handle the run waits until there is one. */
static void test_no_handle(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t nonce[16];
    uint8_t mac[MAC_MAX_SIZE];
    begin(&bench, KEY_ALGORITHM_HMAC_SHA256);
    for (unsigned i = 1; i < API_SESSIONS; i++) {
        (void)open_for(&bench.card, 2, 1, 0x21, "m");
    }
    const struct api_response begun = send(&bench, API_AUTHENTICATE_BEGIN, absent, absent);
    assert_ok(key_authentication_answer(&bench.naf, &bench.card.crypto, &bench.key, &bench.binding,
                                        object_in(&begun, API_TAG_NONCE).data, nonce, mac));
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, 32)).sw, 0x6a84);
    assert_int_equal(close_handle(&bench.card, 3), OK);
    assert_int_equal(send(&bench, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, 32)).sw, OK);
    test_card_end(&bench.card);
}

/* A run belongs to its handle: messages on others do not disturb it. */
static void test_runs_are_apart(void **state)
{
    (void)state;
    struct bench one;
    begin(&one, KEY_ALGORITHM_HMAC_SHA256);
    uint8_t nonce[16];
    uint8_t mac[MAC_MAX_SIZE];
    const struct api_response begun = send(&one, API_AUTHENTICATE_BEGIN, absent, absent);
    assert_ok(key_authentication_answer(&one.naf, &one.card.crypto, &one.key, &one.binding,
                                        object_in(&begun, API_TAG_NONCE).data, nonce, mac));
    const uint8_t first = one.handle;
    one.handle = open_for(&one.card, 3, 0, KEY_ALGORITHM_HMAC_SHA256, "auth");
    struct key_authentication kept = one.naf;
    assert_int_equal(run_from_card(&one), OK);
    one.naf = kept;
    one.handle = first;
    assert_int_equal(send(&one, API_AUTHENTICATE_FINISH, octets_of(nonce, 16), octets_of(mac, 32)).sw, OK);
    test_card_end(&one.card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_roles),        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_policy_in_between), cmocka_unit_test(test_out_of_turn),
        cmocka_unit_test(test_refused),           cmocka_unit_test(test_no_handle),
        cmocka_unit_test(test_runs_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
