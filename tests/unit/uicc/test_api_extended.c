/* test_api_extended.c: PROCESS by extended APDUs, where the platform allows them: long pieces, lengths, refusals. */
#include "api_testing.h"

enum { NONCE_SIZE = 12, TAG_SIZE = 16, HEAD_SIZE = 7 };

struct answer {
    unsigned sw;
    struct octets data;
};

/* The header of PROCESS and an extended Lc for `length` octets; Le 0000 behind the data unless it is left out. */
static struct answer run_extended(struct test_card *card, uint8_t handle, uint8_t p2, struct octets data, bool has_le)
{
    static uint8_t command[UICC_EXTENDED_COMMAND_MAX + 8];
    static uint8_t response[UICC_EXTENDED_RESPONSE_MAX];
    struct octet_writer writer = octet_writer_of(command, sizeof command);
    const uint8_t head[] = {0x80, API_INS_PROCESS, handle, p2, 0};
    octet_writer_put(&writer, head, sizeof head);
    octet_writer_u16(&writer, (uint16_t)data.length);
    octet_writer_put_octets(&writer, data);
    if (has_le) {
        octet_writer_u16(&writer, 0);
    }
    assert_ok(octet_writer_end(&writer));
    const size_t size = uicc_process_into(&card->uicc, octets_written(&writer), response, sizeof response);
    assert_in_range(size, 2, sizeof response);
    test_card_search(card, response, size);
    return (struct answer){.sw = octets_load_2(response + size - 2), .data = octets_of(response, size - 2)};
}

static struct octets object_of(const struct answer *answer, unsigned tag)
{
    struct octets value = {0};
    assert_ok(ber_tlv_find(answer->data, tag, &value));
    return value;
}

static struct octets text_of(size_t length)
{
    static uint8_t text[API_PIECE_EXTENDED + 1];
    for (size_t i = 0; i < length; i++) {
        text[i] = (uint8_t)(i * 7 + i / 256);
    }
    return octets_of(text, length);
}

/* An object, then another, as command data. */
static struct octets objects(unsigned tag, struct octets value, unsigned second_tag, struct octets second)
{
    static uint8_t data[2 * API_PIECE_EXTENDED];
    struct octet_writer writer = octet_writer_of(data, sizeof data);
    ber_tlv_write(&writer, tag, value);
    if (second.data != NULL) {
        ber_tlv_write(&writer, second_tag, second);
    }
    assert_ok(octet_writer_end(&writer));
    return octets_written(&writer);
}

static struct octets text_object(size_t length)
{
    return objects(API_TAG_TEXT, text_of(length), 0, (struct octets){0});
}

static struct ks_int_naf begin_extended(struct test_card *card)
{
    const struct challenge challenge = begin_api(card);
    uicc_allow_extended(&card->uicc);
    return int_key_by(card, &challenge, TEST_NAF);
}

/* Seals texts of many lengths in one block, and opens them outside. */
static void seal_all_lengths(struct test_card *card, const struct ks_int_naf *root, enum key_algorithm algorithm)
{
    static const size_t lengths[] = {0, 1, 127, 128, 200, 201, 255, 256, 1000, 16383, API_PIECE_EXTENDED};
    static uint8_t opened[API_PIECE_EXTENDED];
    const struct application_key key =
        key_for(card, root, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, algorithm, "x");
    const uint8_t handle = open_for(card, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, algorithm, "x");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        const struct octets aad = octets_of_text("aad");
        const struct answer answer = run_extended(
            card, handle, 0xc1, objects(API_TAG_ADDITIONAL_DATA, aad, API_TAG_TEXT, text_of(lengths[i])), true);
        assert_int_equal(answer.sw, 0x9000);
        const struct octets ciphertext = object_of(&answer, API_TAG_TEXT);
        assert_int_equal(ciphertext.length, lengths[i]);
        assert_ok(application_key_open(&card->crypto, &key, object_of(&answer, API_TAG_NONCE).data, aad, ciphertext,
                                       object_of(&answer, API_TAG_AUTHENTICATOR).data, opened));
        assert_memory_equal(opened, text_of(lengths[i]).data, lengths[i]);
    }
    assert_int_equal(close_handle(card, handle), 0x9000);
}

