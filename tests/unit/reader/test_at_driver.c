/* test_at_driver.c: the card in a modem, against an emulated modem that misbehaves. */
#include <signal.h>

#include "modem_emulator.h"
#include "reader/reader.h"

#define SELECT_USIM "00a4040c07a0000000871002"
#define VERIFY_PIN  "002000010831323334ffffffff"
#define BOOTSTRAP   "0088008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb24400"
#define RES         "db08a54211d5e3ba50be9000"

static char directory[] = "/tmp/gbau-modem-XXXXXX";
static char card_path[64];

static int make_card(void **state)
{
    (void)state;
    struct card_profile profile = {.imsi = "001010123456789", .mnc_digits = 2, .gba_rules = GBA_U_RULES_DEFAULT,
                                   .pin = "1234", .pin_enabled = true, .puk = "87654321"};
    struct aka_k k;
    struct aka_opc opc;
    from_hex("465b5ce8b199b49faa5f0a2ee238a6bc", k.octets, sizeof k.octets);
    from_hex("cd63cb71954a9f4e48a5994e37a02baf", opc.octets, sizeof opc.octets);
    profile.functions = aka_functions_of_milenage(&k, &opc);
    (void)snprintf(directory, sizeof directory, "/tmp/gbau-modem-XXXXXX");
    if (mkdtemp(directory) == NULL) {
        return -1;
    }
    (void)snprintf(card_path, sizeof card_path, "%s/card", directory);
    return card_image_create(card_path, &profile, NULL) == GBAU_OK ? 0 : -1;
}

static int remove_card(void **state)
{
    (void)state;
    (void)unlink(card_path);
    return rmdir(directory);
}

static struct reader *open_modem(const struct modem_emulator *modem)
{
    char name[80];
    struct reader *reader = NULL;
    (void)snprintf(name, sizeof name, "at:%s", modem->device);
    assert_ok(reader_open(name, NULL, &reader));
    return reader;
}

static void send(struct reader *reader, const char *command_hex, const char *response_hex)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[600];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(command_hex), command, sizeof command, &length));
    assert_ok(reader_transmit(reader, octets_of(command, length), response, sizeof response, &length));
    assert_octets(octets_of(response, length), response_hex);
}

static void bootstrap_on_channel_0(struct modem_habits habits)
{
    struct modem_emulator modem;
    emulator_start(&modem, habits, card_path);
    struct reader *reader = open_modem(&modem);
    send(reader, SELECT_USIM, "9000");
    send(reader, VERIFY_PIN, "9000");
    send(reader, BOOTSTRAP, RES); /* 61XX and GET RESPONSE in between */
    send(reader, "00b0000001", "6986");
    reader_close(reader);
    emulator_stop(&modem);
}

static void test_csim(void **state)
{
    (void)state;
    bootstrap_on_channel_0((struct modem_habits){0});
}

static void test_echo_that_stays(void **state)
{
    (void)state;
    bootstrap_on_channel_0((struct modem_habits){.keeps_echo = true});
}

static void test_results_in_between(void **state)
{
    (void)state;
    bootstrap_on_channel_0((struct modem_habits){.talks_between = true, .keeps_echo = true});
}

static void test_lines_in_pieces(void **state)
{
    (void)state;
    bootstrap_on_channel_0((struct modem_habits){.in_pieces = true, .talks_between = true});
}

/* Without +CSIM: our channel is opened by +CCHO when the AID is selected, and used by +CGLA. */
static void bootstrap_by_channels(struct modem_habits habits)
{
    struct modem_emulator modem;
    emulator_start(&modem, habits, card_path);
    struct reader *reader = open_modem(&modem);
    send(reader, "0070000001", "019000");
    send(reader, "01b0000001", "6985"); /* nothing is selected yet */
    send(reader, "01a4040c07a0000000871009", "6a82");
    send(reader, "01a4040c07a0000000871002", "9000");
    send(reader, "012000010831323334ffffffff", "9000");
    send(reader, "0188008423dd1023553cbe9637a89d218ae64dae47bf351055f328b43577b9b98c7f3f0d723fb24400", RES);
    send(reader, "00708001", "9000");
    send(reader, "01b0000001", "6881");
    send(reader, "00708001", "6881");
    send(reader, VERIFY_PIN, "6881"); /* channel 0 is the modem's own */
    reader_close(reader);
    emulator_stop(&modem);
}

static void test_channels_instead_of_csim(void **state)
{
    (void)state;
    bootstrap_by_channels((struct modem_habits){.without_csim = true});
}

static void test_bare_session_number(void **state)
{
    (void)state;
    bootstrap_by_channels((struct modem_habits){.without_csim = true, .bare_session = true, .talks_between = true});
}

static void test_broken_answer(void **state)
{
    (void)state;
    struct modem_emulator modem;
    uint8_t response[300];
    size_t length = 0;
    static const uint8_t status[] = {0x80, 0xf2, 0x00, 0x0c};
    emulator_start(&modem, (struct modem_habits){.nonsense = true}, card_path);
    struct reader *reader = open_modem(&modem);
    assert_status(reader_transmit(reader, octets_of(status, 4), response, sizeof response, &length), GBAU_E_CARD);
    reader_close(reader);
    emulator_stop(&modem);
}

static void test_deaf_modem(void **state)
{
    (void)state;
    struct modem_emulator modem;
    struct reader *reader = NULL;
    char name[80];
    emulator_start(&modem, (struct modem_habits){.deaf = true}, card_path);
    (void)snprintf(name, sizeof name, "at:%s", modem.device);
    assert_status(reader_open(name, NULL, &reader), GBAU_E_TIMEOUT);
    assert_null(reader);
    assert_true(modem.commands >= 2); /* it was asked more than once */
    emulator_stop(&modem);
}

static void test_no_such_device(void **state)
{
    (void)state;
    struct reader *reader = NULL;
    assert_status(reader_open("at:/dev/gbau-no-such-modem", NULL, &reader), GBAU_E_IO);
    assert_status(reader_open("at:/dev/null", NULL, &reader), GBAU_E_IO);
}

int main(void)
{
    (void)signal(SIGHUP, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_csim, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_echo_that_stays, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_results_in_between, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_lines_in_pieces, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_channels_instead_of_csim, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_bare_session_number, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_broken_answer, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_deaf_modem, make_card, remove_card),
        cmocka_unit_test_setup_teardown(test_no_such_device, make_card, remove_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
