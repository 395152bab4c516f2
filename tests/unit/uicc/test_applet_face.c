/*
 * test_applet_face.c: the API's C face for applets does what its APDUs do: mutual authentication in both roles against
 * the key room as the NAF, keys that move, lists, numbers. The test runs inside an applet's command.
 */
#include "api_testing.h"
#include "key/key_authentication.h"
#include "uicc/pin.h"

enum { OK = 0x9000 };

#define APPLET_AID "f066616365" /* F0 face */

static const uint8_t applet_aid[] = {0xf0, 'f', 'a', 'c', 'e'};
static uint8_t naf_id[64];
static size_t naf_id_length;

struct bench;
typedef void script(struct bench *bench, struct gbau_api *api);

struct bench {
    struct test_card card;
    struct ks_int_naf root;
    struct gbau_applet applet;
    script *script;
};

static uint16_t run_script(void *context, struct gbau_api *api, const struct gbau_applet_command *command,
                           struct gbau_applet_response *response)
{
    struct bench *bench = context;
    (void)command;
    response->length = 0;
    bench->script(bench, api);
    return OK;
}

/* The applet's line beside that of the API's own applet. */
static void write_line(struct test_card *card)
{
    char update[300];
    char line[80];
    (void)snprintf(line, sizeof line, "801905" APPLET_AID "%02zx" TEST_NAF, strlen(TEST_NAF) / 2);
    (void)snprintf(line + 2, 3, "%02zx", strlen(line + 4) / 2);
    line[4] = '0';
    memset(update, 'f', sizeof update);
    memcpy(update, "00dc020478", 10);
    memcpy(update + 10, line, strlen(line));
    update[10 + 240] = '\0';
    enter_usim(card);
    assert_sw(card, "0020000a08" TEST_ADM, "9000");
    assert_sw(card, "00a4080c047fff6f0a", "9000");
    assert_sw(card, update, "9000");
}

/* A card with a NAF key, on which a script runs as the applet. */
static void begin(struct bench *bench)
{
    memset(bench, 0, sizeof *bench);
    naf_id_length = strlen(TEST_NAF) / 2;
    from_hex(TEST_NAF, naf_id, naf_id_length);
    test_card_begin(&bench->card);
    write_line(&bench->card);
    bench->applet = (struct gbau_applet){applet_aid, sizeof applet_aid, run_script, bench};
    uicc_power_off(&bench->card.uicc);
    assert_ok(uicc_power_on_with_applets(&bench->card.uicc, &bench->card.storage, &bench->card.crypto, &bench->applet,
                                         1));
    enter_usim(&bench->card);
    const struct challenge challenge = bootstrap(&bench->card, 0x81, 1);
    assert_sw(&bench->card, TEST_DERIVE, "9000");
    bench->root = int_key_by(&bench->card, &challenge, TEST_NAF);
}

static void run(struct bench *bench, script *chosen)
{
    bench->script = chosen;
    assert_sw(&bench->card, "0070000001", "9000");
    assert_sw(&bench->card, "01a4040c05" APPLET_AID, "9000");
    assert_sw(&bench->card, "81010000", "9000");
    assert_sw(&bench->card, "00708001", "9000");
}

static struct gbau_api_request request_of(unsigned usage, unsigned direction, unsigned algorithm, const char *label)
{
    return (struct gbau_api_request){.naf_id = naf_id,
                                     .naf_id_length = naf_id_length,
                                     .usage = (uint8_t)usage,
                                     .direction = (uint8_t)direction,
                                     .algorithm = (uint8_t)algorithm,
                                     .label = (const uint8_t *)label,
                                     .label_length = strlen(label)};
}

static uint8_t open_handle(struct gbau_api *api, unsigned usage, unsigned direction, unsigned algorithm,
                           const char *label)
{
    const struct gbau_api_request request = request_of(usage, direction, algorithm, label);
    uint8_t handle = 0xff;
    assert_int_equal(gbau_api_open(api, &request, &handle), OK);
    return handle;
}

