/*
 * test_modem_families.c: the card in a modem, word for word as modems of several families talk. The ways are those that
 * owners of such modems report; the card's octets are made up.
 */
#include <stdio.h>

#include "modem_script.h"
#include "reader/reader.h"

#define OPENING                                                                                                        \
    {"ATE0Q0V1", "\r\nOK\r\n", 0}, {"AT+CMEE=1", "\r\nOK\r\n", 0},                                                     \
    {                                                                                                                  \
        "AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n", 0                                                                \
    }
#define OPEN_CHANNEL_BY_CSIM "AT+CSIM=10,\"0070000001\""
#define END                                                                                                            \
    {                                                                                                                  \
        NULL, NULL, 0                                                                                                  \
    }

/* What an application sends, and what it shall get. */
struct exchange {
    const char *command;
    const char *response; /* NULL: `status` instead */
    enum gbau_status status;
};

static const struct exchange bootstrapping[] = {
    {"0070000001", "019000", GBAU_OK},
    {"01a4040c07a0000000871002", "9000", GBAU_OK},
    {"0188008402ddee00", "db049000", GBAU_OK},
    {"00708001", "9000", GBAU_OK},
    {0},
};

static void run(struct reader *reader, const struct exchange *exchange)
{
    uint8_t command[READER_COMMAND_MAX];
    uint8_t response[600];
    size_t length = 0;
    assert_ok(hex_decode(octets_of_text(exchange->command), command, sizeof command, &length));
    enum gbau_status status = reader_transmit(reader, octets_of(command, length), response, sizeof response, &length);
    assert_status(status, exchange->status);
    if (status == GBAU_OK) {
        assert_octets(octets_of(response, length), exchange->response);
    }
}

/* Plays a script to a program that makes the exchanges, whole lines first and then octet by octet; what is logged
 * must hold `words`, unless they are NULL. */
static void play(const struct modem_step *steps, const struct exchange *exchanges, const char *words)
{
    for (int in_pieces = 0; in_pieces < 2; in_pieces++) {
        struct modem_script script = {.in_pieces = in_pieces != 0};
        char name[80];
        char text[1000] = "";
        struct reader *reader = NULL;
        FILE *stream = fmemopen(text, sizeof text, "w");
        const struct log log = {.stream = stream, .program = "test", .level = LOG_LEVEL_INFO};
        modem_script_start(&script, steps);
        (void)snprintf(name, sizeof name, "at:%s", script.device);
        assert_ok(reader_open(name, &log, &reader));
        for (const struct exchange *exchange = exchanges; exchange->command != NULL; exchange++) {
            run(reader, exchange);
        }
        reader_close(reader);
        modem_script_stop(&script);
        (void)fclose(stream);
        assert_true(words == NULL || strstr(text, words) != NULL);
    }
}

/* +CSIM passes everything; 61XX is ours to follow. */
static void test_quectel_ec25(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {"AT+CSIM=10,\"0070000001\"", "\r\n+CSIM: 6,\"019000\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=24,\"01A4040C07A0000000871002\"", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=14,\"0188008402DDEE\"", "\r\n+QIND: SMS DONE\r\n\r\n+CSIM: 4,\"6102\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=10,\"01C0000002\"", "\r\n+CSIM: 8,\"DB049000\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=10,\"0070800100\"", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, NULL);
}

