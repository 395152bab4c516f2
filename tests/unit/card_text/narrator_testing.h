/* narrator_testing.h: exchanges in hex, told by one narrator. */
#ifndef TESTS_UNIT_CARD_TEXT_NARRATOR_TESTING_H
#define TESTS_UNIT_CARD_TEXT_NARRATOR_TESTING_H

#include <stdio.h>

#include "card_text/apdu_words.h"
#include "testing.h"

static struct apdu_narrator narrator;
static struct apdu_words words;
static uint8_t command[512];
static uint8_t response[512];
static size_t command_length;
static size_t response_length;

/* Tells one exchange: "COMMAND -> OUTCOME", in a static buffer. */
static inline const char *tell(const char *command_hex, const char *response_hex)
{
    static char line[2 * APDU_WORDS_SIZE + 8];
    command_length = strlen(command_hex) / 2;
    response_length = strlen(response_hex) / 2;
    from_hex(command_hex, command, command_length);
    from_hex(response_hex, response, response_length);
    apdu_narrator_tell(&narrator, octets_of(command, command_length), octets_of(response, response_length), &words);
    (void)snprintf(line, sizeof line, "%s -> %s", words.command, words.outcome);
    return line;
}

/* The last command and response with their secrets masked. */
static inline void assert_masked(const char *command_hex, const char *response_hex)
{
    apdu_secrets_mask(&words.command_secrets, command, command_length);
    apdu_secrets_mask(&words.response_secrets, response, response_length);
    assert_octets(octets_of(command, command_length), command_hex);
    assert_octets(octets_of(response, response_length), response_hex);
}

#endif
