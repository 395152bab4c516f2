/* test_clock.c: xs:dateTime, HTTP dates and NTP seconds, from 1970 to 9999, and what is no date. */
#include "base/clock.h"

#include <time.h>

#include "testing.h"

struct date_case {
    unix_time time;
    const char *date_time;
    const char *http_date;
};

static const struct date_case date_cases[] = {
    {0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 GMT"},
    {784111777, "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 GMT"}, /* RFC 9110 5.6.7 */
    {951782400, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 GMT"},
    {1893456000, "2030-01-01T00:00:00Z", "Tue, 01 Jan 2030 00:00:00 GMT"},
    {2147483647, "2038-01-19T03:14:07Z", "Tue, 19 Jan 2038 03:14:07 GMT"},
    {2147483648, "2038-01-19T03:14:08Z", "Tue, 19 Jan 2038 03:14:08 GMT"},
    {4107542399, "2100-02-28T23:59:59Z", "Sun, 28 Feb 2100 23:59:59 GMT"},
    {4107542400, "2100-03-01T00:00:00Z", "Mon, 01 Mar 2100 00:00:00 GMT"}, /* no leap year */
    {253402300799, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 GMT"},
};

static void test_dates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof date_cases / sizeof date_cases[0]; i++) {
        char date_time[CLOCK_DATE_TIME_SIZE];
        char http_date[CLOCK_HTTP_DATE_SIZE];
        unix_time time = -1;
        assert_ok(clock_format_date_time(date_cases[i].time, date_time));
        assert_string_equal(date_time, date_cases[i].date_time);
        assert_ok(clock_format_http_date(date_cases[i].time, http_date));
        assert_string_equal(http_date, date_cases[i].http_date);
        assert_ok(clock_parse_date_time(octets_of_text(date_time), &time));
        assert_true(time == date_cases[i].time);
    }
}

/* A step of a day and something through 8,000 years. */
static void test_round_trips(void **state)
{
    (void)state;
    for (unix_time time = 0; time <= 253402300799; time += 86400 * 13 + 12347) {
        char text[CLOCK_DATE_TIME_SIZE];
        unix_time read = -1;
        assert_ok(clock_format_date_time(time, text));
        assert_ok(clock_parse_date_time(octets_of_text(text), &read));
        assert_true(read == time);
    }
}

static void test_all_months_and_days(void **state)
{
    (void)state;
    static const char *const names[] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    for (int day = 0; day < 365; day++) {
        char text[CLOCK_HTTP_DATE_SIZE];
        assert_ok(clock_format_http_date(86400LL * day, text));
        assert_memory_equal(text, names[day % 7], 3);
    }
    for (int month = 0; month < 12; month++) {
        char text[CLOCK_HTTP_DATE_SIZE];
        assert_ok(clock_format_http_date(86400LL * (month * 61 / 2 + 14), text));
        assert_memory_equal(text + 8, months[month], 3);
    }
}

static void test_out_of_range(void **state)
{
    (void)state;
    static const unix_time times[] = {-1, INT64_MIN, 253402300800, INT64_MAX};
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        char date_time[CLOCK_DATE_TIME_SIZE];
        char http_date[CLOCK_HTTP_DATE_SIZE];
        assert_status(clock_format_date_time(times[i], date_time), GBAU_E_ARGUMENT);
        assert_status(clock_format_http_date(times[i], http_date), GBAU_E_ARGUMENT);
    }
}

static void test_fractions(void **state)
{
    (void)state;
    static const char *const texts[] = {"2030-01-01T00:00:00.0Z", "2030-01-01T00:00:00.999Z",
                                        "2030-01-01T00:00:00.123456789012345678901234567890Z"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        unix_time time = 0;
        assert_ok(clock_parse_date_time(octets_of_text(texts[i]), &time));
        assert_true(time == 1893456000);
    }
}

