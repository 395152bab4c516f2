/* test_at_answer.c: what lines from modems say, in the ways of many of them. */
#include "reader/at_answer.h"

#include "testing.h"

static void test_results(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum at_result result;
    } cases[] = {
        {"OK", AT_RESULT_OK},
        {"OK ", AT_RESULT_OK},
        {"ERROR", AT_RESULT_ERROR},
        {"+CME ERROR: 100", AT_RESULT_ERROR},
        {"+CME ERROR:SIM busy", AT_RESULT_ERROR},
        {"+CMS ERROR: 302", AT_RESULT_ERROR},
        {"COMMAND NOT SUPPORT", AT_RESULT_ERROR},
        {"NO CARRIER", AT_RESULT_ERROR},
        {"OKAY", AT_RESULT_NONE},
        {"O", AT_RESULT_NONE},
        {"", AT_RESULT_NONE},
        {"ok", AT_RESULT_NONE},
        {"AT+CSIM=10,\"0070000001\"", AT_RESULT_NONE},
        {"+CSIM: 4,\"9000\"", AT_RESULT_NONE},
        {"RING", AT_RESULT_NONE},
        {"^HCSQ:\"LTE\",51,46,161,24", AT_RESULT_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(at_read_result(cases[i].line), cases[i].result);
    }
}

/* Numbers become words, words stay; both mean the same. */
static void test_errors(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        enum gbau_status status;
        const char *text;
    } cases[] = {
        {"ERROR", GBAU_E_REFUSED, "ERROR"},
        {"COMMAND NOT SUPPORT", GBAU_E_REFUSED, "COMMAND NOT SUPPORT"},
        {"+CMS ERROR: 302", GBAU_E_REFUSED, "+CMS ERROR: 302"},
        {"+CME ERROR: 10", GBAU_E_NOT_FOUND, "SIM not inserted"},
        {"+CME ERROR: SIM not inserted", GBAU_E_NOT_FOUND, "SIM not inserted"},
        {"+CME ERROR: sim not inserted", GBAU_E_NOT_FOUND, "SIM not inserted"},
        {"+CME ERROR:11", GBAU_E_PIN_REQUIRED, "SIM PIN required"},
        {"+CME ERROR: SIM PIN required", GBAU_E_PIN_REQUIRED, "SIM PIN required"},
        {"+CME ERROR: 12", GBAU_E_PIN_BLOCKED, "SIM PUK required"},
        {"+CME ERROR: 13", GBAU_E_REFUSED, "SIM failure"},
        {"+CME ERROR: 14", GBAU_E_BUSY, "SIM busy"},
        {"+CME ERROR: 16", GBAU_E_PIN_WRONG, "incorrect password"},
        {"+CME ERROR: 0", GBAU_E_REFUSED, "phone failure"},
        {"+CME ERROR: 100", GBAU_E_REFUSED, "unknown"},
        {"+CME ERROR: 4711", GBAU_E_REFUSED, "4711"},
        {"+CME ERROR: missing resource", GBAU_E_REFUSED, "missing resource"},
        {"+CME ERROR: ", GBAU_E_REFUSED, ""},
        {"+CME ERROR: 99999999999999999999999999", GBAU_E_REFUSED, "99999999999999999999999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *text = NULL;
        assert_status(at_read_error(cases[i].line, &text), cases[i].status);
        assert_string_equal(text, cases[i].text);
    }
}

static void test_values(void **state)
{
    (void)state;
    assert_string_equal(at_read_value("+CCHO: 1", "+CCHO:"), "1");
    assert_string_equal(at_read_value("+CCHO:1", "+CCHO:"), "1");
    assert_string_equal(at_read_value("+CCHO:", "+CCHO:"), "");
    assert_null(at_read_value("+CCHC: 1", "+CCHO:"));
    assert_null(at_read_value("+CCHO", "+CCHO:"));
    assert_true(at_is_bare_number("1"));
    assert_true(at_is_bare_number("12 "));
    assert_false(at_is_bare_number(""));
    assert_false(at_is_bare_number("1,2"));
    assert_false(at_is_bare_number("1a"));
    assert_false(at_is_bare_number("-1"));
}

