/* clock.h: the time of day as something handed in, and its forms on the wire (xs:dateTime, HTTP-date, NTP seconds). */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

#include "base/octets.h"

/* Seconds since 1970-01-01T00:00:00Z. */
typedef int64_t unix_time;

/* A source of time: tests hand in one that stands still. */
struct clock {
    unix_time (*now)(void *context);
    void *context;
};

/* The machine's clock. */
extern const struct clock clock_of_system;

#define CLOCK_DATE_TIME_SIZE 21 /* "2030-01-01T00:00:00Z" and its zero */
#define CLOCK_HTTP_DATE_SIZE 30 /* "Sun, 06 Nov 1994 08:49:37 GMT" and its zero */

unix_time clock_now(const struct clock *clock);

/* xs:dateTime in UTC as 24.109 annex C wants it. Years 1970 to 9999. */
GBAU_MUST_USE enum gbau_status clock_format_date_time(unix_time time, char text[CLOCK_DATE_TIME_SIZE]);

/* Accepts fractions of a second (dropped) and demands the final 'Z'. */
GBAU_MUST_USE enum gbau_status clock_parse_date_time(struct octets text, unix_time *time);

/* IMF-fixdate of RFC 9110 5.6.7. */
GBAU_MUST_USE enum gbau_status clock_format_http_date(unix_time time, char text[CLOCK_HTTP_DATE_SIZE]);

/* The Time AVP of RFC 6733 4.3.1: seconds since 1900 modulo 2^32; values with top bit 0 are after 2036. */
uint32_t clock_to_ntp(unix_time time);
unix_time clock_from_ntp(uint32_t ntp);

#endif