static void test_malformed(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2030-01-01",
        "2030-01-01T00:00:00",
        "2030-01-01T00:00:00z",
        "2030-01-01t00:00:00Z",
        "2030-01-01 00:00:00Z",
        "2030-01-01T00:00:00+00:00",
        "2030-01-01T00:00:00Z ",
        " 2030-01-01T00:00:00Z",
        "2030-01-01T00:00:00ZZ",
        "2030-01-01T00:00:00.Z",
        "2030-01-01T00:00:00.1",
        "2030-01-01T00:00:00.1.2Z",
        "2030-01-01T00:00:00,1Z",
        "2030-1-01T00:00:00Z",
        "2030-01-1T00:00:00Z",
        "2030/01/01T00:00:00Z",
        "2030-01-01T00.00.00Z",
        "+030-01-01T00:00:00Z",
        "-2030-01-01T00:00:00Z",
        "02030-01-01T00:00:00Z",
        "20300-01-01T00:00:00Z",
        "203O-01-01T00:00:00Z",
        "1969-12-31T23:59:59Z", /* before all time */
        "0000-01-01T00:00:00Z",
        "2030-00-01T00:00:00Z",
        "2030-13-01T00:00:00Z",
        "2030-01-00T00:00:00Z",
        "2030-01-32T00:00:00Z",
        "2030-04-31T00:00:00Z",
        "2030-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2030-01-01T24:00:00Z",
        "2030-01-01T00:60:00Z",
        "2030-12-31T23:59:60Z", /* no leap second can be counted */
        "2030-99-99T99:99:99Z",
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        unix_time time = 77;
        if (clock_parse_date_time(octets_of_text(texts[i]), &time) != GBAU_E_MALFORMED || time != 77) {
            fail_msg("accepted: %s", texts[i]);
        }
    }
    unix_time time = 0;
    assert_status(clock_parse_date_time(octets_of("2030-01-01T00:00:00Z\0", 21), &time), GBAU_E_MALFORMED);
}

static void test_every_truncation(void **state)
{
    (void)state;
    static const char text[] = "2030-01-01T00:00:00.5Z";
    unix_time time = 0;
    for (size_t length = 0; length < sizeof text - 1; length++) {
        assert_status(clock_parse_date_time(octets_of(text, length), &time), GBAU_E_MALFORMED);
    }
    assert_ok(clock_parse_date_time(octets_of(text, sizeof text - 1), &time));
}

struct ntp_case {
    unix_time time;
    uint32_t ntp;
};

/* RFC 6733 4.3.1: after 2036-02-07T06:28:15Z the numbers begin anew, with top bit 0. */
static const struct ntp_case ntp_cases[] = {
    {0, 2208988800U}, {1893456000, 4102444800U}, {2085978495, 0xffffffffU},
    {2085978496, 0},  {2147483647, 61505151U},   {4233462143, 0x7fffffffU},
};

static void test_ntp(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ntp_cases / sizeof ntp_cases[0]; i++) {
        assert_int_equal(clock_to_ntp(ntp_cases[i].time), ntp_cases[i].ntp);
        assert_true(clock_from_ntp(ntp_cases[i].ntp) == ntp_cases[i].time);
    }
    assert_true(clock_from_ntp(0x80000000U) == -61505152); /* the first of the old era: 1968 */
}

/* Whatever a damaged record gives for a time: no overflow. */
static void test_ntp_of_any_time(void **state)
{
    (void)state;
    assert_int_equal(clock_to_ntp(INT64_MAX), (uint32_t)(0xffffffffU + 2208988800U));
    assert_int_equal(clock_to_ntp(INT64_MIN), 2208988800U);
    assert_int_equal(clock_to_ntp(-1), 2208988799U);
}

static unix_time given_time(void *context)
{
    return *(unix_time *)context;
}

static void test_clocks(void **state)
{
    (void)state;
    unix_time standing = 42;
    const struct clock clock = {.now = given_time, .context = &standing};
    assert_true(clock_now(&clock) == 42);
    standing = 43;
    assert_true(clock_now(&clock) == 43);
    const unix_time before = (unix_time)time(NULL);
    const unix_time now = clock_now(&clock_of_system);
    assert_true(now >= before && now <= (unix_time)time(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dates),
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_all_months_and_days),
        cmocka_unit_test(test_out_of_range),
        cmocka_unit_test(test_fractions),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_every_truncation),
        cmocka_unit_test(test_ntp),
        cmocka_unit_test(test_ntp_of_any_time),
        cmocka_unit_test(test_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
