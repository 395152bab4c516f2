/* card_verbs.c: gbau card apdu, serve. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/card_serve.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "reader/reader.h"

/* card apdu */

static bool print_response(struct octets response, size_t number)
{
    static char text[2 * READER_RESPONSE_MAX + 1]; /* the tool has one thread */
    const bool printed =
        hex_encode(response, text, sizeof text) == GBAU_OK && puts(text) >= 0 && fflush(stdout) == 0;
    if (!printed) {
        log_error(&cli_log, "cannot write the response to line %zu: %m", number);
    }
    secret_wipe(text, 2 * response.length);
    return printed;
}

static bool run_line(struct reader *card, const char *line, size_t length, size_t number)
{
    static uint8_t command[READER_EXTENDED_COMMAND_MAX]; /* too large for the stack, as is the response */
    static uint8_t response[READER_RESPONSE_MAX];
    const size_t command_max = reader_command_max(card);
    size_t command_length = 0;
    size_t response_length = 0;
    enum gbau_status status = hex_decode(octets_of(line, length), command, command_max, &command_length);
    if (status != GBAU_OK || command_length < 4) {
        log_error(&cli_log, "line %zu is no command APDU: give 4 to %zu octets as hexadecimal digits", number,
                  command_max);
        return false;
    }
    status = reader_transmit(card, octets_of(command, command_length), response, sizeof response, &response_length);
    secret_wipe(command, command_length); /* a PIN may have been in it, a key in the response */
    if (status != GBAU_OK) {
        log_error(&cli_log, "line %zu was not answered: %s", number, gbau_status_text(status));
    }
    const bool printed = status == GBAU_OK && print_response(octets_of(response, response_length), number);
    secret_wipe(response, response_length);
    return printed;
}

static bool run_lines(struct reader *card)
{
    char *line = NULL;
    size_t capacity = 0;
    size_t number = 0;
    bool going = true;
    while (going) {
        ssize_t read = getline(&line, &capacity, stdin);
        if (read < 0) {
            break;
        }
        size_t length = strcspn(line, "\r\n");
        number++;
        going = length == 0 || run_line(card, line, length, number);
    }
    if (line != NULL) {
        secret_wipe(line, capacity);
    }
    free(line);
    return going;
}

int verb_card_apdu(int argc, char **argv)
{
    const struct usage usage = {
        "gbau card apdu", "CARD",
        "Reads command APDUs in hexadecimal from standard input, one a line, and prints the response of each,\n"
        "data and status word, one a line. The card is powered on once for all of them.\n"
        "CARD is " READER_CARD_NAMES ".",
        1, 0, NULL};
    const char *name = NULL;
    struct reader *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &name);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (reader_open(name, &cli_log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    bool succeeded = run_lines(card);
    reader_close(card);
    return succeeded ? EXIT_SUCCESS : EXIT_FAILURE;
}

int verb_card_serve(int argc, char **argv)
{
    return card_serve("gbau card serve", &cli_log, argc, argv);
}