static void test_whole_messages(void **state)
{
    (void)state;
    static const enum key_algorithm algorithms[] = {KEY_ALGORITHM_AES_128_GCM, KEY_ALGORITHM_AES_256_GCM,
                                                    KEY_ALGORITHM_AES_256_CCM, KEY_ALGORITHM_SM4_GCM,
                                                    KEY_ALGORITHM_SM4_CCM};
    struct test_card card;
    const struct ks_int_naf root = begin_extended(&card);
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        seal_all_lengths(&card, &root, algorithms[i]);
    }
    test_card_end(&card);
}

/* What a forged message holds is not given out, and the message that is none ends nothing else. */
static void test_forged_message(void **state)
{
    (void)state;
    struct test_card card;
    static uint8_t sealed[NONCE_SIZE + API_PIECE_EXTENDED + TAG_SIZE], data[API_PIECE_EXTENDED + 64];
    const struct ks_int_naf root = begin_extended(&card);
    const struct application_key key =
        key_for(&card, &root, KEY_USAGE_ENCRYPT, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_AES_256_GCM, "x");
    const uint8_t handle =
        open_for(&card, KEY_USAGE_ENCRYPT, KEY_DIRECTION_NAF_TO_CARD, KEY_ALGORITHM_AES_256_GCM, "x");
    assert_ok(application_key_seal(&card.crypto, &key, sealed, (struct octets){0}, text_of(API_PIECE_EXTENDED),
                                   sealed + NONCE_SIZE, sealed + NONCE_SIZE + API_PIECE_EXTENDED));
    for (unsigned forged = 0; forged < 2; forged++) {
        struct octet_writer writer = octet_writer_of(data, sizeof data);
        sealed[NONCE_SIZE + 5] ^= (uint8_t)forged;
        ber_tlv_write(&writer, API_TAG_NONCE, octets_of(sealed, NONCE_SIZE));
        ber_tlv_write(&writer, API_TAG_TEXT, octets_of(sealed + NONCE_SIZE, API_PIECE_EXTENDED));
        ber_tlv_write(&writer, API_TAG_AUTHENTICATOR,
                      octets_of(sealed + NONCE_SIZE + API_PIECE_EXTENDED, TAG_SIZE));
        const struct answer answer = run_extended(&card, handle, 0xc2, octets_written(&writer), true);
        assert_int_equal(answer.sw, forged ? 0x9862 : 0x9000);
        assert_int_equal(answer.data.length, forged ? 0 : 4 + API_PIECE_EXTENDED);
    }
    test_card_end(&card);
}

/* Blocks, long and short ones in turn, are one message. */
static void test_mixed_blocks(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_extended(&card);
    const uint8_t handle = open_for(&card, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "m");
    const struct answer whole = run_extended(&card, handle, 0xc3, text_object(1000), true);
    uint8_t mac[32];
    assert_int_equal(whole.sw, 0x9000);
    memcpy(mac, object_of(&whole, API_TAG_AUTHENTICATOR).data, sizeof mac);
    assert_int_equal(run_extended(&card, handle, 0x83, text_object(700), false).sw, 0x9000);
    struct api_command command;
    command_begin(&command, 0, API_INS_PROCESS, handle, 0x03);
    command_put(&command, API_TAG_TEXT, octets_of(text_of(1000).data + 700, 200));
    assert_int_equal(command_run(&card, &command).sw, 0x9000);
    const struct octets rest = octets_of(text_of(1000).data + 900, 100);
    const struct answer last =
        run_extended(&card, handle, 0x43, objects(API_TAG_TEXT, rest, 0, (struct octets){0}), true);
    assert_int_equal(last.sw, 0x9000);
    assert_memory_equal(object_of(&last, API_TAG_AUTHENTICATOR).data, mac, sizeof mac);
    test_card_end(&card);
}

/* CBC pads: the response is longer than the text, and the nonce longer than that of others. */
static void test_block_modes(void **state)
{
    (void)state;
    static const size_t lengths[] = {0, 15, 16, 120, 127, 128, 250, 255, 16383, API_PIECE_EXTENDED};
    struct test_card card;
    (void)begin_extended(&card);
    const uint8_t cbc = open_for(&card, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_CBC, "x");
    const uint8_t ctr = open_for(&card, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_128_CTR, "x");
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct answer answer = run_extended(&card, cbc, 0xc1, text_object(lengths[i]), true);
        assert_int_equal(answer.sw, 0x9000);
        assert_int_equal(object_of(&answer, API_TAG_TEXT).length, (lengths[i] / 16 + 1) * 16);
        assert_int_equal(object_of(&answer, API_TAG_NONCE).length, 16);
        answer = run_extended(&card, ctr, 0xc1, text_object(lengths[i]), true);
        assert_int_equal(answer.sw, 0x9000);
        assert_int_equal(object_of(&answer, API_TAG_TEXT).length, lengths[i]);
    }
    test_card_end(&card);
}

