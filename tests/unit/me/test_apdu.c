/* test_apdu.c: command APDUs octet by octet, and what status words mean (TS 102 221 clause 10). */
#include "me_testing.h"

#include "me/apdu.h"

/* The last command and response that passed. */
struct last {
    uint8_t command[READER_COMMAND_MAX];
    size_t command_length;
    uint8_t response[APDU_RESPONSE_MAX];
    size_t response_length;
};

static void keep_last(void *context, struct octets command, struct octets response)
{
    struct last *last = context;
    memcpy(last->command, command.data, command.length);
    last->command_length = command.length;
    memcpy(last->response, response.data, response.length);
    last->response_length = response.length;
}

static void check_coding(struct bench *bench, uint8_t channel, const struct apdu_command *command, const char *hex)
{
    struct last last = {0};
    struct apdu_response response;
    reader_observe(bench->reader, keep_last, &last);
    assert_ok(apdu_exchange(bench->reader, channel, command, &response));
    assert_octets(octets_of(last.command, last.command_length), hex);
    assert_int_equal(response.data.length, last.response_length - 2);
    assert_memory_equal(response.octets, last.response, last.response_length);
    assert_int_equal(response.sw,
                     last.response[last.response_length - 2] << 8 | last.response[last.response_length - 1]);
}

static void test_cases_of_commands(void **state)
{
    static const uint8_t data[] = {0x3f, 0x00};
    const struct octets octets = octets_of(data, sizeof data);
    struct apdu_command command = {.cla = 0x00, .ins = 0xa4, .p1 = 0x08, .p2 = 0x04, .le = APDU_NO_LE};
    check_coding(*state, 0, &command, "00a40804");
    command.le = APDU_ANY_LE;
    check_coding(*state, 0, &command, "00a4080400");
    command.le = 255;
    check_coding(*state, 0, &command, "00a40804ff");
    command.data = octets;
    command.le = APDU_NO_LE;
    check_coding(*state, 0, &command, "00a40804023f00");
    command.le = APDU_ANY_LE;
    check_coding(*state, 0, &command, "00a40804023f0000");
}

static void test_channels(void **state)
{
    static const struct {
        uint8_t channel;
        const char *interindustry;
        const char *proprietary;
    } codings[] = {{0, "00700000", "80700000"}, {1, "01700000", "81700000"}, {3, "03700000", "83700000"},
                   {4, "40700000", "c0700000"}, {5, "41700000", "c1700000"}, {19, "4f700000", "cf700000"}};
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        struct apdu_command command = {.ins = 0x70, .le = APDU_NO_LE};
        check_coding(*state, codings[i].channel, &command, codings[i].interindustry);
        command.cla = 0x80;
        check_coding(*state, codings[i].channel, &command, codings[i].proprietary);
    }
}

static void test_lengths_of_data(void **state)
{
    struct bench *bench = *state;
    static const uint8_t data[APDU_DATA_MAX + 1];
    struct last last = {0};
    struct apdu_response response;
    struct apdu_command command = {.ins = 0xd6, .data = octets_of(data, APDU_DATA_MAX), .le = APDU_ANY_LE};
    reader_observe(bench->reader, keep_last, &last);
    assert_ok(apdu_exchange(bench->reader, 0, &command, &response));
    assert_int_equal(last.command_length, APDU_COMMAND_MAX);
    assert_int_equal(last.command[4], 255);
    assert_int_equal(last.command[260], 0);
    last.command_length = 0;
    command.data.length++;
    assert_status(apdu_exchange(bench->reader, 0, &command, &response), GBAU_E_SPACE);
    assert_int_equal(last.command_length, 0); /* nothing was sent */
}

static void test_response(void **state)
{
    struct bench *bench = *state;
    struct apdu_response response;
    const struct apdu_command command = {.ins = 0x70, .le = 1}; /* MANAGE CHANNEL: opens one */
    assert_ok(apdu_exchange(bench->reader, 0, &command, &response));
    assert_int_equal(response.sw, 0x9000);
    assert_octets(response.data, "01");
    assert_ptr_equal(response.data.data, response.octets);
}

static void test_status_words(void **state)
{
    static const struct {
        uint16_t sw;
        enum gbau_status status;
    } meanings[] = {
        {0x9000, GBAU_OK},
        {0x9100, GBAU_OK},
        {0x911f, GBAU_OK},
        {0x9001, GBAU_E_CARD},
        {0x9200, GBAU_E_CARD},
        {0x63c0, GBAU_E_PIN_BLOCKED},
        {0x63c1, GBAU_E_PIN_WRONG},
        {0x63cf, GBAU_E_PIN_WRONG},
        {0x63d0, GBAU_E_CARD},
        {0x6300, GBAU_E_CARD},
        {0x6581, GBAU_E_STORAGE},
        {0x6982, GBAU_E_ACCESS},
        {0x6983, GBAU_E_PIN_BLOCKED},
        {0x6a81, GBAU_E_UNSUPPORTED},
        {0x6a82, GBAU_E_NOT_FOUND},
        {0x6a83, GBAU_E_NOT_FOUND},
        {0x6a84, GBAU_E_LIMIT},
        {0x6a88, GBAU_E_NOT_FOUND},
        {0x9862, GBAU_E_AUTHENTICATION},
        {0x9864, GBAU_E_UNSUPPORTED},
        {0x9866, GBAU_E_SPACE},
        {0x6700, GBAU_E_CARD},
        {0x6f00, GBAU_E_CARD},
        {0x0000, GBAU_E_CARD},
        {0xffff, GBAU_E_CARD},
    };
    (void)state;
    for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
        assert_status(apdu_status_of_sw(meanings[i].sw), meanings[i].status);
    }
    unsigned good = 0;
    for (unsigned sw = 0; sw <= UINT16_MAX; sw++) {
        good += apdu_status_of_sw((uint16_t)sw) == GBAU_OK;
    }
    assert_int_equal(good, 1 + 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_cases_of_commands), bench_test(test_channels),           bench_test(test_lengths_of_data),
        bench_test(test_response),          cmocka_unit_test(test_status_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