/* The key that the NAF has for this applet. */
static struct application_key naf_key(struct bench *bench, unsigned usage, unsigned direction, unsigned algorithm,
                                      const char *label)
{
    const struct application_key_description description = {.usage = (enum key_usage)usage,
                                                            .direction = (enum key_direction)direction,
                                                            .algorithm = (enum key_algorithm)algorithm,
                                                            .label = octets_of_text(label),
                                                            .caller = octets_of(applet_aid, sizeof applet_aid)};
    struct application_key key;
    assert_ok(application_key_derive(&bench->card.crypto, &bench->root, &description, &key));
    return key;
}

static void allow_all(struct bench *bench, struct gbau_api *api)
{
    uint8_t object[KEY_POLICY_OBJECT_MAX];
    uint8_t mac[KEY_POLICY_MAC_SIZE];
    struct key_policy policy = key_policy_default;
    policy.version = 1;
    policy.usages = 0x3f;
    policy.allows_export = true;
    policy.allows_wrap = true;
    struct octet_writer writer = octet_writer_of(object, sizeof object);
    key_policy_write(&writer, &policy);
    assert_ok(key_policy_mac(&bench->card.crypto, &bench->root, octets_written(&writer), mac));
    assert_int_equal(gbau_api_apply(api, naf_id, naf_id_length, object, writer.length, mac), OK);
}

/* The session key of the card and that of the NAF give one child. */
static void assert_same_session(struct bench *bench, struct gbau_api *api, uint8_t session_handle,
                                const struct application_key *session)
{
    const struct gbau_api_request request = request_of(KEY_USAGE_MAC, 1, KEY_ALGORITHM_HMAC_SHA256, "child");
    const struct application_key_description description = {.usage = KEY_USAGE_MAC,
                                                            .direction = KEY_DIRECTION_CARD_TO_NAF,
                                                            .algorithm = KEY_ALGORITHM_HMAC_SHA256,
                                                            .label = octets_of_text("child"),
                                                            .caller = octets_of(applet_aid, sizeof applet_aid)};
    const struct gbau_api_block block = {
        .operation = GBAU_API_MAC, .is_first = true, .is_last = true, .text = naf_id, .text_length = naf_id_length};
    const struct octets text = octets_of(naf_id, naf_id_length);
    struct application_key child;
    struct gbau_api_output output;
    uint8_t handle = 0;
    uint8_t mac[MAC_MAX_SIZE];
    assert_int_equal(gbau_api_derive(api, session_handle, &request, &handle), OK);
    assert_int_equal(gbau_api_process(api, handle, &block, &output), OK);
    assert_ok(application_key_derive_child(&bench->card.crypto, session, &description, &child));
    assert_ok(application_key_mac(&bench->card.crypto, &child, &text, 1, mac));
    assert_int_equal(output.authenticator_length, sizeof mac);
    assert_memory_equal(output.authenticator, mac, sizeof mac);
}

static void initiate(struct bench *bench, struct gbau_api *api)
{
    const struct application_key key = naf_key(bench, KEY_USAGE_AUTHENTICATE, 0, KEY_ALGORITHM_HMAC_SHA256, "auth");
    const struct key_authentication_binding binding = {.policy_version = 0};
    const uint8_t handle = open_handle(api, KEY_USAGE_AUTHENTICATE, 0, KEY_ALGORITHM_HMAC_SHA256, "auth");
    struct key_authentication naf;
    struct application_key session;
    uint8_t nonces[2][GBAU_API_NONCE_SIZE];
    struct gbau_api_mac from_naf = {.length = GBAU_API_MAC_MAX};
    struct gbau_api_mac mac;
    uint8_t session_handle = 0;
    for (unsigned forged = 0; forged < 2; forged++) {
        assert_int_equal(gbau_api_authenticate_begin(api, handle, nonces[0]), OK);
        assert_ok(key_authentication_answer(&naf, &bench->card.crypto, &key, &binding, nonces[0], nonces[1],
                                            from_naf.octets));
        from_naf.octets[3] ^= (uint8_t)forged;
        const uint16_t sw = gbau_api_authenticate_finish(api, handle, nonces[1], &from_naf, &mac, &session_handle);
        assert_int_equal(sw, forged ? 0x9862 : OK);
        if (forged) {
            continue;
        }
        assert_ok(key_authentication_confirm(&naf, &bench->card.crypto, &key, &binding,
                                             octets_of(mac.octets, mac.length), &session));
        assert_same_session(bench, api, session_handle, &session);
    }
    from_naf.length = GBAU_API_MAC_MAX + 1;
    assert_int_equal(gbau_api_authenticate_begin(api, handle, nonces[0]), OK);
    assert_int_equal(gbau_api_authenticate_finish(api, handle, nonces[1], &from_naf, &mac, &session_handle), 0x9862);
    assert_int_equal(gbau_api_authenticate_begin(api, 7, nonces[0]), 0x6a88);
}

