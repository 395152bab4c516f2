/* test_at_modem.c: one command and one answer at a time, also when answers come late, broken or never. */
#include "reader/at_modem.h"

#include <stdio.h>
#include <time.h>

#include "modem_script.h"

static const struct at_expected csim = {.prefix = "+CSIM:"};
static const struct at_expected nothing;

static void open_modem(struct at_modem *modem, struct modem_script *script, const struct modem_step *steps)
{
    modem_script_start(script, steps);
    assert_ok(at_modem_open(modem, script->device, NULL));
    modem->timeout_ms = 600;
}

static void close_modem(struct at_modem *modem, struct modem_script *script)
{
    at_modem_close(modem);
    modem_script_stop(script);
}

static void test_lines(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"AT+A", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        {"AT+B", "AT+B\r\r\n+CSIM:4,9000\r\r\n\r\n\nOK\n", 0},
        {"AT+C", "\r\nRING\r\n+CREG: 1\r\n+CSIM: 1\r\n+CSIM: 2\r\nOK\r\n", 0},
        {"AT+D", "\r\nOK\r\n", 0},
        {"AT+E", "7\r\nOK\r\n", 0},
        {NULL, NULL, 0},
    };
    for (int in_pieces = 0; in_pieces < 2; in_pieces++) {
        struct modem_script script = {.in_pieces = in_pieces != 0};
        struct at_modem modem;
        char answer[AT_LINE_MAX];
        open_modem(&modem, &script, steps);
        assert_ok(at_modem_run(&modem, "+A", csim, answer));
        assert_string_equal(answer, "4,\"9000\"");
        assert_ok(at_modem_run(&modem, "+B", csim, answer));
        assert_string_equal(answer, "4,9000");
        assert_ok(at_modem_run(&modem, "+C", csim, answer));
        assert_string_equal(answer, "1"); /* the first one */
        assert_ok(at_modem_run(&modem, "+D", csim, answer));
        assert_string_equal(answer, "");
        assert_ok(at_modem_run(&modem, "+E", (struct at_expected){.prefix = "+CCHO:", .may_be_bare = true}, answer));
        assert_string_equal(answer, "7");
        close_modem(&modem, &script);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"AT+A", "\r\n+CME ERROR: 11\r\n", 0},
        {"AT+B", "\r\n+CME ERROR: operation not allowed\r\n", 0},
        {"AT+C", "\r\nERROR\r\n", 0},
        {NULL, NULL, 0},
    };
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, "+A", csim, answer), GBAU_E_PIN_REQUIRED);
    assert_string_equal(modem.refusal, "SIM PIN required");
    assert_status(at_modem_run(&modem, "+B", csim, answer), GBAU_E_REFUSED);
    assert_string_equal(modem.refusal, "operation not allowed");
    assert_status(at_modem_run(&modem, "+C", csim, answer), GBAU_E_REFUSED);
    close_modem(&modem, &script);
}

/* The answer of a command that was given up comes while the next one waits: it is not taken for that one's. */
static void test_late_answer(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"AT+A", "\r\n+CSIM: 4,\"6F00\"\r\n\r\nOK\r\n", 900},
        {"AT+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0},
        {"AT+B", "\r\n+CSIM: 4,\"9000\"\r\n\r\nOK\r\n", 0},
        {NULL, NULL, 0},
    };
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, "+A", csim, answer), GBAU_E_TIMEOUT);
    assert_ok(at_modem_run(&modem, "+B", csim, answer));
    assert_string_equal(answer, "4,\"9000\"");
    close_modem(&modem, &script);
}

/* The query was lost too: both its answers and the late one are passed over. */
static void test_very_late_answers(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {
        {"AT+A", "\r\n+CSIM: 4,\"6F00\"\r\n\r\nOK\r\n", 1500},
        {"AT+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n", 0},
        {"AT+CMEE?", "\r\n+CMEE: 1\r\n\r\nOK\r\n", 20},
        {"AT+C", "\r\n+CME ERROR: 13\r\n", 0},
        {NULL, NULL, 0},
    };
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, "+A", csim, answer), GBAU_E_TIMEOUT);
    assert_status(at_modem_run(&modem, "+B", csim, answer), GBAU_E_TIMEOUT); /* never sent */
    assert_status(at_modem_run(&modem, "+C", csim, answer), GBAU_E_REFUSED);
    assert_string_equal(modem.refusal, "SIM failure");
    close_modem(&modem, &script);
}

static void test_silence(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {{"AT+A", NULL, 0}, {"AT+CMEE?", NULL, 0}, {NULL, NULL, 0}};
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, "+A", nothing, answer), GBAU_E_TIMEOUT);
    assert_status(at_modem_run(&modem, "+B", nothing, answer), GBAU_E_TIMEOUT);
    close_modem(&modem, &script);
}

/* Lines longer than any answer are noise, to their end: the "OK" at the end of one is none. */
static void test_noise(void **state)
{
    (void)state;
    static char noise[AT_BUFFER_SIZE + 2 * AT_LINE_MAX];
    const struct modem_step steps[] = {{"AT+A", noise, 0}, {NULL, NULL, 0}};
    for (size_t length = AT_LINE_MAX - 1; length <= AT_BUFFER_SIZE + AT_LINE_MAX; length += 271) {
        struct modem_script script = {0};
        struct at_modem modem;
        char answer[AT_LINE_MAX];
        memset(noise, 'x', length);
        memcpy(noise, "+CSIM:", 6);
        (void)snprintf(noise + length, sizeof noise - length, "OK\r\n+CSIM: 4,9000\r\nOK\r\n");
        open_modem(&modem, &script, steps);
        assert_ok(at_modem_run(&modem, "+A", csim, answer));
        assert_string_equal(answer, "4,9000");
        close_modem(&modem, &script);
    }
}

static void test_unplugged(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {{"AT+A", modem_unplugged, 0}, {NULL, NULL, 0}};
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, "+A", nothing, answer), GBAU_E_IO);
    assert_status(at_modem_run(&modem, "+A", nothing, answer), GBAU_E_IO);
    close_modem(&modem, &script);
}

/* A modem that talks without end is given up in time like a silent one. */
static void test_chatter(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {{"AT+A", modem_chatter, 0}, {NULL, NULL, 0}};
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    open_modem(&modem, &script, steps);
    assert_int_equal(fcntl(script.master, F_SETFL, O_NONBLOCK | fcntl(script.master, F_GETFL)), 0);
    const time_t start = time(NULL);
    assert_status(at_modem_run(&modem, "+A", csim, answer), GBAU_E_TIMEOUT);
    assert_true(time(NULL) - start <= 1); /* it was still talking */
    close_modem(&modem, &script);
}

static void test_long_command(void **state)
{
    (void)state;
    static const struct modem_step steps[] = {{NULL, NULL, 0}};
    struct modem_script script = {0};
    struct at_modem modem;
    char answer[AT_LINE_MAX];
    char command[AT_LINE_MAX];
    memset(command, 'x', sizeof command);
    command[sizeof command - 1] = '\0';
    open_modem(&modem, &script, steps);
    assert_status(at_modem_run(&modem, command, nothing, answer), GBAU_E_ARGUMENT);
    close_modem(&modem, &script);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lines),     cmocka_unit_test(test_refusals),          cmocka_unit_test(test_late_answer),
        cmocka_unit_test(test_silence),   cmocka_unit_test(test_very_late_answers), cmocka_unit_test(test_noise),
        cmocka_unit_test(test_unplugged), cmocka_unit_test(test_long_command),      cmocka_unit_test(test_chatter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
