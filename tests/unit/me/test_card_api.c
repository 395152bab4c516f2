/* test_card_api.c: what the device makes of a card's answers, with a card that answers whatever a test wants. */
#include "testing.h"

#include "key_calls_common.h"
#include "me/card_key.h"
#include "reader/reader_driver.h"

#define CAPABLE "910201009203022131930106940104950200c8" /* version 1.0, three algorithms, 6 handles, pieces of 200 */
#define OPENED  "9001058103622d74"                       /* handle 5, B-TID "b-t" */
#define NONCE   "880c000102030405060708090a0b"
#define TAG     "8e10000102030405060708090a0b0c0d0e0f"
#define NAF_ID  "n.example\xff\x67\x62\x00\x01"

#define ZEROS_15 "000000000000000000000000000000"
#define ZEROS_16 "00" ZEROS_15
#define ZEROS_32 ZEROS_16 ZEROS_16

enum { ANSWERS_MAX = 8, COMMANDS_MAX = 64 };

/* What the card will answer, one after the other; behind the last one 9000. */
static const char *answers[ANSWERS_MAX];
static size_t answer_count;
static uint8_t commands[COMMANDS_MAX][READER_COMMAND_MAX];
static size_t command_lengths[COMMANDS_MAX];
static size_t command_count;

static enum gbau_status card_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                      size_t *length)
{
    (void)state;
    assert_true(command_count < COMMANDS_MAX);
    memcpy(commands[command_count], command.data, command.length);
    command_lengths[command_count] = command.length;
    const char *answer = command_count < answer_count ? answers[command_count] : "9000";
    command_count++;
    return answer == NULL ? GBAU_E_IO : hex_decode(octets_of_text(answer), response, capacity, length);
}

static void card_close(void *state)
{
    (void)state;
}

static const struct reader_driver card_driver = {.transmit = card_transmit, .close = card_close};

/* Takes the place of the real one: every name that is a file's opens this card. */
enum gbau_status file_driver_open(const char *path, const struct log *log, struct reader_connection *connection)
{
    (void)path;
    (void)log;
    *connection = (struct reader_connection){.driver = &card_driver};
    return GBAU_OK;
}

/* Begins a script; card_api_open takes the first three answers. */
static void script(size_t count, const char *const *script)
{
    memcpy(answers, script, count * sizeof *script);
    answer_count = count;
    command_count = 0;
}

#define SCRIPT(...)                                                                                                    \
    script(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), (const char *const[]){__VA_ARGS__})

static struct octets last_command(void)
{
    return octets_of(commands[command_count - 1], command_lengths[command_count - 1]);
}

struct device {
    struct reader *reader;
    struct card_api api;
};

static int open_device(void **state)
{
    static struct device device;
    device = (struct device){0};
    assert_ok(reader_open("card", NULL, &device.reader));
    *state = &device;
    return 0;
}

static int close_device(void **state)
{
    struct device *device = *state;
    reader_close(device->reader);
    return 0;
}

#define device_test(function) cmocka_unit_test_setup_teardown((function), open_device, close_device)

/* Opening */

static void test_opening(void **state)
{
    struct device *device = *state;
    SCRIPT("059000", "9000", CAPABLE "9000");
    assert_ok(card_api_open(&device->api, device->reader, NULL));
    assert_int_equal(device->api.channel, 5);
    assert_int_equal(device->api.handles, 6);
    assert_int_equal(device->api.piece_size, 200);
    assert_octets(octets_of(commands[0], command_lengths[0]), "0070000001");
    assert_octets(octets_of(commands[1], command_lengths[1]), "41a4040c09f06762617501415049");
    assert_octets(octets_of(commands[2], command_lengths[2]), "c140000000");
    card_api_close(&device->api);
    assert_octets(last_command(), "00708005");
    card_api_close(&device->api);
    assert_int_equal(command_count, 4);
}

