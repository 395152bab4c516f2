/*
 * test_api_transfer.c: children, export, wrapping: what comes out is what the NAF computes, and nothing comes out that
 * the NAF has not allowed.
 */
#include "api_testing.h"

enum { OK = 0x9000 };

struct bench {
    struct test_card card;
    struct ks_int_naf root;
};

/* A card whose NAF allows everything. */
static void begin(struct bench *bench)
{
    const struct challenge challenge = begin_api(&bench->card);
    bench->root = int_key_by(&bench->card, &challenge, TEST_NAF);
    struct key_policy policy = policy_of(1);
    policy.usages = 0x3f;
    policy.allows_export = policy.allows_wrap = true;
    assert_int_equal(apply_policy(&bench->card, &bench->root, &policy), OK);
}

static struct api_response derive(struct test_card *card, uint8_t parent,
                                  const struct application_key_description *description)
{
    struct api_command command;
    command_begin(&command, 0, API_INS_DERIVE_KEY, parent, 0);
    command_put_octet(&command, API_TAG_USAGE, description->usage);
    command_put_octet(&command, API_TAG_DIRECTION, description->direction);
    command_put_octet(&command, API_TAG_ALGORITHM, description->algorithm);
    command_put(&command, API_TAG_LABEL, description->label);
    if (description->context.data != NULL) {
        command_put(&command, API_TAG_CONTEXT, description->context);
    }
    return command_run(card, &command);
}

static void assert_makes_mac(struct test_card *card, uint8_t handle, const struct application_key *key)
{
    uint8_t mac[MAC_MAX_SIZE];
    const struct octets m = octets_of_text("m");
    assert_int_equal(mac_of_m(card, handle, mac), OK);
    assert_ok(application_key_verify(&card->crypto, key, &m, 1, octets_of(mac, application_key_tag_size(key))));
}

static void test_children(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const struct application_key root = key_for(&bench.card, &bench.root, 4, 0, 0x41, "p");
    const struct application_key_description descriptions[] = {
        {KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SM3, octets_of_text("a"), {0}, {0}},
        {KEY_USAGE_MAC,
         KEY_DIRECTION_CARD_TO_NAF,
         KEY_ALGORITHM_HMAC_SM3,
         octets_of_text("a"),
         {0},
         octets_of_text("c")},
        {KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_SM4_CMAC, octets_of_text("a"), {0}, {0}},
    };
    const struct application_key_description grandparent = {
        KEY_USAGE_DERIVE, KEY_DIRECTION_NONE, KEY_ALGORITHM_KDF, octets_of_text("g"), {0}, {0}};
    struct application_key child;
    const uint8_t parent = open_for(&bench.card, 4, 0, 0x41, "p");
    for (size_t i = 0; i < 3; i++) {
        const struct api_response response = derive(&bench.card, parent, &descriptions[i]);
        assert_ok(application_key_derive_child(&bench.card.crypto, &root, &descriptions[i], &child));
        assert_makes_mac(&bench.card, handle_in(&response), &child);
        assert_int_equal(close_handle(&bench.card, handle_in(&response)), OK);
    }
    const struct api_response middle = derive(&bench.card, parent, &grandparent);
    const struct api_response last = derive(&bench.card, handle_in(&middle), &descriptions[0]);
    struct application_key between;
    assert_ok(application_key_derive_child(&bench.card.crypto, &root, &grandparent, &between));
    assert_ok(application_key_derive_child(&bench.card.crypto, &between, &descriptions[0], &child));
    assert_int_equal(close_handle(&bench.card, parent), OK);
    assert_makes_mac(&bench.card, handle_in(&last), &child); /* a child does not need its parent */
    test_card_end(&bench.card);
}