static void respond(struct bench *bench, struct gbau_api *api)
{
    allow_all(bench, api);
    const struct application_key key = naf_key(bench, KEY_USAGE_AUTHENTICATE, 0, KEY_ALGORITHM_HMAC_SHA256, "auth");
    const struct key_authentication_binding binding = {.policy_version = 1};
    const uint8_t handle = open_handle(api, KEY_USAGE_AUTHENTICATE, 0, KEY_ALGORITHM_HMAC_SHA256, "auth");
    struct key_authentication naf;
    struct application_key session;
    uint8_t nonces[2][GBAU_API_NONCE_SIZE];
    struct gbau_api_mac from_naf = {.length = GBAU_API_MAC_MAX};
    struct gbau_api_mac mac;
    uint32_t policy_version = 0;
    uint8_t session_handle = 0;
    assert_ok(key_authentication_begin(&naf, &bench->card.crypto, &key, nonces[0]));
    assert_int_equal(gbau_api_authenticate_answer(api, handle, nonces[0], nonces[1], &mac, &policy_version), OK);
    assert_int_equal(policy_version, 1);
    assert_ok(key_authentication_finish(&naf, &bench->card.crypto, &key, &binding, nonces[1],
                                        octets_of(mac.octets, mac.length), from_naf.octets, &session));
    assert_int_equal(gbau_api_authenticate_confirm(api, handle, &from_naf, &session_handle), OK);
    assert_same_session(bench, api, session_handle, &session);
    assert_int_equal(gbau_api_authenticate_confirm(api, handle, &from_naf, &session_handle), 0x6985); /* out of turn */
}

static void move_keys(struct bench *bench, struct gbau_api *api)
{
    uint8_t octets[GBAU_API_KEY_SIZE];
    uint8_t handle = 0;
    struct gbau_api_wrapped wrapped;
    struct gbau_api_key seen;
    allow_all(bench, api);
    const uint8_t mac = open_handle(api, KEY_USAGE_MAC, 1, KEY_ALGORITHM_HMAC_SHA256, "moved");
    const uint8_t out = open_handle(api, KEY_USAGE_WRAP, 1, KEY_ALGORITHM_AES_256_GCM, "case");
    const struct application_key opens = naf_key(bench, KEY_USAGE_WRAP, 1, KEY_ALGORITHM_AES_256_GCM, "case");
    const struct application_key moved = naf_key(bench, KEY_USAGE_MAC, 1, KEY_ALGORITHM_HMAC_SHA256, "moved");
    assert_int_equal(gbau_api_wrap(api, out, mac, &wrapped), OK);
    uint8_t content[GBAU_API_WRAPPED_MAX];
    assert_ok(application_key_open(&bench->card.crypto, &opens, wrapped.nonce, (struct octets){0},
                                   octets_of(wrapped.ciphertext, wrapped.length), wrapped.tag, content));
    assert_int_equal(wrapped.length, 4 + 5 + APPLICATION_KEY_SIZE);
    assert_memory_equal(content + 4, "moved", 5);
    assert_memory_equal(content + 9, moved.octets, APPLICATION_KEY_SIZE);

    const uint8_t in = open_handle(api, KEY_USAGE_WRAP, 2, KEY_ALGORITHM_AES_256_GCM, "case");
    const struct application_key seals = naf_key(bench, KEY_USAGE_WRAP, 2, KEY_ALGORITHM_AES_256_GCM, "case");
    assert_ok(application_key_seal(&bench->card.crypto, &seals, wrapped.nonce, (struct octets){0},
                                   octets_of(content, wrapped.length), wrapped.ciphertext, wrapped.tag));
    assert_int_equal(gbau_api_unwrap(api, in, &wrapped, &handle, &seen), OK);
    assert_int_equal(seen.usage, KEY_USAGE_MAC);
    assert_int_equal(seen.direction, 1);
    assert_int_equal(seen.algorithm, KEY_ALGORITHM_HMAC_SHA256);
    assert_int_equal(seen.label_length, 5);
    assert_memory_equal(seen.label, "moved", 5);
    wrapped.tag[0] ^= 1;
    assert_int_equal(gbau_api_unwrap(api, in, &wrapped, &handle, &seen), 0x9862);
    wrapped.length = GBAU_API_WRAPPED_MAX + 1;
    assert_int_equal(gbau_api_unwrap(api, in, &wrapped, &handle, &seen), 0x6a80);
    assert_int_equal(gbau_api_wrap(api, mac, out, &wrapped), 0x6985); /* not a wrapping key */
    assert_int_equal(gbau_api_export(api, mac, octets), 0x6985);      /* not for export */
}