static void test_cards_without_the_api(void **state)
{
    struct device *device = *state;
    static const struct {
        const char *answers[3];
        enum gbau_status status;
        size_t commands; /* a channel that was opened is closed */
    } cards[] = {
        {{"6a81"}, GBAU_E_LIMIT, 1},
        {{"6881"}, GBAU_E_LIMIT, 1},
        {{"6d00"}, GBAU_E_CARD, 1},
        {{NULL}, GBAU_E_IO, 1},
        {{"009000"}, GBAU_E_CARD, 1},
        {{"149000"}, GBAU_E_CARD, 1},
        {{"9000"}, GBAU_E_CARD, 1},
        {{"01029000"}, GBAU_E_CARD, 1},
        {{"019000", "6a82"}, GBAU_E_UNSUPPORTED, 3},
        {{"019000", "9000", "6d00"}, GBAU_E_UNSUPPORTED, 4},
        {{"019000", "9000",
          "9102020092010293010694010495020080"
          "9000"},
         GBAU_E_UNSUPPORTED,
         4},
        {{"019000", "9000",
          "9102010092010293010694010495020008"
          "9000"},
         GBAU_E_CARD,
         4},
        {{"019000", "9000",
          "91020100920102930106940104"
          "9000"},
         GBAU_E_CARD,
         4},
        {{"019000", "9000", "9000"}, GBAU_E_CARD, 4},
    };
    for (size_t i = 0; i < COUNT_OF(cards); i++) {
        script(3, cards[i].answers);
        answer_count = cards[i].answers[1] == NULL ? 1 : cards[i].answers[2] == NULL ? 2 : 3;
        assert_status(card_api_open(&device->api, device->reader, NULL), cards[i].status);
        assert_int_equal(command_count, cards[i].commands);
        assert_int_equal(device->api.channel, 0);
    }
}

/* A card that takes larger pieces than the specification knows is given those that it knows. */
static void test_piece_size(void **state)
{
    struct device *device = *state;
    SCRIPT("019000", "9000", "91020101920102930106940104950210009000");
    assert_ok(card_api_open(&device->api, device->reader, NULL));
    assert_int_equal(device->api.piece_size, 200);
    SCRIPT("019000", "9000", "91020101920102930106940104950200809000");
    assert_ok(card_api_open(&device->api, device->reader, NULL));
    assert_int_equal(device->api.piece_size, 128);
}

/* The decoder */

static enum gbau_status read_answer(const char *hex, struct card_answer *answer)
{
    static const struct card_expectation expected = {.required = CARD_BIT(CARD_HANDLE),
                                                     .optional = CARD_BIT(CARD_B_TID) | CARD_BIT(CARD_OPERATIONS)};
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(hex), answer->response.octets, sizeof answer->response.octets, &length));
    answer->response.data = octets_of(answer->response.octets, length);
    return card_answer_read(answer, expected);
}

static void test_answers(void **state)
{
    struct card_answer answer;
    (void)state;
    assert_ok(read_answer("900107", &answer));
    assert_int_equal(card_answer_number(&answer, CARD_HANDLE), 7);
    assert_null(answer.objects[CARD_B_TID].data);
    assert_ok(read_answer("81024142900107", &answer));
    assert_octets(answer.objects[CARD_B_TID], "4142");
    assert_ok(read_answer("9001078100", &answer));
    assert_non_null(answer.objects[CARD_B_TID].data);
    assert_ok(read_answer("9001078d0400010203", &answer));
    assert_int_equal(card_answer_number(&answer, CARD_OPERATIONS), 0x10203);
    assert_ok(read_answer("900107"
                          "9f2105"
                          "0102030405"
                          "c30100",
                          &answer)); /* of a newer version */
}