static void test_apdus(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *response; /* NULL: GBAU_E_CARD */
    } cases[] = {
        {"4,\"9000\"", "9000"},
        {"4,9000", "9000"},
        {"4, 9000", "9000"},
        {"4, \"9000\"", "9000"},
        {" 4 , \"9000\" ", "9000"},
        {"6,\"019000\"", "019000"},
        {"3,\"019000\"", "019000"}, /* octets instead of characters */
        {"8,\"Db0A9000\"", "db0a9000"},
        {"4,\"90\"", NULL},
        {"4,\"900\"", NULL},
        {"4,\"9000", NULL},
        {"4,\"9000\"x", NULL},
        {"4,\"9000\",1", NULL},
        {"4,90 00", NULL},
        {"6,\"9000\"", NULL}, /* cut short */
        {"4,\"90g0\"", NULL},
        {"0,\"\"", NULL},
        {"2,\"90\"", NULL},
        {"4", NULL},
        {"", NULL},
        {",\"9000\"", NULL},
        {"-4,\"9000\"", NULL},
        {"99999999999,\"9000\"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t response[16];
        size_t length = 0;
        enum gbau_status status = at_read_apdu(cases[i].value, response, sizeof response, &length);
        assert_status(status, cases[i].response == NULL ? GBAU_E_CARD : GBAU_OK);
        if (cases[i].response != NULL) {
            assert_octets(octets_of(response, length), cases[i].response);
        }
    }
}

static void test_capacities(void **state)
{
    (void)state;
    uint8_t response[8];
    size_t length = 0;
    assert_ok(at_read_apdu("8,\"01029000\"", response, 4, &length));
    assert_status(at_read_apdu("8,\"01029000\"", response, 3, &length), GBAU_E_SPACE);
    assert_ok(at_read_crsm("144,0,\"0102\"", response, 4, &length));
    assert_status(at_read_crsm("144,0,\"0102\"", response, 3, &length), GBAU_E_SPACE);
    assert_status(at_read_crsm("144,0,\"0102\"", response, 1, &length), GBAU_E_SPACE);
    assert_status(at_read_crsm("144,0", response, 1, &length), GBAU_E_SPACE);
}

static void test_sessions(void **state)
{
    (void)state;
    static const char *const good[] = {"1", "00000000038aa32f", "038AA32F", "12345678901234567890123"};
    static const char *const bad[] = {"", "-1", "1,2", "0x12", "123456789012345678901234", "\"1", "1 2"};
    char session[AT_SESSION_SIZE];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(at_read_session(good[i], session));
        assert_string_equal(session, good[i]);
    }
    assert_ok(at_read_session("\"2\" ", session));
    assert_string_equal(session, "2");
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_status(at_read_session(bad[i], session), GBAU_E_CARD);
    }
}

static void test_crsm(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        const char *response; /* NULL: GBAU_E_CARD */
    } cases[] = {
        {"144,0", "9000"},
        {"144, 0", "9000"},
        {"144,0,\"0891\"", "08919000"},
        {"144,0,0891", "08919000"},
        {"144,0,\"\"", "9000"},
        {"106,130,\"\"", "6a82"},
        {"256,0", NULL},
        {"144,256", NULL},
        {"144", NULL},
        {"144,", NULL},
        {"144,0;", NULL},
        {"144,0,\"089\"", NULL},
        {"144,0,\"08", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t response[8];
        size_t length = 0;
        enum gbau_status status = at_read_crsm(cases[i].value, response, sizeof response, &length);
        assert_status(status, cases[i].response == NULL ? GBAU_E_CARD : GBAU_OK);
        if (cases[i].response != NULL) {
            assert_octets(octets_of(response, length), cases[i].response);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_results), cmocka_unit_test(test_errors),     cmocka_unit_test(test_values),
        cmocka_unit_test(test_apdus),   cmocka_unit_test(test_capacities), cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_crsm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
