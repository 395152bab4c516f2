/* clock.c: the time of day and its forms on the wire. */
#include "base/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SECONDS_1900_TO_1970 2208988800LL
#define LAST_TIME            253402300799LL /* 9999-12-31T23:59:59Z */

static unix_time system_now(void *context)
{
    (void)context;
    return (unix_time)time(NULL);
}

const struct clock clock_of_system = {.now = system_now};

unix_time clock_now(const struct clock *clock)
{
    return clock->now(clock->context);
}

static enum gbau_status split(unix_time time, struct tm *parts)
{
    time_t seconds = (time_t)time;
    if (time < 0 || time > LAST_TIME || gmtime_r(&seconds, parts) == NULL) {
        return GBAU_E_ARGUMENT;
    }
    return GBAU_OK;
}

enum gbau_status clock_format_date_time(unix_time time, char text[CLOCK_DATE_TIME_SIZE])
{
    struct tm parts;
    enum gbau_status status = split(time, &parts);
    if (status != GBAU_OK) {
        return status;
    }
    return strftime(text, CLOCK_DATE_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0 ? GBAU_E_SPACE : GBAU_OK;
}

enum gbau_status clock_format_http_date(unix_time time, char text[CLOCK_HTTP_DATE_SIZE])
{
    static const char days[7][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct tm parts;
    enum gbau_status status = split(time, &parts);
    if (status != GBAU_OK) {
        return status;
    }
    int length = snprintf(text, CLOCK_HTTP_DATE_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[parts.tm_wday],
                          parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                          parts.tm_sec);
    return length == CLOCK_HTTP_DATE_SIZE - 1 ? GBAU_OK : GBAU_E_SPACE;
}

/* Reads `count` decimal digits; sets *failed when one is not a digit. */
static int read_digits(struct octet_reader *reader, size_t count, bool *failed)
{
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t digit = octet_reader_u8(reader);
        if (digit < '0' || digit > '9') {
            *failed = true;
            return 0;
        }
        value = value * 10 + (digit - '0');
    }
    return value;
}

static void expect(struct octet_reader *reader, char character, bool *failed)
{
    if (octet_reader_u8(reader) != (uint8_t)character) {
        *failed = true;
    }
}

/* '.' and one digit or more (XML Schema part 2, 3.2.7.1). */
static void skip_fraction(struct octet_reader *reader, bool *failed)
{
    if (octet_reader_left(reader) == 0 || reader->input.data[reader->position] != '.') {
        return;
    }
    (void)octet_reader_u8(reader);
    (void)read_digits(reader, 1, failed);
    while (octet_reader_left(reader) > 0 && reader->input.data[reader->position] >= '0' &&
           reader->input.data[reader->position] <= '9') {
        (void)octet_reader_u8(reader);
    }
}

enum gbau_status clock_parse_date_time(struct octets text, unix_time *time)
{
    struct octet_reader reader = octet_reader_of(text);
    struct tm parts = {0};
    bool failed = false;
    parts.tm_year = read_digits(&reader, 4, &failed) - 1900;
    expect(&reader, '-', &failed);
    parts.tm_mon = read_digits(&reader, 2, &failed) - 1;
    expect(&reader, '-', &failed);
    parts.tm_mday = read_digits(&reader, 2, &failed);
    expect(&reader, 'T', &failed);
    parts.tm_hour = read_digits(&reader, 2, &failed);
    expect(&reader, ':', &failed);
    parts.tm_min = read_digits(&reader, 2, &failed);
    expect(&reader, ':', &failed);
    parts.tm_sec = read_digits(&reader, 2, &failed);
    skip_fraction(&reader, &failed);
    expect(&reader, 'Z', &failed);
    if (failed || octet_reader_end(&reader) != GBAU_OK || parts.tm_year < 70) {
        return GBAU_E_MALFORMED;
    }
    struct tm given = parts;
    time_t seconds = timegm(&parts);
    /* timegm mends impossible dates such as 30 February: what it mended was malformed */
    if (given.tm_mon != parts.tm_mon || given.tm_mday != parts.tm_mday || given.tm_hour != parts.tm_hour ||
        given.tm_min != parts.tm_min || given.tm_sec != parts.tm_sec) {
        return GBAU_E_MALFORMED;
    }
    *time = (unix_time)seconds;
    return GBAU_OK;
}

uint32_t clock_to_ntp(unix_time time)
{
    return (uint32_t)((uint64_t)time + SECONDS_1900_TO_1970);
}

unix_time clock_from_ntp(uint32_t ntp)
{
    unix_time era = ntp & 0x80000000U ? 0 : 0x100000000LL;
    return (unix_time)ntp + era - SECONDS_1900_TO_1970;
}