static void test_refused_children(void **state)
{
    (void)state;
    static const struct {
        const char *header, *data, *sw;
    } cases[] = {
        {"80560001", "890102820101830121840161", "6a86"}, {"80560000", "820101830121840161", "6a80"},
        {"80560000", "890102830121840161", "6a80"},       {"80560000", "890102820101840161", "6a80"},
        {"80560000", "890102820101830121", "6a80"},       {"80560000", "890102820101830121840161840161", "6a80"},
        {"80560100", "890102820101830121840161", "6985"}, /* a key of usage mac */
        {"80560400", "890102820101830121840161", "6a88"}, {"80560000", "890107820102830121840161", "6a81"},
        {"80560000", "890108820100830131840161", "6a81"}, {"80560000", "890102820101830102840161", "6a81"},
        {"80560000", "890109820101830102840161", "6a81"}, {"80560000", "890106820100830141840161", "6982"},
        {"80560000", "890105820101830102840161", "6982"},
    };
    struct test_card card;
    (void)begin_api(&card);
    assert_int_equal(open_for(&card, 4, 0, 0x41, "p"), 0);
    assert_int_equal(open_for(&card, 2, 1, 0x21, "m"), 1);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *response = apdu_with(&card, cases[i].header, cases[i].data);
        if (strcmp(response, cases[i].sw) != 0) {
            fail_msg("%s %s gives %s", cases[i].header, cases[i].data, response);
        }
    }
    for (unsigned i = 2; i < API_SESSIONS; i++) {
        assert_sw(&card,
                  "805600000c890102820101830121840161"
                  "00",
                  "9000");
    }
    assert_apdu(&card,
                "805600000c890102820101830121840161"
                "00",
                "6a84");
    test_card_end(&card);
}

static void test_export(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const struct application_key key = key_for(&bench.card, &bench.root, 6, 0, 0x41, "x");
    const uint8_t handle = open_for(&bench.card, 6, 0, 0x41, "x");
    const char *response = apduf(&bench.card, "8058%02x01", handle);
    char expected[80];
    (void)snprintf(expected, sizeof expected, "8720%s9000", hex_of(key.octets, 32));
    assert_string_equal(response, expected);
    assert_int_equal(open_for(&bench.card, 4, 0, 0x41, "d"), 1);
    assert_apdu(&bench.card, "80580101", "6985");
    assert_apdu(&bench.card, "80580401", "6a88");
    assert_apdu(&bench.card, "80580000", "6a86");
    assert_apdu(&bench.card, "80580004", "6a86");
    assert_apdu(&bench.card, "8058000103840161", "6a80");
    test_card_end(&bench.card);
}