static void test_malformed_answers(void **state)
{
    static const char *const malformed[] = {
        "",             /* what is required is not there */
        "8100",         /* nor here */
        "9000",         /* too short */
        "90020102",     /* too long */
        "900101900101", /* twice */
        "9001018100"
        "8100",             /* twice, of what is optional */
        "9001018d03000000", /* too short a number */
        "9001018d0500000000"
        "00",
        "900101"
        "81",
        "900101"
        "8105"
        "41",
        "900101"
        "818041",
        "90010100",
        "900101ff",
        "90010181820001", /* a length that goes beyond the end */
    };
    struct card_answer answer;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(malformed); i++) {
        assert_status(read_answer(malformed[i], &answer), GBAU_E_CARD);
    }
}

static void test_status_words(void **state)
{
    struct device *device = *state;
    static const struct {
        const char *answer;
        enum gbau_status status;
    } meanings[] = {
        {"9000", GBAU_OK},
        {"9110", GBAU_OK},
        {"6581", GBAU_E_STORAGE},
        {"6982", GBAU_E_ACCESS},
        {"6983", GBAU_E_LIMIT},
        {"6985", GBAU_E_ACCESS},
        {"6a80", GBAU_E_ARGUMENT},
        {"6a81", GBAU_E_UNSUPPORTED},
        {"6a83", GBAU_E_NOT_FOUND},
        {"6a84", GBAU_E_LIMIT},
        {"6a88", GBAU_E_NOT_FOUND},
        {"6d00", GBAU_E_UNSUPPORTED},
        {"9862", GBAU_E_AUTHENTICATION},
        {"9865", GBAU_E_REPLAY},
        {"6700", GBAU_E_CARD},
        {"6a86", GBAU_E_CARD},
        {"6f00", GBAU_E_CARD},
        {"0000", GBAU_E_CARD},
        {"63c1", GBAU_E_CARD},
        {NULL, GBAU_E_IO},
    };
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        struct card_command command;
        SCRIPT("019000", "9000", CAPABLE "9000", meanings[i].answer);
        assert_ok(card_api_open(&device->api, device->reader, NULL));
        card_command_begin(&command, API_INS_CLOSE_KEY, 0, 0);
        assert_status(card_api_run_silently(&device->api, &command), meanings[i].status);
    }
}

/* Keys of a card that lies */

static struct gbau_key *open_key(struct device *device, const struct gbau_key_request *request, const char *answer)
{
    struct gbau_key *key = NULL;
    SCRIPT("019000", "9000", CAPABLE "9000", OPENED "9000", answer);
    assert_ok(card_api_open(&device->api, device->reader, NULL));
    assert_ok(card_key_open(&device->api, octets_of(NAF_ID, 14), request, &key));
    return key;
}

static const struct gbau_key_request encrypt_request = {
    .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_256_GCM, .label = "a"};
static const struct gbau_key_request decrypt_request = {
    .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_NAF_TO_CARD, .algorithm = GBAU_AES_256_GCM, .label = "a"};

static void test_open_key_command(void **state)
{
    struct device *device = *state;
    struct gbau_key_request request = encrypt_request;
    request.context = "ctx";
    request.context_length = 3;
    struct gbau_key *key = open_key(device, &request, "9000");
    assert_octets(last_command(), "8150000021"
                                  "800e6e2e6578616d706c65ff67620001"
                                  "890101820101830102840161"
                                  "8503637478"
                                  "00");
    assert_string_equal(gbau_key_b_tid(key), "b-t");
    gbau_key_close(key);
    assert_octets(last_command(), "815e0500");
}

static void test_lies_at_opening(void **state)
{
    struct device *device = *state;
    static const char *const lies[] = {
        "9000",
        "9001059000",
        "81009000",
        "9001058100"
        "9001059000",
        "900205058100"
        "9000",
        "90010581036200749000", /* a zero in the B-TID */
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        struct gbau_key *key = NULL;
        SCRIPT("019000", "9000", CAPABLE "9000", lies[i]);
        assert_ok(card_api_open(&device->api, device->reader, NULL));
        assert_status(card_key_open(&device->api, octets_of(NAF_ID, 14), &encrypt_request, &key), GBAU_E_CARD);
        assert_null(key);
    }
}

