/*
 * at_answer.h: what a line from a modem says (ITU-T V.250 5.7, TS 27.007 clauses 8.17, 8.18, 8.43, 8.45 and 9.2), in
 * all the ways in which modems write it.
 */
#ifndef READER_AT_ANSWER_H
#define READER_AT_ANSWER_H

#include <stdbool.h>

#include "base/octets.h"
#include "gbau/status.h"

enum { AT_LINE_MAX = 1200, AT_SESSION_SIZE = 24 };

/* What ends a command. */
enum at_result { AT_RESULT_NONE, AT_RESULT_OK, AT_RESULT_ERROR };
enum at_result at_read_result(const char *line);

/*
 * What an error line means: GBAU_E_NOT_FOUND without a card, GBAU_E_PIN_REQUIRED, GBAU_E_PIN_WRONG and
 * GBAU_E_PIN_BLOCKED of the card, GBAU_E_BUSY, else GBAU_E_REFUSED. `*text` is for people: the modem's own, or that of
 * the number (static, or within `line`).
 */
enum gbau_status at_read_error(const char *line, const char **text);

/* The value behind "<prefix>", which ends in a colon, and blanks; NULL when the line is something else. */
const char *at_read_value(const char *line, const char *prefix);

/* True for digits alone: how some modems answer +CCHO. */
bool at_is_bare_number(const char *line);

/*
 * "<length>,<hex>" of +CSIM and +CGLA, quoted or not: the response with its status word. GBAU_E_CARD when it is
 * something else or the length does not fit, GBAU_E_SPACE.
 */
GBAU_MUST_USE enum gbau_status at_read_apdu(const char *value, uint8_t *response, size_t capacity, size_t *length);

/* The session of +CCHO: digits or hexadecimal digits, quoted or not, kept as they are. GBAU_E_CARD. */
GBAU_MUST_USE enum gbau_status at_read_session(const char *value, char session[AT_SESSION_SIZE]);

/* "<sw1>,<sw2>[,<hex>]" of +CRSM, made one response. GBAU_E_CARD, GBAU_E_SPACE. */
GBAU_MUST_USE enum gbau_status at_read_crsm(const char *value, uint8_t *response, size_t capacity, size_t *length);

#endif
