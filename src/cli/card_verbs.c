/* card_verbs.c: gbau card apdu, serve. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "reader/card_image.h"
#include "reader/vpcd.h"

/* card apdu */

static bool run_line(struct card_image *card, const char *line, size_t length, size_t number)
{
    uint8_t command[UICC_COMMAND_MAX];
    uint8_t response[UICC_RESPONSE_MAX];
    char text[2 * UICC_RESPONSE_MAX + 1];
    size_t command_length = 0;
    enum gbau_status status = hex_decode(octets_of(line, length), command, sizeof command, &command_length);
    if (status != GBAU_OK || command_length < 4) {
        log_error(&cli_log, "line %zu is no command APDU: give 4 to %d octets as hexadecimal digits", number,
                  UICC_COMMAND_MAX);
        return false;
    }
    size_t response_length = card_image_process(card, octets_of(command, command_length), response);
    status = hex_encode(octets_of(response, response_length), text, sizeof text);
    bool printed = status == GBAU_OK && puts(text) >= 0 && fflush(stdout) == 0;
    if (!printed) {
        log_error(&cli_log, "cannot write the response to line %zu: %m", number);
    }
    secret_wipe(command, sizeof command);
    secret_wipe(response, sizeof response);
    secret_wipe(text, sizeof text);
    return printed;
}

static bool run_lines(struct card_image *card)
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
        "gbau card apdu", "FILE",
        "Reads command APDUs in hexadecimal from standard input, one a line, and prints the response of each,\n"
        "data and status word, one a line. The card is powered on once for all of them.",
        1, 0, NULL};
    const char *path = NULL;
    struct card_image *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (card_image_open(path, CARD_DURABLE, &cli_log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    bool succeeded = run_lines(card);
    card_image_close(card);
    return succeeded ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* card serve */

static size_t serve_process(void *context, struct octets command, uint8_t response[UICC_RESPONSE_MAX])
{
    return card_image_process(context, command, response);
}

static void serve_reset(void *context)
{
    card_image_reset(context);
}

/* A descriptor that becomes readable when the program is asked to end. */
static int open_stop_descriptor(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0) {
        return -1;
    }
    return signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* "HOST:PORT", "HOST" or "[IPv6]:PORT". */
static enum gbau_status split_host_port(const char *text, char *host, size_t host_size, const char **port)
{
    const bool bracketed = text[0] == '[';
    const char *start = bracketed ? text + 1 : text;
    const char *end = bracketed ? strchr(start, ']') : strrchr(start, ':');
    const char *colon = bracketed && end != NULL ? end + 1 : end;
    size_t length = end == NULL ? strlen(start) : (size_t)(end - start);
    if ((bracketed && end == NULL) || length == 0 || length >= host_size) {
        log_error(&cli_log, "--vpcd takes HOST:PORT");
        return GBAU_E_ARGUMENT;
    }
    memcpy(host, start, length);
    host[length] = '\0';
    *port = colon != NULL && colon[0] == ':' ? colon + 1 : VPCD_DEFAULT_PORT;
    return GBAU_OK;
}

int verb_card_serve(int argc, char **argv)
{
    const char *vpcd = NULL;
    const struct option table[] = {{"--vpcd", "HOST:PORT",
                                    "where vpcd listens; " VPCD_DEFAULT_HOST ":" VPCD_DEFAULT_PORT " unless given",
                                    false, &vpcd, NULL, NULL}};
    const struct usage usage = {
        "gbau card serve", "FILE",
        "Offers the card to every PC/SC program, through the virtual reader of Debian's vsmartcard-vpcd,\n"
        "until the reader goes away or the program is interrupted.",
        1, 1, table};
    const char *path = NULL;
    char host[256];
    const char *port = NULL;
    struct card_image *card = NULL;
    enum options_outcome outcome = options_parse(&usage, argc, argv, &path);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if (split_host_port(vpcd == NULL ? VPCD_DEFAULT_HOST : vpcd, host, sizeof host, &port) != GBAU_OK) {
        return EXIT_USAGE;
    }
    if (card_image_open(path, CARD_DURABLE, &cli_log, &card) != GBAU_OK) {
        return EXIT_FAILURE;
    }
    int stop_descriptor = open_stop_descriptor();
    const struct vpcd_card served = {
        .commands = {.process = serve_process, .context = card}, .reset = serve_reset, .context = card};
    enum gbau_status status =
        stop_descriptor < 0 ? GBAU_E_IO : vpcd_serve(&served, host, port, stop_descriptor, &cli_log);
    if (stop_descriptor >= 0) {
        (void)close(stop_descriptor);
    }
    card_image_close(card);
    return status == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
