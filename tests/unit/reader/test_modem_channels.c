/* test_modem_channels.c: logical channels made of sessions, on a modem that this test plays. */
#include "reader/modem_channels.h"

#include "reader/reader.h"
#include "testing.h"

enum { SESSIONS = MODEM_CHANNELS };

struct modem {
    enum gbau_status open_status;
    enum gbau_status transmit_status;
    bool sessions[SESSIONS];
    unsigned opened;
    unsigned closed;
    char aid[2 * MODEM_AID_MAX + 1];
    char command[600];
};

static enum gbau_status open_session(void *context, uint8_t channel, struct octets aid)
{
    struct modem *modem = context;
    assert_false(modem->sessions[channel]);
    assert_ok(hex_encode(aid, modem->aid, sizeof modem->aid));
    modem->sessions[channel] = modem->open_status == GBAU_OK;
    modem->opened++;
    return modem->open_status;
}

/* Answers with the channel. */
static enum gbau_status transmit_in_session(void *context, uint8_t channel, struct octets command, uint8_t *response,
                                            size_t capacity, size_t *length)
{
    struct modem *modem = context;
    assert_true(modem->sessions[channel]);
    assert_ok(hex_encode(command, modem->command, sizeof modem->command));
    assert_true(capacity >= 3);
    response[0] = channel;
    response[1] = 0x90;
    response[2] = 0x00;
    *length = 3;
    return modem->transmit_status;
}

static void close_session(void *context, uint8_t channel)
{
    struct modem *modem = context;
    assert_true(modem->sessions[channel]);
    modem->sessions[channel] = false;
    modem->closed++;
}

static const struct modem_sessions sessions = {
    .open = open_session, .transmit = transmit_in_session, .close = close_session};

static struct modem modem;
static struct modem_channels channels;

static int make_modem(void **state)
{
    (void)state;
    modem = (struct modem){0};
    channels = (struct modem_channels){.sessions = &sessions, .context = &modem};
    return 0;
}

static enum gbau_status run(const char *command_hex, uint8_t *response, size_t capacity, size_t *length)
{
    uint8_t command[READER_COMMAND_MAX + 1];
    size_t command_length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &command_length));
    return modem_channels_transmit(&channels, octets_of(command, command_length), response, capacity, length);
}

static void assert_response(const char *command_hex, const char *response_hex)
{
    uint8_t response[16];
    size_t length = 0;
    assert_ok(run(command_hex, response, sizeof response, &length));
    assert_octets(octets_of(response, length), response_hex);
}

static bool owns(const char *command_hex)
{
    uint8_t command[16];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    return modem_channels_own(&channels, octets_of(command, length));
}

static void test_life_of_a_channel(void **state)
{
    (void)state;
    assert_false(owns("01b0000001"));
    assert_response("0070000001", "019000");
    assert_int_equal(modem.opened, 0); /* the session comes with the AID */
    assert_true(owns("01b0000001"));
    assert_true(owns("00708001"));
    assert_false(owns("00b0000001"));
    assert_false(owns("0070000001"));
    assert_response("01b0000001", "6985");
    assert_response("01a4040c07a000000087100200", "9000");
    assert_string_equal(modem.aid, "a0000000871002");
    assert_response("81500000021234", "019000");
    assert_string_equal(modem.command, "80500000021234"); /* the modem puts the channel in */
    assert_response("01a4040c05a000000003", "9000");
    assert_int_equal(modem.closed, 1); /* another application takes the place of the first */
    assert_response("00708001", "9000");
    assert_int_equal(modem.closed, 2);
    assert_response("01b0000001", "6881");
    assert_false(owns("00708001"));
}

static void test_all_channels(void **state)
{
    (void)state;
    char response[16];
    for (unsigned channel = 1; channel < MODEM_CHANNELS; channel++) {
        (void)snprintf(response, sizeof response, "%02x9000", channel);
        assert_response("0070000001", response);
    }
    assert_response("0070000001", "6a81");
    assert_response("00708004", "9000");
    assert_response("40a4040c05a000000003", "6881"); /* which was number 4 */
    assert_response("4fa4040c05a000000003", "9000"); /* number 19 */
    assert_true(modem.sessions[19]);
    assert_response("cf500000", "139000");
    assert_string_equal(modem.command, "80500000");
    modem_channels_close(&channels);
    assert_int_equal(modem.closed, 1);
    assert_response("0070000001", "019000");
}

static void test_wrong_commands(void **state)
{
    (void)state;
    static const char *const aids[] = {"01a4040c", "01a4040c00", "01a4040c07a00000008710",
                                       "01a4040c11"
                                       "a0000000871002a0000000871002"
                                       "000000"};
    assert_response("00708000", "6881");
    assert_response("00708001", "6881");
    assert_response("007080ff", "6881");
    assert_response("0070000001", "019000");
    for (size_t i = 0; i < sizeof aids / sizeof aids[0]; i++) {
        assert_response(aids[i], "6700");
    }
    assert_int_equal(modem.opened, 0);
}

/* What a modem refuses is a status word; that it is gone is not. */
static void test_failures(void **state)
{
    (void)state;
    uint8_t response[16];
    size_t length = 0;
    assert_response("0070000001", "019000");
    modem.open_status = GBAU_E_REFUSED;
    assert_response("01a4040c05a000000003", "6a82");
    modem.open_status = GBAU_E_IO;
    assert_status(run("01a4040c05a000000003", response, sizeof response, &length), GBAU_E_IO);
    assert_response("01b0000001", "6985"); /* no session came of it */
    modem.open_status = GBAU_OK;
    assert_response("01a4040c05a000000003", "9000");
    modem.transmit_status = GBAU_E_REFUSED;
    assert_response("01b0000001", "6f00");
    modem.transmit_status = GBAU_E_TIMEOUT;
    assert_status(run("01b0000001", response, sizeof response, &length), GBAU_E_TIMEOUT);
}

static void test_adopted_channel(void **state)
{
    (void)state;
    modem_channels_adopt(&channels, 3);
    assert_true(owns("03b0000001"));
    assert_response("03a4040c05a000000003", "9000");
    assert_response("03b0000001", "039000");
    modem_channels_adopt(&channels, 0);
    modem_channels_adopt(&channels, MODEM_CHANNELS);
    assert_false(owns("00b0000001"));
}

static void test_capacities(void **state)
{
    (void)state;
    uint8_t response[3];
    size_t length = 0;
    assert_status(run("00708001", response, 1, &length), GBAU_E_SPACE);
    assert_ok(run("0070000001", response, 2, &length)); /* no room for a number: no channel */
    assert_octets(octets_of(response, length), "6a81");
    assert_ok(run("0070000001", response, 3, &length));
    assert_octets(octets_of(response, length), "019000");
}

#define channels_test(function) cmocka_unit_test_setup((function), make_modem)

int main(void)
{
    const struct CMUnitTest tests[] = {
        channels_test(test_life_of_a_channel), channels_test(test_all_channels),    channels_test(test_wrong_commands),
        channels_test(test_failures),          channels_test(test_adopted_channel), channels_test(test_capacities),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
