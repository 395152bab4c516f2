/* test_file_driver.c: a reader on a card file, as every program uses it. */
#include "reader/reader.h"

#include "key/api_aid.h"

#include "card_file.h"

/* Runs one APDU given as hex through a reader; the response as hex, in a static buffer. */
static const char *transmit(struct reader *reader, const char *command_hex)
{
    static char text[2 * UICC_RESPONSE_MAX + 1];
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[UICC_RESPONSE_MAX];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    assert_ok(reader_transmit(reader, octets_of(command, length), response, sizeof response, &length));
    assert_ok(hex_encode(octets_of(response, length), text, sizeof text));
    return text;
}

#define assert_transmit(reader, command, response) assert_string_equal(transmit((reader), (command)), (response))

static void count_observed(void *context, struct octets command, struct octets response)
{
    unsigned *count = context;
    assert_true(command.length >= 4 && response.length >= 2);
    (*count)++;
}

static void test_apdus(void **state)
{
    const struct card_place *place = *state;
    struct reader *reader = NULL;
    unsigned observed = 0;
    create_card(place);
    assert_ok(reader_open(place->path, NULL, &reader));
    reader_observe(reader, count_observed, &observed);
    assert_transmit(reader, SELECT_USIM, "9000");
    assert_transmit(reader, VERIFY, "9000");
    assert_transmit(reader, BOOTSTRAP_V1, RES_V1); /* the whole response at once */
    assert_int_equal(observed, 3);
    reader_close(reader);
}

/* Nothing stands between this process and the card: long pieces of the GBA_U API go in one command (8.1). */
static void test_extended_commands(void **state)
{
    const struct card_place *place = *state;
    static uint8_t command[UICC_EXTENDED_COMMAND_MAX + 1] = {0x80, 0x52, 0x00, 0xc5, 0x00, 0x40, 0x04,
                                                             0x87, 0x82, 0x40, 0x00}; /* HASH of so many zeros */
    static uint8_t response[UICC_EXTENDED_RESPONSE_MAX];
    const size_t hash_size = 7 + 4 + API_PIECE_EXTENDED + 2;
    struct reader *reader = NULL;
    size_t length = 0;
    create_card(place);
    assert_ok(reader_open(place->path, NULL, &reader));
    assert_int_equal(reader_command_max(reader), UICC_EXTENDED_COMMAND_MAX);
    char select_api[64] = "00a4040c09";
    assert_ok(hex_encode(octets_of(gba_u_api_aid, GBA_U_API_AID_SIZE), select_api + 10, sizeof select_api - 10));
    assert_transmit(reader, select_api, "9000");
    assert_transmit(reader, "8050000006890108830131", "9001009000");
    assert_ok(reader_transmit(reader, octets_of(command, hash_size), response, sizeof response, &length));
    assert_octets(octets_of(response, length),
                  "8e204fe7b59af6de3b665b67788cc2f99892ab827efae3a467342b3bb4e3bc8e5bfe9000");
    assert_status(reader_transmit(reader, octets_of(command, sizeof command), response, sizeof response, &length),
                  GBAU_E_ARGUMENT);
    reader_close(reader);
}

static void test_one_user(void **state)
{
    const struct card_place *place = *state;
    struct reader *first = NULL;
    struct reader *second = NULL;
    create_card(place);
    assert_ok(reader_open(place->path, NULL, &first));
    assert_status(reader_open(place->path, NULL, &second), GBAU_E_BUSY);
    assert_null(second);
    reader_close(first);
    assert_ok(reader_open(place->path, NULL, &second)); /* closing gave the card back */
    assert_transmit(second, SELECT_USIM, "9000");
    reader_close(second);
}

static void test_no_card(void **state)
{
    const struct card_place *place = *state;
    struct reader *reader = NULL;
    assert_status(reader_open(place->path, NULL, &reader), GBAU_E_NOT_FOUND);
    assert_null(reader);
    assert_status(reader_open("", NULL, &reader), GBAU_E_NOT_FOUND);
    assert_null(reader);
}

static void test_small_buffer(void **state)
{
    const struct card_place *place = *state;
    static const uint8_t challenge[] = {0x00, 0x84, 0x00, 0x00, 0x08};
    create_card(place);
    for (size_t capacity = 0; capacity <= 10; capacity++) {
        struct reader *reader = NULL;
        size_t length = 0;
        uint8_t *response = malloc(capacity + 1);
        assert_non_null(response);
        assert_ok(reader_open(place->path, NULL, &reader));
        assert_status(reader_transmit(reader, octets_of(challenge, sizeof challenge), response, capacity, &length),
                      capacity >= 10 ? GBAU_OK : GBAU_E_SPACE);
        reader_close(reader);
        free(response);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        place_test(test_apdus),
        place_test(test_extended_commands),
        place_test(test_one_user),
        place_test(test_no_card),
        place_test(test_small_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
