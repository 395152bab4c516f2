/* test_api_blocks.c: which blocks of a message are taken and which are refused, by objects, turn, length and limits. */
#include "api_testing.h"

struct refusal {
    const char *p2;
    const char *data;
    const char *sw;
};

static void assert_refusals(struct test_card *card, unsigned handle, const struct refusal *refusals, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char header[16];
        (void)snprintf(header, sizeof header, "8052%02x%s", handle, refusals[i].p2);
        const char *response =
            refusals[i].data[0] == '\0' ? apdu(card, header) : apdu_with(card, header, refusals[i].data);
        if (strcmp(sw_of(response), refusals[i].sw) != 0) {
            fail_msg("%s %s gives %s", header, refusals[i].data, response);
        }
    }
}

#define REFUSALS(card, handle, table) assert_refusals((card), (handle), (table), sizeof(table) / sizeof(table)[0])

#define NONCE12 "880c000000000000000000000000"
#define NONCE16 "881000000000000000000000000000000000"
#define TAG16   "8e1000000000000000000000000000000000"
#define TAG32   "8e200000000000000000000000000000000000000000000000000000000000000000"

static void test_refused_gcm(void **state)
{
    (void)state;
    static const struct refusal encryptions[] = {
        {"c1", "", "6a80"}, /* the last block has a text, if an empty one */
        {"c1", "8600", "6a80"},
        {"c1", "87008605", "6a80"},
        {"c1", "8700860261", "6a80"},
        {"c1", "8700ff", "6a80"},
        {"c1", "87", "6a80"},
        {"c1", "8780", "6a80"},
        {"c1", "87840000000161", "6a80"},
        {"c1", "87008700", "6a80"},
        {"c1",
         "87008401"
         "61",
         "6a80"},
        {"c1", NONCE12 "8700", "6a80"}, /* the card makes the nonce */
        {"c1", "8700" TAG16, "6a80"},
        {"c1", "8a0800000000000000008700", "6a80"},
        {"81", "8a080000000000000000", "6a80"}, /* lengths: CCM only */
        {"01", "8700", "6985"},                 /* neither first nor following one */
        {"41", "8700", "6985"},
        {"c0", "8700", "6a86"},
        {"c6", "8700", "6a86"},
        {"d1", "8700", "6a86"},
        {"e1", "8700", "6a86"},
        {"cf", "8700", "6a86"},
        {"c2", NONCE12 "8700" TAG16, "6985"}, /* the other direction */
        {"c3", "8700", "6985"},
        {"c4", "8700" TAG16, "6985"},
        {"c5", "8700", "6985"},
        {"c1", "8700", "9000"},
        {"81", "", "9000"}, /* now one is under way */
        {"01",
         "8601618701"
         "62",
         "9000"},
        {"02", "8700", "6985"},
        {"03", "8700", "6985"},
        {"01", NONCE12 "8700", "6a80"}, /* that has changed nothing */
        {"01", "87016386016186016100", "6a80"},
        {"01", "870163", "9000"},
        {"01", "860161", "6985"}, /* additional data after text: that has ended it */
        {"01", "870163", "6985"},
        {"81", "8601618700", "9000"},
        {"41", "870163", "9000"},
        {"41", "870163", "6985"},
    };
    static const struct refusal decryptions[] = {
        {"c2", "8700" TAG16, "6a80"},
        {"c2", NONCE16 "8700" TAG16, "6a80"},
        {"c2", NONCE12 "8700", "6a80"},
        {"c2", NONCE12 "8700" TAG32, "6a80"},
        {"82", NONCE12 TAG16, "6a80"},
        {"82", "8700", "6a80"},
        {"c2", NONCE12 "8700" TAG16, "9862"},
        {"82", NONCE12 "8700", "9000"},
        {"42", NONCE12 TAG16, "6a80"},
        {"42", "", "6a80"},
        {"42", TAG16, "9862"},
        {"42", TAG16, "6985"},
        {"c1", "8700", "6985"},
        {"c2", NONCE12 TAG16, "9862"},
    };
    struct test_card card;
    (void)begin_api(&card);
    REFUSALS(&card, open_for(&card, 1, 1, 2, "r"), encryptions);
    REFUSALS(&card, open_for(&card, 1, 2, 2, "r"), decryptions);
    assert_apdu(&card, "805202c1028700", "6a88");
    assert_apdu(&card, "805205c1028700", "6a88");
    assert_apdu(&card, "8052ffc1028700", "6a88");
    assert_apdu(&card, "805200c1", "6a80");
    assert_apdu(&card, "005200c1028700", "6e00");
    test_card_end(&card);
}