/* What is wrapped: usage, direction, algorithm, label, key. */
static struct octets write_wrapped(uint8_t octets[100], const struct application_key *key, const char *label)
{
    struct octet_writer writer = octet_writer_of(octets, 100);
    octet_writer_u8(&writer, (uint8_t)key->usage);
    octet_writer_u8(&writer, (uint8_t)key->direction);
    octet_writer_u8(&writer, (uint8_t)key->algorithm);
    octet_writer_u8(&writer, (uint8_t)strlen(label));
    octet_writer_put_text(&writer, label);
    octet_writer_put(&writer, key->octets, sizeof key->octets);
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

static void test_wrap(void **state)
{
    (void)state;
    static const char *const labels[] = {"w", "0123456789012345678901234567890123456789012345678901234567890123"};
    struct bench bench;
    begin(&bench);
    for (unsigned algorithm = KEY_ALGORITHM_AES_128_GCM; algorithm <= KEY_ALGORITHM_SM4_CCM; algorithm++) {
        for (size_t i = 0; i < 2; i++) {
            uint8_t expected[100];
            uint8_t opened[100];
            const struct application_key wrapping = key_for(&bench.card, &bench.root, 5, 1, algorithm, "k");
            const struct application_key moved = key_for(&bench.card, &bench.root, 2, 1, 0x21, labels[i]);
            const struct octets text = write_wrapped(expected, &moved, labels[i]);
            const uint8_t handle = open_for(&bench.card, 5, 1, algorithm, "k");
            const uint8_t other = open_for(&bench.card, 2, 1, 0x21, labels[i]);
            struct api_command command;
            command_begin(&command, 0, API_INS_TRANSFER_KEY, handle, API_WRAP);
            command_put_octet(&command, API_TAG_OTHER_HANDLE, other);
            const struct api_response response = command_run(&bench.card, &command);
            assert_int_equal(response.sw, OK);
            const struct octets wrapped = object_in(&response, API_TAG_TEXT);
            assert_ok(application_key_open(&bench.card.crypto, &wrapping, object_in(&response, API_TAG_NONCE).data,
                                           (struct octets){0}, wrapped,
                                           object_in(&response, API_TAG_AUTHENTICATOR).data, opened));
            assert_true(octets_equal(octets_of(opened, wrapped.length), text));
            assert_int_equal(close_handle(&bench.card, handle), OK);
            assert_int_equal(close_handle(&bench.card, other), OK);
        }
    }
    test_card_end(&bench.card);
}

/* The NAF wraps `text` and the card unwraps it. */
static struct api_response unwrap(struct bench *bench, uint8_t handle, const struct application_key *wrapping,
                                  struct octets text, uint8_t flipped)
{
    static uint8_t nonce[12] = {1};
    uint8_t ciphertext[110];
    uint8_t tag[16];
    struct api_command command;
    assert_ok(application_key_seal(&bench->card.crypto, wrapping, nonce, (struct octets){0}, text, ciphertext, tag));
    tag[3] ^= flipped;
    command_begin(&command, 0, API_INS_TRANSFER_KEY, handle, API_UNWRAP);
    command_put(&command, API_TAG_NONCE, octets_of(nonce, sizeof nonce));
    command_put(&command, API_TAG_TEXT, octets_of(ciphertext, text.length));
    command_put(&command, API_TAG_AUTHENTICATOR, octets_of(tag, sizeof tag));
    return command_run(&bench->card, &command);
}

static void test_unwrap(void **state)
{
    (void)state;
    struct bench bench;
    uint8_t octets[100];
    begin(&bench);
    const struct application_key wrapping = key_for(&bench.card, &bench.root, 5, 2, 0x02, "k");
    struct application_key moved = {.usage = KEY_USAGE_MAC, .direction = 1, .algorithm = KEY_ALGORITHM_HMAC_SHA256};
    memset(moved.octets, 0x77, sizeof moved.octets);
    const uint8_t handle = open_for(&bench.card, 5, 2, 0x02, "k");
    const struct octets text = write_wrapped(octets, &moved, "label");
    const struct api_response response = unwrap(&bench, handle, &wrapping, text, 0);
    assert_makes_mac(&bench.card, handle_in(&response), &moved);
    assert_int_equal(persist(&bench.card, handle_in(&response), UINT32_MAX).sw, OK);
    assert_int_equal(open_persisted(&bench.card, "label").sw, OK);
    assert_int_equal(unwrap(&bench, handle, &wrapping, text, 1).sw, 0x9862);
    test_card_end(&bench.card);
}

/* Well wrapped, and yet no key that the card takes. */
static void test_unwrap_malformed(void **state)
{
    (void)state;
    static const struct {
        uint8_t usage, direction, algorithm;
        const char *label;
        unsigned sw;
    } cases[] = {
        {1, 1, 0x02, "a", OK},     {5, 1, 0x02, "a", 0x6a80}, {6, 0, 0x41, "a", 0x6a80}, {7, 2, 0x21, "a", 0x6a80},
        {8, 0, 0x31, "a", 0x6a80}, {0, 0, 0x41, "a", 0x6a80}, {1, 1, 0x21, "a", 0x6a81}, {1, 4, 0x02, "a", 0x6a81},
        {1, 1, 0x99, "a", 0x6a81}, {1, 1, 0x02, "", 0x6a80},  {4, 0, 0x41, "a", OK},
    };
    struct bench bench;
    uint8_t octets[100];
    begin(&bench);
    const struct application_key wrapping = key_for(&bench.card, &bench.root, 5, 2, 0x05, "k");
    const uint8_t handle = open_for(&bench.card, 5, 2, 0x05, "k");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct application_key moved = {.usage = (enum key_usage)cases[i].usage,
                                              .direction = (enum key_direction)cases[i].direction,
                                              .algorithm = (enum key_algorithm)cases[i].algorithm};
        const struct octets text = write_wrapped(octets, &moved, cases[i].label);
        const struct api_response response = unwrap(&bench, handle, &wrapping, text, 0);
        assert_int_equal(response.sw, cases[i].sw);
        if (response.sw == OK) {
            assert_int_equal(close_handle(&bench.card, handle_in(&response)), OK);
        }
    }
    const struct application_key moved = {.usage = 1, .direction = 1, .algorithm = 2};
    const struct octets text = write_wrapped(octets, &moved, "abc");
    for (size_t length = 0; length < text.length; length++) { /* cut short, and continued */
        assert_int_equal(unwrap(&bench, handle, &wrapping, octets_of(octets, length), 0).sw, 0x6a80);
    }
    octets[text.length] = 0;
    assert_int_equal(unwrap(&bench, handle, &wrapping, octets_of(octets, text.length + 1), 0).sw, 0x6a80);
    struct key_policy policy = policy_of(2); /* a policy that does not permit what was wrapped */
    policy.usages = 0x12;
    policy.allows_wrap = true;
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    assert_int_equal(unwrap(&bench, handle, &wrapping, text, 0).sw, 0x6982);
    test_card_end(&bench.card);
}