/* +CSIM opens a channel, and then refuses SELECT on it. */
static void test_quectel_eg95(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {"AT+CSIM=10,\"0070000001\"", "\r\n+CSIM: 6,\"019000\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=24,\"01A4040C07A0000000871002\"", "\r\n+CME ERROR: 0\r\n", 0},
        {"AT+CSIM=10,\"0070800100\"", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\n+CCHO: 1\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=1,14,\"0088008402DDEE\"", "\r\n+CGLA: 8,\"DB049000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHC=1", "\r\n+CCHC: 1\r\n\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, "phone failure");
}

/* No blank behind colons; +CGLA hands 61XX on. */
static void test_simcom_a7908e(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {OPEN_CHANNEL_BY_CSIM, "\r\nERROR\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\n+CCHO:1\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=1,14,\"0088008402DDEE\"", "\r\n+CGLA:4,\"6102\"\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=1,10,\"00C0000002\"", "\r\n+CGLA:8,\"DB049000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHC=1", "\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, "trying +CCHO and +CGLA");
}

/* A session is a long hexadecimal number, which must come back as it was. */
static void test_sierra_em7590(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: operation not supported\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\n+CCHO: 00000000038aa32f\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=00000000038aa32f,14,\"0088008402DDEE\"", "\r\n+CGLA: 8,\"DB049000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHC=00000000038aa32f", "\r\n+CCHC\r\n\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, "operation not supported");
}

/* The session comes as a bare number. */
static void test_fibocom_fm350(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: 4\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\n1\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=1,14,\"0088008402DDEE\"", "\r\n+CGLA: 8,\"DB049000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHC=1", "\r\n\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, "operation not supported");
}

/* The echo stays, hex comes without quotes and in lower case, +CMEE is not known. */
static void test_echo_and_no_quotes(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"ATE0Q0V1", "ATE0Q0V1\r\r\nOK\r\n", 0},
        {"AT+CMEE=1", "AT+CMEE=1\r\r\nERROR\r\n", 0},
        {"AT+CPIN?", "AT+CPIN?\r\r\n+CPIN: READY\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=10,\"0070000001\"", "AT+CSIM=10,\"0070000001\"\r\r\n+CSIM: 6,019000\r\nOK\r\n", 0},
        {"AT+CSIM=24,\"01A4040C07A0000000871002\"", "\r\n+CSIM: 4, 9000\r\nOK\r\n", 0},
        {"AT+CSIM=14,\"0188008402DDEE\"", "\r\r\n+CSIM: 8,db049000\r\r\n\r\r\nOK\r\r\n", 0},
        {"AT+CSIM=10,\"0070800100\"", "\r\n+CSIM: 4, \"9000\"\r\n\r\nOK\r\n", 0},
        END,
    };
    play(steps, bootstrapping, NULL);
}

/* Neither +CSIM nor channels: only files, and it is said. */
static void test_huawei_with_crsm_only(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {OPEN_CHANNEL_BY_CSIM, "\r\nCOMMAND NOT SUPPORT\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\nCOMMAND NOT SUPPORT\r\n", 0},
        {"AT+CRSM=176,28423,0,0,9", "\r\n^RSSI:17\r\n\r\n+CRSM: 144,0,\"0809101010325476F8\"\r\n\r\nOK\r\n", 0},
        {"AT+CRSM=176,28589,0,0,0", "\r\n+CRSM: 108,4,\"\"\r\n\r\nOK\r\n", 0},
        {"AT+CRSM=176,28589,0,0,4", "\r\n+CRSM: 144,0,\"00000102\"\r\n\r\nOK\r\n", 0},
        {"AT+CRSM=214,28631,0,0,2,\"0102\"", "\r\n+CRSM: 105,130\r\n\r\nOK\r\n", 0},
        {"AT+CRSM=176,28631,0,0,0", "\r\n+CME ERROR: 50\r\n", 0},
        END,
    };
    static const struct exchange exchanges[] = {
        {"0070000001", "019000", GBAU_OK},
        {"01a4040c07a0000000871002", "6a82", GBAU_OK},
        {"00a4000c026f07", "9000", GBAU_OK},
        {"00b0000009", "0809101010325476f89000", GBAU_OK},
        {"00a4000c026fad", "9000", GBAU_OK},
        {"00b0000000", "000001029000", GBAU_OK}, /* 6CXX, and again with the length that it tells */
        {"00a4000c026fd7", "9000", GBAU_OK},
        {"00d60000020102", "6982", GBAU_OK},
        {"00b0000000", "6f00", GBAU_OK},
        {"0088008402ddee00", "6881", GBAU_OK},
        {"00708001", "9000", GBAU_OK},
        {0},
    };
    play(steps, exchanges, "command 88 cannot be sent");
}

/* The modem keeps the card to itself until it knows the PIN. */
static void test_modem_wants_the_pin(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"ATE0Q0V1", "\r\nOK\r\n", 0},
        {"AT+CMEE=1", "\r\nOK\r\n", 0},
        {"AT+CPIN?", "\r\n+CPIN: SIM PIN\r\n\r\nOK\r\n", 0},
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: 11\r\n", 0},
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: SIM PUK required\r\n", 0},
        END,
    };
    static const struct exchange exchanges[] = {
        {"0070000001", NULL, GBAU_E_PIN_REQUIRED}, {"0070000001", NULL, GBAU_E_PIN_BLOCKED}, {0}};
    play(steps, exchanges, "waits for SIM PIN");
    play(steps, exchanges, "the modem itself wants the card's PIN");
}