static void test_refused_others(void **state)
{
    (void)state;
    static const struct refusal ccm[] = {
        {"81", "", "6a80"}, /* lengths first */
        {"c1", "8a0800000000000000018700", "6a80"},
        {"81", "8a080000000001000000", "6a80"}, /* longer than a message may be */
        {"81", "8a080000000000ffffff", "9000"},
        {"81", "8a080000000200000003", "9000"},
        {"01", "860161", "9000"},
        {"01",
         "8601618701"
         "62",
         "9000"},
        {"41",
         "8701"
         "63",
         "6985"}, /* one octet too few */
        {"81", "8a080000000000000001", "9000"},
        {"01", "87020101", "6985"}, /* and one too many */
        {"81", "8a080000000000000001", "9000"},
        {"01", "8a080000000000000001", "6a80"},
        {"41", "870163", "9000"},
    };
    static const struct refusal ctr[] = {
        {"c1", "86008700", "6a80"},
        {"c1", "8700" TAG16, "6a80"},
        {"81", "8a080000000000000000", "6a80"},
        {"c1", "8700", "9000"},
    };
    static const struct refusal cbc[] = {
        {"c2", NONCE12 "8700", "6a80"},
        {"c2", NONCE16 "8700" TAG16, "6a80"},
        {"c2", NONCE16 "8700", "6a80"}, /* not even a padding */
        {"c2", NONCE16 "870161", "6a80"},
        {"c2", NONCE16 "871000000000000000000000000000000000", "6a80"}, /* a padding that is wrong */
        {"82", NONCE16 "871000000000000000000000000000000000", "9000"},
        {"42", "", "6a80"},
        {"42", "", "6985"},
    };
    static const struct refusal verify[] = {
        {"c4", "8700", "6a80"},       {"84", "8700" TAG32, "6a80"}, {"c4", "8600" TAG32, "6a80"},
        {"c4", "8700" TAG16, "9862"}, /* a MAC that is cut short */
        {"c4", TAG32, "9862"},        {"c3", "8700", "6985"},       {"84", "", "9000"},
        {"44", TAG32, "9862"},        {"44", TAG32, "6985"},
    };
    static const struct refusal mac[] = {
        {"c3", TAG32, "6a80"}, {"c3", NONCE12, "6a80"}, {"c4", TAG32, "6985"}, {"c3", "", "9000"}, {"43", "", "6985"},
    };
    struct test_card card;
    (void)begin_api(&card);
    REFUSALS(&card, open_for(&card, 1, 1, KEY_ALGORITHM_AES_256_CCM, "r"), ccm);
    REFUSALS(&card, open_for(&card, 1, 1, KEY_ALGORITHM_SM4_CTR, "r"), ctr);
    REFUSALS(&card, open_for(&card, 1, 2, KEY_ALGORITHM_AES_256_CBC, "r"), cbc);
    REFUSALS(&card, open_for(&card, 2, 2, KEY_ALGORITHM_HMAC_SHA256, "r"), verify);
    REFUSALS(&card, open_for(&card, 2, 1, KEY_ALGORITHM_HMAC_SHA256, "r"), mac);
    test_card_end(&card);
}

/* Pieces of 0 to 200 octets, and what is longer. */
static void test_piece_lengths(void **state)
{
    (void)state;
    static const enum key_algorithm algorithms[] = {KEY_ALGORITHM_AES_256_GCM, KEY_ALGORITHM_AES_128_CBC};
    struct test_card card;
    (void)begin_api(&card);
    for (size_t i = 0; i < 2; i++) {
        const uint8_t handle = open_for(&card, 1, 1, algorithms[i], "l");
        for (unsigned length = 0; length <= 230; length++) {
            struct api_command command;
            const uint8_t text[230] = {0};
            command_begin(&command, 0, API_INS_PROCESS, handle, 0xc1);
            command_put(&command, API_TAG_TEXT, octets_of(text, length));
            const struct api_response response = command_run(&card, &command);
            assert_int_equal(response.sw, length <= API_PIECE_MAX ? 0x9000 : 0x6a80);
            const size_t expected = i == 0 ? length : (length / 16 + 1) * 16;
            assert_int_equal(object_in(&response, API_TAG_TEXT).length, length <= API_PIECE_MAX ? expected : 0);
        }
    }
    test_card_end(&card);
}

/* 2^24 - 1 octets of text are a message, one more is none; and a handle does not seal for ever. */
static void test_limits(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    const uint8_t handle = open_for(&card, 1, 1, KEY_ALGORITHM_AES_128_CTR, "l");
    static const struct refusal refusals[] = {
        {"81", "8700", "9000"},   {"01", "87026162", "6a80"}, {"01", "870161", "9000"},
        {"41", "870161", "6a80"}, {"41", "8700", "9000"},
    };
    assert_refusals(&card, handle, refusals, 1);
    card.uicc.api.sessions[handle].text_left = 1;
    assert_refusals(&card, handle, refusals + 1, 4);
    card.uicc.api.sessions[handle].messages = UINT32_MAX - 1;
    static const struct refusal last[] = {{"c1", "8700", "9000"}, {"c1", "8700", "6983"}, {"41", "8700", "6985"}};
    REFUSALS(&card, handle, last);
    test_card_end(&card);
}

/* Blocks of counters do not overlap: the counter block ends in four zero octets, which the nonce's counter precedes. */
static void test_counter_blocks(void **state)
{
    (void)state;
    struct test_card card;
    uint64_t last = 0;
    (void)begin_api(&card);
    const uint8_t handle = open_for(&card, 1, 1, KEY_ALGORITHM_AES_128_CTR, "c");
    for (unsigned i = 0; i < 300; i++) {
        uint8_t block[16];
        const char *response = apduf(&card, "8052%02xc103870100", handle);
        assert_int_equal(strncmp(response, "8810", 4), 0);
        char hex[33];
        (void)snprintf(hex, sizeof hex, "%.32s", response + 4);
        from_hex(hex, block, sizeof block);
        struct octet_reader reader = octet_reader_of(octets_of(block + 4, 12));
        const uint64_t counter = octet_reader_u64(&reader);
        assert_true(counter > last);
        assert_int_equal(octet_reader_u32(&reader), 0);
        last = counter;
    }
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refused_gcm), cmocka_unit_test(test_refused_others), cmocka_unit_test(test_piece_lengths),
        cmocka_unit_test(test_limits),      cmocka_unit_test(test_counter_blocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
