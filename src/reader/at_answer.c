/* at_answer.c: what a line from a modem says. */
#include "reader/at_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/text_coding.h"

#define BLANKS " \t"

static bool begins_with(const char *line, const char *prefix)
{
    return strncmp(line, prefix, strlen(prefix)) == 0;
}

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, BLANKS);
}

/* Final results */

enum at_result at_read_result(const char *line)
{
    static const char *const errors[] = {"ERROR", "+CME ERROR", "+CMS ERROR", "COMMAND NOT SUPPORT", "NO CARRIER"};
    const size_t length = strcspn(line, BLANKS);
    if (strncmp(line, "OK", length) == 0 && length == 2) {
        return AT_RESULT_OK;
    }
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
        if (begins_with(line, errors[i])) {
            return AT_RESULT_ERROR;
        }
    }
    return AT_RESULT_NONE;
}

/* TS 27.007 9.2.1; a modem set to +CMEE=2 writes the text itself. */
static const struct {
    unsigned number;
    enum gbau_status status;
    const char *text;
} cme_errors[] = {
    {0, GBAU_E_REFUSED, "phone failure"},
    {3, GBAU_E_REFUSED, "operation not allowed"},
    {4, GBAU_E_REFUSED, "operation not supported"},
    {10, GBAU_E_NOT_FOUND, "SIM not inserted"},
    {11, GBAU_E_PIN_REQUIRED, "SIM PIN required"},
    {12, GBAU_E_PIN_BLOCKED, "SIM PUK required"},
    {13, GBAU_E_REFUSED, "SIM failure"},
    {14, GBAU_E_BUSY, "SIM busy"},
    {15, GBAU_E_REFUSED, "SIM wrong"},
    {16, GBAU_E_PIN_WRONG, "incorrect password"},
    {17, GBAU_E_PIN_REQUIRED, "SIM PIN2 required"},
    {18, GBAU_E_PIN_BLOCKED, "SIM PUK2 required"},
    {20, GBAU_E_REFUSED, "memory full"},
    {21, GBAU_E_REFUSED, "invalid index"},
    {22, GBAU_E_REFUSED, "not found"},
    {24, GBAU_E_REFUSED, "text string too long"},
    {25, GBAU_E_REFUSED, "invalid characters in text string"},
    {50, GBAU_E_REFUSED, "incorrect parameters"},
    {51, GBAU_E_REFUSED, "command implemented but currently disabled"},
    {52, GBAU_E_REFUSED, "command aborted by user"},
    {100, GBAU_E_REFUSED, "unknown"},
};

enum gbau_status at_read_error(const char *line, const char **text)
{
    const char *value = at_read_value(line, "+CME ERROR:");
    *text = value == NULL ? line : value;
    if (value == NULL) {
        return GBAU_E_REFUSED;
    }
    const bool is_number = at_is_bare_number(value);
    const unsigned long number = is_number ? strtoul(value, NULL, 10) : 0;
    for (size_t i = 0; i < sizeof cme_errors / sizeof cme_errors[0]; i++) {
        if (is_number ? number == cme_errors[i].number : strcasecmp(value, cme_errors[i].text) == 0) {
            *text = cme_errors[i].text;
            return cme_errors[i].status;
        }
    }
    return GBAU_E_REFUSED;
}

/* Values */

const char *at_read_value(const char *line, const char *prefix)
{
    return begins_with(line, prefix) ? skip_blanks(line + strlen(prefix)) : NULL;
}

bool at_is_bare_number(const char *line)
{
    const size_t digits = strspn(line, "0123456789");
    return digits > 0 && line[digits + strspn(line + digits, BLANKS)] == '\0';
}

/* A number of at most `maximum` at *text, which moves behind it. */
static bool read_number(const char **text, unsigned maximum, unsigned *number)
{
    const char *start = skip_blanks(*text);
    const size_t digits = strspn(start, "0123456789");
    *number = (unsigned)strtoul(start, NULL, 10);
    *text = skip_blanks(start + digits);
    return digits > 0 && digits <= 5 && *number <= maximum;
}

static bool skip_comma(const char **text)
{
    const bool is_there = **text == ',';
    *text += is_there ? 1 : 0;
    return is_there;
}

/* Text with or without quotes that must be the last of the line. */
static bool read_last_text(const char *text, struct octets *content)
{
    const char *start = skip_blanks(text);
    const bool is_quoted = *start == '"';
    start += is_quoted ? 1 : 0;
    const size_t length = strcspn(start, is_quoted ? "\"" : BLANKS);
    const char *rest = start + length;
    *content = octets_of(start, length);
    if (is_quoted && *rest++ != '"') {
        return false;
    }
    return *skip_blanks(rest) == '\0';
}

static enum gbau_status read_last_hex(const char *text, uint8_t *octets, size_t capacity, size_t *length)
{
    struct octets hex;
    if (!read_last_text(text, &hex)) {
        return GBAU_E_CARD;
    }
    enum gbau_status status = hex_decode(hex, octets, capacity, length);
    return status == GBAU_OK || status == GBAU_E_SPACE ? status : GBAU_E_CARD;
}

enum gbau_status at_read_apdu(const char *value, uint8_t *response, size_t capacity, size_t *length)
{
    unsigned said = 0;
    if (!read_number(&value, AT_LINE_MAX, &said) || !skip_comma(&value)) {
        return GBAU_E_CARD;
    }
    enum gbau_status status = read_last_hex(value, response, capacity, length);
    if (status != GBAU_OK) {
        return status;
    }
    /* characters, says the standard; some modems count octets */
    return (said == 2 * *length || said == *length) && *length >= 2 ? GBAU_OK : GBAU_E_CARD;
}

enum gbau_status at_read_session(const char *value, char session[AT_SESSION_SIZE])
{
    struct octets text;
    if (!read_last_text(value, &text) || text.length == 0 || text.length >= AT_SESSION_SIZE ||
        strspn((const char *)text.data, "0123456789abcdefABCDEF") < text.length) {
        return GBAU_E_CARD;
    }
    memcpy(session, text.data, text.length);
    session[text.length] = '\0';
    return GBAU_OK;
}

enum gbau_status at_read_crsm(const char *value, uint8_t *response, size_t capacity, size_t *length)
{
    unsigned sw1 = 0;
    unsigned sw2 = 0;
    *length = 0;
    if (!read_number(&value, 0xff, &sw1) || !skip_comma(&value) || !read_number(&value, 0xff, &sw2)) {
        return GBAU_E_CARD;
    }
    if (skip_comma(&value)) {
        enum gbau_status status = read_last_hex(value, response, capacity, length);
        if (status != GBAU_OK) {
            return status;
        }
    } else if (*value != '\0') {
        return GBAU_E_CARD;
    }
    if (capacity - *length < 2) {
        return GBAU_E_SPACE;
    }
    response[(*length)++] = (uint8_t)sw1;
    response[(*length)++] = (uint8_t)sw2;
    return GBAU_OK;
}