static void test_capabilities(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    assert_non_null(strstr(apdu(&card, "8040000000"), "950200c8"));
    uicc_allow_extended(&card.uicc);
    assert_non_null(strstr(apdu(&card, "8040000000"), "95024000"));
    test_card_end(&card);
}

/* Before it is allowed, on another command, and with lengths that are not right. */
static void test_refusals(void **state)
{
    (void)state;
    static uint8_t response[UICC_EXTENDED_RESPONSE_MAX];
    static const char *const refused[] = {
        "80520000000001",                   /* no data */
        "805200c30000000000",               /* Lc 0000 */
        "805200c3000005870161",             /* two octets less than Lc says */
        "805200c300000387016100",           /* half an Le */
        "805200c30000038701610000ff",       /* more behind Le */
        "80500000000027801461000000010000", /* OPEN KEY */
        "8040000000000387016100",           /* CAPABILITIES */
        "00a4000c0000023f00",               /* SELECT */
        "00b00000000100",                   /* READ BINARY with an extended Le */
    };
    struct test_card card;
    (void)begin_api(&card);
    const uint8_t handle = open_for(&card, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "m");
    assert_int_equal(handle, 0);
    assert_int_equal(run_extended(&card, handle, 0xc3, text_object(1), true).sw, 0x6700);
    uicc_allow_extended(&card.uicc);
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        uint8_t command[64];
        const size_t length = strlen(refused[i]) / 2;
        from_hex(refused[i], command, length);
        const size_t size = uicc_process_into(&card.uicc, octets_of(command, length), response, sizeof response);
        assert_int_equal(size, 2);
        assert_int_equal(octets_load_2(response), 0x6700);
    }
    assert_int_equal(run_extended(&card, handle, 0xc3, text_object(API_PIECE_EXTENDED), true).sw, 0x9000);
    assert_int_equal(run_extended(&card, handle, 0xc3, text_object(API_PIECE_EXTENDED + 1), true).sw, 0x6a80);
    test_card_end(&card);
}

/* A short command has no room for a response to more than 200 octets, wherever longer pieces are allowed. */
static void test_piece_of_a_short_command(void **state)
{
    (void)state;
    struct test_card card;
    (void)begin_api(&card);
    const uint8_t handle = open_for(&card, KEY_USAGE_MAC, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_HMAC_SHA256, "m");
    for (unsigned allowed = 0; allowed < 2; allowed++) {
        struct api_command command;
        command_begin(&command, 0, API_INS_PROCESS, handle, 0xc3);
        command_put(&command, API_TAG_TEXT, text_of(201));
        assert_int_equal(command_run(&card, &command).sw, 0x6a80);
        uicc_allow_extended(&card.uicc);
    }
    test_card_end(&card);
}

/* A platform that has less room for responses than for commands learns it by 6F00, and sees no text. */
static void test_response_without_room(void **state)
{
    (void)state;
    struct test_card card;
    uint8_t response[UICC_RESPONSE_MAX] = {0};
    static uint8_t command[7 + 4 + 1000 + 2] = {0x80, API_INS_PROCESS, 0, 0xc1, 0, 0x03, 0xec};
    (void)begin_extended(&card);
    assert_int_equal(
        open_for(&card, KEY_USAGE_ENCRYPT, KEY_DIRECTION_CARD_TO_NAF, KEY_ALGORITHM_AES_256_GCM, "x"), 0);
    memcpy(command + HEAD_SIZE, text_object(1000).data, 4 + 1000);
    const size_t size =
        uicc_process_into(&card.uicc, octets_of(command, sizeof command), response, sizeof response);
    assert_int_equal(size, 2);
    assert_int_equal(octets_load_2(response), 0x6f00);
    test_card_end(&card);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_messages),           cmocka_unit_test(test_forged_message),
        cmocka_unit_test(test_mixed_blocks),             cmocka_unit_test(test_block_modes),
        cmocka_unit_test(test_capabilities),             cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_piece_of_a_short_command), cmocka_unit_test(test_response_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