static void test_lies_about_a_ciphertext(void **state)
{
    struct device *device = *state;
    static const struct {
        const char *answer;
        enum gbau_status status;
    } lies[] = {
        {NONCE "8702aabb" TAG "9000", GBAU_OK},
        {NONCE "8701aa" TAG "9000", GBAU_E_CARD},     /* too little */
        {NONCE "8703aabbcc" TAG "9000", GBAU_E_CARD}, /* too much */
        {NONCE TAG "9000", GBAU_E_CARD},
        {"8702aabb" TAG "9000", GBAU_E_CARD},
        {NONCE "8702aabb"
               "9000",
         GBAU_E_CARD},
        {"8810000102030405060708090a0b0c0d0e0f"
         "8702aabb" TAG "9000",
         GBAU_E_CARD}, /* a nonce of another length */
        {NONCE "8702aabb"
               "8e20000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
               "9000",
         GBAU_E_CARD},
        {NONCE "8702aabb" NONCE TAG "9000", GBAU_E_CARD},
        {"6f00", GBAU_E_CARD},
        {"6a88", GBAU_E_EXPIRED}, /* the handle has gone */
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        uint8_t out[64];
        size_t length = 0;
        struct gbau_key *key = open_key(device, &encrypt_request, lies[i].answer);
        assert_status(gbau_key_encrypt(key, NULL, 0, "hi", 2, out, sizeof out, &length), lies[i].status);
        assert_octets(octets_of(commands[4], command_lengths[4]), "815205c1048702686900");
        if (lies[i].status == GBAU_OK) {
            assert_octets(octets_of(out, length), "000102030405060708090a0baabb000102030405060708090a0b0c0d0e0f");
        }
        gbau_key_close(key);
    }
}

/* Text and tag that are right only together. */
static void test_tag_of_another_length(void **state)
{
    struct device *device = *state;
    uint8_t out[64];
    size_t length = 0;
    struct gbau_key *key = open_key(device, &encrypt_request, NONCE "8e20" ZEROS_32 "9000");
    assert_status(gbau_key_encrypt(key, NULL, 0, "sixteen octets!!", 16, out, sizeof out, &length), GBAU_E_CARD);
    gbau_key_close(key);
}

/* CBC: between one octet and a block of padding has gone. */
static void test_lies_about_padding(void **state)
{
    struct device *device = *state;
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_ENCRYPT, .direction = GBAU_NAF_TO_CARD, .algorithm = GBAU_AES_128_CBC, .label = "a"};
    static const uint8_t sealed[16 + 32] = {0};
    static const struct {
        const char *answer;
        enum gbau_status status;
    } lies[] = {
        {"8710" ZEROS_16 "9000", GBAU_OK},
        {"871f" ZEROS_16 ZEROS_15 "9000", GBAU_OK},
        {"8720" ZEROS_32 "9000", GBAU_E_CARD},
        {"870f" ZEROS_15 "9000", GBAU_E_CARD},
        {"6a80", GBAU_E_MALFORMED},
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        uint8_t text[64];
        size_t length = 0;
        struct gbau_key *key = open_key(device, &request, lies[i].answer);
        assert_status(gbau_key_decrypt(key, NULL, 0, sealed, sizeof sealed, text, sizeof text, &length),
                      lies[i].status);
        gbau_key_close(key);
    }
}

static void test_lies_about_a_text(void **state)
{
    struct device *device = *state;
    static const uint8_t sealed[12 + 2 + 16] = {0};
    static const struct {
        const char *answer;
        enum gbau_status status;
    } lies[] = {
        {"870268699000", GBAU_OK}, {"8701689000", GBAU_E_CARD},     {"87036869009000", GBAU_E_CARD},
        {"9000", GBAU_E_CARD},     {"9862", GBAU_E_AUTHENTICATION},
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        uint8_t text[64] = {0};
        size_t length = 0;
        struct gbau_key *key = open_key(device, &decrypt_request, lies[i].answer);
        assert_status(gbau_key_decrypt(key, NULL, 0, sealed, sizeof sealed, text, sizeof text, &length),
                      lies[i].status);
        assert_int_equal(text[0], lies[i].status == GBAU_OK ? 'h' : 0);
        gbau_key_close(key);
    }
}