/* Out and in again a key would come without its count, or back to life. */
static void test_wrap_of_persisted_keys(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const uint8_t out = open_for(&bench.card, 5, 1, 0x02, "k");
    const uint8_t kept = open_for(&bench.card, 2, 1, 0x21, "kept");
    assert_int_equal(persist(&bench.card, kept, UINT32_MAX).sw, OK);
    assert_string_equal(sw_of(apduf(&bench.card, "8058%02x02038b01%02x00", out, kept)), "9000");
    const uint8_t counted = open_for(&bench.card, 2, 1, 0x21, "counted");
    assert_int_equal(persist(&bench.card, counted, 1).sw, OK);
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", out, counted), "6985");
    assert_string_equal(sw_of(apduf(&bench.card, "8052%02xc30387016100", counted)), "9000");
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", out, counted), "6985"); /* it has ended */
    test_card_end(&bench.card);
}

static void test_refused_wrap(void **state)
{
    (void)state;
    struct bench bench;
    begin(&bench);
    const uint8_t out = open_for(&bench.card, 5, 1, 0x02, "k");
    const uint8_t in = open_for(&bench.card, 5, 2, 0x02, "k");
    const uint8_t rest = open_for(&bench.card, 5, 3, 0x02, "rest");
    const uint8_t mac = open_for(&bench.card, 2, 1, 0x21, "m");
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", in, mac), "6985");   /* the NAF wraps there */
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", rest, mac), "6985"); /* not persisted */
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", mac, mac), "6985");
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", out, in), "6985"); /* wrapping keys stay */
    assert_string_equal(apduf(&bench.card, "8058%02x02038b0104", out), "6a88");
    assert_string_equal(apduf(&bench.card, "80580402038b01%02x", mac), "6a88");
    assert_string_equal(apduf(&bench.card, "8058%02x02", out), "6a80");
    assert_string_equal(apduf(&bench.card, "8058%02x02048b020000", out), "6a80");
    assert_string_equal(apduf(&bench.card,
                              "8058%02x03"
                              "24"
                              "880c000000000000000000000000"
                              "870400000000"
                              "8e1000000000000000000000000000000000",
                              out),
                        "6700");
    assert_string_equal(apduf(&bench.card,
                              "8058%02x03"
                              "26"
                              "880c000000000000000000000000"
                              "870400000000"
                              "8e1000000000000000000000000000000000",
                              out),
                        "6985");
    struct key_policy policy = policy_of(2); /* the keys of this NAF may not be wrapped any more */
    assert_int_equal(apply_policy(&bench.card, &bench.root, &policy), OK);
    assert_string_equal(apduf(&bench.card, "8058%02x02038b01%02x", out, mac), "6982");
    test_card_end(&bench.card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_children),     cmocka_unit_test(test_refused_children),
        cmocka_unit_test(test_export),       cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_unwrap),       cmocka_unit_test(test_unwrap_malformed),
        cmocka_unit_test(test_wrap_of_persisted_keys),
        cmocka_unit_test(test_refused_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