static void export_key(struct bench *bench, struct gbau_api *api)
{
    uint8_t octets[GBAU_API_KEY_SIZE];
    allow_all(bench, api);
    const uint8_t handle = open_handle(api, KEY_USAGE_EXPORT, 0, KEY_ALGORITHM_KDF, "out");
    const struct application_key key = naf_key(bench, KEY_USAGE_EXPORT, 0, KEY_ALGORITHM_KDF, "out");
    assert_int_equal(gbau_api_export(api, handle, octets), OK);
    assert_memory_equal(octets, key.octets, sizeof octets);
}

static void list_and_count(struct bench *bench, struct gbau_api *api)
{
    struct gbau_api_key seen;
    uint64_t first = 0;
    uint64_t second = 0;
    (void)bench;
    assert_int_equal(gbau_api_list(api, false, 0, &seen), OK);
    assert_int_equal(seen.naf_id_length, naf_id_length);
    assert_memory_equal(seen.naf_id, naf_id, naf_id_length);
    assert_int_equal(seen.operations, UINT32_MAX);
    assert_int_equal(gbau_api_list(api, false, 1, &seen), 0x6a83);
    assert_int_equal(gbau_api_list(api, true, 0, &seen), 0x6a83);
    const uint8_t handle = open_handle(api, KEY_USAGE_MAC, 1, KEY_ALGORITHM_HMAC_SHA256, "kept");
    assert_int_equal(gbau_api_persist(api, handle, 5), OK);
    assert_int_equal(gbau_api_list(api, true, 0, &seen), OK);
    assert_int_equal(seen.label_length, 4);
    assert_memory_equal(seen.label, "kept", 4);
    assert_int_equal(seen.usage, KEY_USAGE_MAC);
    assert_int_equal(seen.operations, 5);
    assert_int_equal(gbau_api_counter(api, &first), OK);
    assert_int_equal(gbau_api_counter(api, &second), OK);
    assert_true(second > first);
}

static void run_alone(script *chosen)
{
    struct bench bench;
    begin(&bench);
    run(&bench, chosen);
    test_card_end(&bench.card);
}

static void test_initiator(void **state)
{
    (void)state;
    run_alone(initiate);
}

static void test_responder(void **state)
{
    (void)state;
    run_alone(respond);
}

static void test_keys_that_move(void **state)
{
    (void)state;
    run_alone(move_keys);
}

static void test_export(void **state)
{
    (void)state;
    run_alone(export_key);
}

static void test_lists_and_numbers(void **state)
{
    (void)state;
    run_alone(list_and_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_initiator),      cmocka_unit_test(test_responder),
        cmocka_unit_test(test_keys_that_move), cmocka_unit_test(test_export),
        cmocka_unit_test(test_lists_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