/* What a usage asks of the card, what it answers, and what comes of it. */
static enum gbau_status run_on(struct gbau_key *key, struct gbau_key **made)
{
    uint8_t out[160] = {0};
    size_t length = 0;
    switch (key->usage) {
    case KEY_USAGE_MAC:
        return key->encrypts ? gbau_key_mac(key, "x", 1, out, &length) : gbau_key_verify(key, "x", 1, out, 32);
    case KEY_USAGE_HASH:
        return gbau_key_hash(key, "x", 1, out);
    case KEY_USAGE_DERIVE:
        return gbau_key_derive(key, &encrypt_request, made);
    case KEY_USAGE_EXPORT:
        return gbau_key_export(key, out);
    case KEY_USAGE_WRAP:
        return gbau_key_unwrap(key, out, 80, made);
    default:
        return gbau_key_authenticate_begin(key, out, sizeof out, &length);
    }
}

static void test_lies_about_the_rest(void **state)
{
    struct device *device = *state;
    static const struct gbau_key_request mac = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_HMAC_SHA256, .label = "a"};
    static const struct gbau_key_request verify = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_NAF_TO_CARD, .algorithm = GBAU_HMAC_SHA256, .label = "a"};
    static const struct gbau_key_request hash = {.usage = GBAU_USAGE_HASH, .algorithm = GBAU_SHA256};
    static const struct gbau_key_request derive = {.usage = GBAU_USAGE_DERIVE, .algorithm = GBAU_KDF, .label = "a"};
    static const struct gbau_key_request export = {.usage = GBAU_USAGE_EXPORT, .algorithm = GBAU_KDF, .label = "a"};
    static const struct gbau_key_request unwrap = {
        .usage = GBAU_USAGE_WRAP, .direction = GBAU_NAF_TO_CARD, .algorithm = GBAU_AES_256_GCM, .label = "a"};
    static const struct gbau_key_request authenticate_request = {
        .usage = GBAU_USAGE_AUTHENTICATE, .algorithm = GBAU_HMAC_SHA256, .label = "a"};
    static const struct {
        const struct gbau_key_request *request;
        const char *answer;
        enum gbau_status status;
    } lies[] = {
        {&mac, "8e20" ZEROS_32 "9000", GBAU_OK},
        {&mac, "8e10" ZEROS_16 "9000", GBAU_E_CARD},
        {&mac, "9000", GBAU_E_CARD},
        {&verify, "9000", GBAU_OK},
        {&verify, "9862", GBAU_E_AUTHENTICATION},
        {&hash, "8e20" ZEROS_32 "9000", GBAU_OK},
        {&hash, "8e10" ZEROS_16 "9000", GBAU_E_CARD},
        {&derive, "9001029000", GBAU_OK},
        {&derive, "9000", GBAU_E_CARD},
        {&derive, "6a84", GBAU_E_LIMIT},
        {&export, "8720" ZEROS_32 "9000", GBAU_OK},
        {&export, "8710" ZEROS_16 "9000", GBAU_E_CARD},
        {&export, "9000", GBAU_E_CARD},
        {&unwrap,
         "900102"
         "890101"
         "820101"
         "830102"
         "840162"
         "9000",
         GBAU_OK},
        {&unwrap,
         "900102"
         "9000",
         GBAU_E_CARD},
        {&unwrap,
         "900102"
         "890101"
         "820100"
         "830102"
         "840162"
         "9000",
         GBAU_E_CARD}, /* such a key cannot be */
        {&unwrap,
         "900102"
         "890101"
         "820101"
         "830199"
         "840162"
         "9000",
         GBAU_E_CARD},
        {&unwrap,
         "900102"
         "890101"
         "820101"
         "830102"
         "840100"
         "9000",
         GBAU_E_CARD},
        {&authenticate_request, "8810" ZEROS_16 "9000", GBAU_OK},
        {&authenticate_request, NONCE "9000", GBAU_E_CARD},
        {&authenticate_request, "9000", GBAU_E_CARD},
    };
    for (size_t i = 0; i < COUNT_OF(lies); i++) {
        struct gbau_key *made = NULL;
        struct gbau_key *key = open_key(device, lies[i].request, lies[i].answer);
        assert_status(run_on(key, &made), lies[i].status);
        gbau_key_close(made);
        gbau_key_close(key);
    }
}

