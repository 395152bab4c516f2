/*
 * fuzz_at_answer.c: what a modem says, line by line: every reader of answers takes it, stays within its buffers, and
 * what it makes of it is no longer than the line could hold.
 */
#include "fuzzing.h"

#include <string.h>

#include "reader/at_answer.h"

enum { CAPACITY_MAX = AT_LINE_MAX / 2 };

/* Octets of an answer, read into a buffer of its own with exactly this room, so that writing beyond is seen. */
static void try_octets(const char *value, size_t capacity,
                       enum gbau_status (*read)(const char *, uint8_t *, size_t, size_t *))
{
    uint8_t *response = malloc(capacity + 1);
    size_t length = 0;
    MUST(response != NULL);
    enum gbau_status status = read(value, response, capacity, &length);
    MUST(status == GBAU_OK || status == GBAU_E_CARD || status == GBAU_E_SPACE);
    MUST(status != GBAU_OK || (length >= 2 && length <= capacity && length <= strlen(value)));
    free(response);
}

static void try_session(const char *value)
{
    char session[AT_SESSION_SIZE];
    if (at_read_session(value, session) != GBAU_OK) {
        return;
    }
    const size_t length = strlen(session);
    MUST(length > 0 && length < sizeof session);
    MUST(strspn(session, "0123456789abcdefABCDEF") == length); /* nothing that could end the next command early */
}

static void try_error(const char *line)
{
    const char *text = NULL;
    enum gbau_status status = at_read_error(line, &text);
    MUST(status != GBAU_OK && text != NULL);
    MUST(strlen(text) < AT_LINE_MAX);
}

static void try_line(const char *line, size_t capacity)
{
    static const char *const prefixes[] = {"+CSIM:", "+CGLA:", "+CCHO:", "+CRSM:", "+CPIN:", "+CMEE:", "+CME ERROR:"};
    if (at_read_result(line) == AT_RESULT_ERROR) {
        try_error(line);
    }
    try_session(line);
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        const char *value = at_read_value(line, prefixes[i]);
        if (value != NULL) {
            MUST(value >= line + strlen(prefixes[i]) && value <= line + strlen(line));
            try_octets(value, capacity, at_read_apdu);
            try_octets(value, capacity, at_read_crsm);
            try_session(value);
        }
    }
}

/* Input: an octet for the room that the caller has, then lines. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const size_t capacity = data[0] == 0xff ? CAPACITY_MAX : data[0];
    for (size_t start = 1; start < size;) {
        size_t end = start;
        while (end < size && data[end] != '\n' && data[end] != '\0' && end - start < AT_LINE_MAX - 1) {
            end++;
        }
        char *line = malloc(end - start + 1);
        MUST(line != NULL);
        memcpy(line, data + start, end - start);
        line[end - start] = '\0';
        try_line(line, capacity);
        free(line);
        start = end + 1;
    }
    return 0;
}