static void test_modem_without_a_card(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"ATE0Q0V1", "\r\nOK\r\n", 0},
        {"AT+CMEE=1", "\r\nOK\r\n", 0},
        {"AT+CPIN?", "\r\n+CME ERROR: 10\r\n", 0},
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: SIM not inserted\r\n", 0},
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: 14\r\n", 0},
        END,
    };
    static const struct exchange exchanges[] = {
        {"0070000001", NULL, GBAU_E_NOT_FOUND}, {"0070000001", NULL, GBAU_E_BUSY}, {0}};
    play(steps, exchanges, "the modem says of its card: SIM not inserted");
}

/* What is refused once is not refused for ever: +CSIM goes on for all else. */
static void test_one_command_is_refused(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        OPENING,
        {"AT+CSIM=14,\"00A4000C023F00\"", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=14,\"0088008402DDEE\"", "\r\n+CME ERROR: 3\r\n", 0},
        {"AT+CSIM=10,\"00B0000002\"", "\r\n+CSIM: 4,\"6C01\"\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=10,\"00B0000001\"", "\r\n+CSIM: 6,\"FF9000\"\r\n\r\nOK\r\n", 0},
        {OPEN_CHANNEL_BY_CSIM, "\r\n+CME ERROR: 3\r\n", 0},
        {"AT+CCHO=\"A0000000871002\"", "\r\n+CCHO: 3\r\n\r\nOK\r\n", 0},
        {"AT+CGLA=3,10,\"00B0000001\"", "\r\nERROR\r\n", 0},
        {"AT+CSIM=10,\"00B0000001\"", "\r\n+CSIM: 6,\"EE9000\"\r\n\r\nOK\r\n", 0},
        {"AT+CCHC=3", "\r\nERROR\r\n", 0},
        END,
    };
    static const struct exchange exchanges[] = {
        {"00a4000c023f00", "9000", GBAU_OK},
        {"0088008402ddee00", "6f00", GBAU_OK},
        {"00b0000002", "ff9000", GBAU_OK},
        {"0070000001", "019000", GBAU_OK},
        {"01a4040c07a0000000871002", "9000", GBAU_OK},
        {"01b0000001", "6f00", GBAU_OK},
        {"00b0000001", "ee9000", GBAU_OK},
        {0},
    };
    play(steps, exchanges, "operation not allowed");
}

/* A response of 256 octets, and one in two parts. */
static void test_long_responses(void **state)
{
    (void)state;
    static char data[513];
    static char line[600];
    static char response[600];
    memset(data, 'A', 512);
    (void)snprintf(line, sizeof line, "\r\n+CSIM: 516,\"%s610A\"\r\n\r\nOK\r\n", data);
    const struct modem_step steps[] = {
        OPENING,
        {"AT+CSIM=10,\"00B0000000\"", line, 0},
        {"AT+CSIM=10,\"00C000000A\"", "\r\n+CSIM: 24,\"000102030405060708099000\"\r\n\r\nOK\r\n", 0},
        END,
    };
    memset(data, 'a', 512);
    (void)snprintf(response, sizeof response, "%s000102030405060708099000", data);
    const struct exchange exchanges[] = {{"00b0000000", response, GBAU_OK}, {0}};
    play(steps, exchanges, NULL);
}

/* The first command is lost while the modem finds the baud rate. */
static void test_first_command_is_lost(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"ATE0Q0V1", NULL, 0},
        {"AT+CMEE?", "\r\n+CMEE: 0\r\n\r\nOK\r\n", 0},
        {"ATE0", "\r\nOK\r\n", 0},
        {"AT+CMEE=1", "\r\nOK\r\n", 0},
        {"AT+CPIN?", "\r\n+CPIN: READY\r\n\r\nOK\r\n", 0},
        {"AT+CSIM=14,\"00A4000C023F00\"", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        END,
    };
    static const struct exchange exchanges[] = {{"00a4000c023f00", "9000", GBAU_OK}, {0}};
    play(steps, exchanges, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quectel_ec25),          cmocka_unit_test(test_quectel_eg95),
        cmocka_unit_test(test_simcom_a7908e),         cmocka_unit_test(test_sierra_em7590),
        cmocka_unit_test(test_fibocom_fm350),         cmocka_unit_test(test_echo_and_no_quotes),
        cmocka_unit_test(test_huawei_with_crsm_only), cmocka_unit_test(test_modem_wants_the_pin),
        cmocka_unit_test(test_modem_without_a_card),  cmocka_unit_test(test_one_command_is_refused),
        cmocka_unit_test(test_long_responses),        cmocka_unit_test(test_first_command_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