/* A session that was opened together with a wrong MAC is closed again. */
static void test_lies_in_authentication(void **state)
{
    struct device *device = *state;
    static const struct gbau_key_request request = {
        .usage = GBAU_USAGE_AUTHENTICATE, .algorithm = GBAU_HMAC_SHA256, .label = "a"};
    static const uint8_t received[52] = {0};
    struct gbau_key *session = NULL;
    uint8_t message[GBAU_AUTHENTICATION_MESSAGE_MAX];
    size_t length = 0;
    struct gbau_key *key = open_key(device, &request, "8e10" ZEROS_16 "9001079000");
    assert_status(gbau_key_authenticate_finish(key, received, 52, message, sizeof message, &length, &session),
                  GBAU_E_CARD);
    assert_octets(last_command(), "815e0700");
    gbau_key_close(key);
    static const char *const answers_to_ri[] = {"8810" ZEROS_16 "8e20" ZEROS_32 "9000",
                                                NONCE "8e20" ZEROS_32 "8c04000000009000",
                                                "8810" ZEROS_16 "8e10" ZEROS_16 "8c04000000009000",
                                                "8810" ZEROS_16 "8e20" ZEROS_32 "8c03000000"
                                                "9000"};
    for (size_t i = 0; i < COUNT_OF(answers_to_ri); i++) {
        key = open_key(device, &request, answers_to_ri[i]);
        assert_status(gbau_key_authenticate_answer(key, received, 16, message, sizeof message, &length), GBAU_E_CARD);
        gbau_key_close(key);
    }
    assert_null(session);
}

/* A list that never ends, and random octets that are too few. */
static void test_lists_and_numbers(void **state)
{
    struct device *device = *state;
    struct card_answer answer;
    uint64_t counter = 0;
    uint8_t random[8];
    SCRIPT("019000", "9000", CAPABLE "9000",
           "8006"
           "610000000001"
           "8100"
           "8c0400000001"
           "9000",
           "87080000000000000007"
           "9000",
           "870700000000000007"
           "9000",
           "01020304050607089000", "010203049000");
    assert_ok(card_api_open(&device->api, device->reader, NULL));
    assert_status(card_api_list(&device->api, API_LIST_NAF_KEYS, 0, &answer), GBAU_E_CARD); /* without 8D */
    assert_ok(card_api_counter(&device->api, &counter));
    assert_int_equal(counter, 7);
    assert_status(card_api_counter(&device->api, &counter), GBAU_E_CARD);
    assert_ok(card_api_random(&device->api, random, sizeof random));
    assert_octets(last_command(), "0184000008");
    assert_status(card_api_random(&device->api, random, sizeof random), GBAU_E_CARD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        device_test(test_opening),
        device_test(test_cards_without_the_api),
        device_test(test_piece_size),
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_malformed_answers),
        device_test(test_status_words),
        device_test(test_open_key_command),
        device_test(test_lies_at_opening),
        device_test(test_lies_about_a_ciphertext),
        device_test(test_tag_of_another_length),
        device_test(test_lies_about_padding),
        device_test(test_lies_about_a_text),
        device_test(test_lies_about_the_rest),
        device_test(test_lies_in_authentication),
        device_test(test_lists_and_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
