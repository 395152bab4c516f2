/* card_trace.c: gbau card trace: APDUs in words, as they pass or out of a capture; and --trace of other verbs. */
#include "cli/card_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "cli/options.h"
#include "cli/verbs.h"
#include "reader/reader.h"
#include "trace/capture_reader.h"

enum { HEX_LIMIT = 64, HEX_TEXT_SIZE = 2 * HEX_LIMIT + 32, JSON_HEX_SIZE = 2 * READER_RESPONSE_MAX + 8 };

enum gbau_status card_trace_begin(struct reader *reader, const char *path, struct apdu_recorder **recorder)
{
    *recorder = NULL;
    if (path == NULL) {
        return GBAU_OK;
    }
    enum gbau_status status = apdu_recorder_open(path, NULL, NULL, recorder);
    if (status != GBAU_OK) {
        log_error(&cli_log, "cannot make the capture %s: %m", path);
        return status;
    }
    reader_observe(reader, apdu_recorder_hear, *recorder);
    return GBAU_OK;
}

enum gbau_status card_trace_end(struct apdu_recorder *recorder, enum gbau_status status)
{
    const enum gbau_status ended = apdu_recorder_close(recorder);
    if (ended != GBAU_OK) {
        log_error(&cli_log, "the capture could not be written to its end");
    }
    return status == GBAU_OK ? ended : status;
}

/* Printing */

struct trace_options {
    const char *card, *out, *read;
    bool brief;
    bool as_json;
};

struct trace_printer {
    const struct trace_options *options;
    struct apdu_recorder *recorder;
    bool has_colours;
    size_t number; /* of the exchange, or of its packet in a capture */
    char *hex;     /* JSON_HEX_SIZE characters */
};

static void print_json(struct trace_printer *printer, const struct apdu_words *words, struct octets command,
                       struct octets response)
{
    char command_hex[HEX_LIMIT * 16 + 1];
    struct text text = text_of(command_hex, sizeof command_hex);
    text_put_hex(&text, command, command.length);
    text = text_of(printer->hex, JSON_HEX_SIZE);
    text_put_hex(&text, response, response.length);
    json_t *object = json_pack("{s:I, s:s, s:s, s:b, s:s, s:s}", "number", (json_int_t)printer->number, "command",
                               words->command, "outcome", words->outcome, "succeeded", words->succeeded,
                               "command_octets", command_hex, "response_octets", printer->hex);
    (void)json_dumpf(object, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(object);
}

static void print_octets(const struct trace_printer *printer, struct octets command, struct octets response)
{
    char hex[HEX_TEXT_SIZE];
    struct text text = text_of(hex, sizeof hex);
    text_put_hex(&text, command, HEX_LIMIT);
    printf("      %s%s", printer->has_colours ? "\033[2m" : "", hex);
    text = text_of(hex, sizeof hex);
    text_put_hex(&text, response, HEX_LIMIT);
    printf(" → %s%s\n", hex, printer->has_colours ? "\033[0m" : "");
}

static void print_exchange(void *context, const struct apdu_words *words, struct octets command, struct octets response)
{
    struct trace_printer *printer = context;
    if (printer->options->as_json) {
        print_json(printer, words, command, response);
        return;
    }
    const bool is_notice = printer->has_colours && !words->succeeded;
    printf("%4zu  %s → %s%s%s\n", printer->number, words->command, is_notice ? "\033[33m" : "", words->outcome,
           is_notice ? "\033[0m" : "");
    if (!printer->options->brief) {
        print_octets(printer, command, response);
    }
}

/* From a card */

static void hear_live(void *context, struct octets command, struct octets response)
{
    struct trace_printer *printer = context;
    printer->number++;
    apdu_recorder_hear(printer->recorder, command, response);
}

static bool send_line(struct reader *reader, const char *line, size_t length, size_t number)
{
    static uint8_t command[READER_EXTENDED_COMMAND_MAX]; /* too large for the stack; the tool has one thread */
    static uint8_t response[READER_RESPONSE_MAX];
    const size_t command_max = reader_command_max(reader);
    size_t command_length = 0;
    size_t response_length = 0;
    if (hex_decode(octets_of(line, length), command, command_max, &command_length) != GBAU_OK ||
        command_length < 4) {
        log_error(&cli_log, "line %zu is no command APDU: give 4 to %zu octets as hexadecimal digits", number,
                  command_max);
        return false;
    }
    enum gbau_status status =
        reader_transmit(reader, octets_of(command, command_length), response, sizeof response, &response_length);
    secret_wipe(command, command_length);
    secret_wipe(response, response_length);
    if (status != GBAU_OK) {
        log_error(&cli_log, "line %zu: the card does not answer (%s)", number, gbau_status_text(status));
    }
    return status == GBAU_OK && fflush(stdout) == 0;
}

static bool send_lines(struct reader *reader)
{
    char *line = NULL;
    size_t capacity = 0;
    bool going = true;
    for (size_t number = 1; going && getline(&line, &capacity, stdin) >= 0; number++) {
        const size_t length = strcspn(line, "\r\n");
        going = length == 0 || send_line(reader, line, length, number);
    }
    if (line != NULL) {
        secret_wipe(line, capacity);
    }
    free(line);
    return going;
}

static enum gbau_status trace_card(const struct trace_options *options, struct trace_printer *printer)
{
    struct reader *reader = NULL;
    enum gbau_status status = reader_open(options->card, &cli_log, &reader);
    if (status != GBAU_OK) {
        return status;
    }
    reader_observe(reader, hear_live, printer);
    status = send_lines(reader) ? GBAU_OK : GBAU_E_IO;
    reader_close(reader);
    return status;
}

/* From a capture */

static void hear_packet(void *context, size_t packet, struct octets command, struct octets response)
{
    struct trace_printer *printer = context;
    printer->number = packet;
    apdu_recorder_hear(printer->recorder, command, response);
}

/* The whole file, which the caller frees; NULL, logged, when it cannot be read. */
static uint8_t *load_file(const char *path, size_t *length)
{
    enum { FILE_MAX = 256 * 1024 * 1024 };
    FILE *file = fopen(path, "rb");
    uint8_t *octets = NULL;
    long size = -1;
    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size >= 0 && size <= FILE_MAX) {
        octets = malloc((size_t)size + 1);
    }
    if (octets != NULL && fread(octets, 1, (size_t)size, file) != (size_t)size) {
        free(octets);
        octets = NULL;
    }
    if (octets == NULL) {
        log_error(&cli_log, "cannot read %s: %m", path);
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    *length = (size_t)(size < 0 ? 0 : size);
    return octets;
}

static enum gbau_status trace_file(const struct trace_options *options, struct trace_printer *printer)
{
    size_t length = 0;
    uint8_t *octets = load_file(options->read, &length);
    if (octets == NULL) {
        return GBAU_E_IO;
    }
    enum gbau_status status = capture_read_apdus(octets_of(octets, length), hear_packet, printer);
    secret_wipe(octets, length);
    free(octets);
    if (status == GBAU_E_UNSUPPORTED) {
        log_error(&cli_log, "%s is no pcapng file; 'editcap -F pcapng' makes one of other captures", options->read);
    } else if (status != GBAU_OK) {
        log_error(&cli_log, "%s is broken or cut off: what stood before is above", options->read);
    } else if (printer->number == 0) {
        log_warning(&cli_log, "%s holds no APDUs (GSMTAP of type SIM)", options->read);
    }
    return status;
}

/* The verb */

static enum gbau_status run_trace(const struct trace_options *options)
{
    struct trace_printer printer = {.options = options};
    printer.has_colours = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
    printer.hex = options->as_json ? malloc(JSON_HEX_SIZE) : NULL;
    if (options->as_json && printer.hex == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = apdu_recorder_open(options->out, print_exchange, &printer, &printer.recorder);
    if (status != GBAU_OK) {
        log_error(&cli_log, "cannot make the capture %s: %m", options->out);
    } else {
        status = options->read != NULL ? trace_file(options, &printer) : trace_card(options, &printer);
        status = card_trace_end(printer.recorder, status);
    }
    free(printer.hex);
    return fflush(stdout) != 0 && status == GBAU_OK ? GBAU_E_IO : status;
}

int verb_card_trace(int argc, char **argv)
{
    struct trace_options options = {0};
    const struct option table[] = {
        {"--card", "CARD", READER_CARD_NAMES, false, &options.card, NULL, NULL},
        {"--out", "FILE.pcapng", "keep the APDUs there, for Wireshark", false, &options.out, NULL, NULL},
        {"--read", "FILE.pcapng", "tell the APDUs of a capture instead of asking a card", false, &options.read, NULL,
         NULL},
        {"--brief", NULL, "words only, without the octets", false, NULL, NULL, &options.brief},
        {"--json", NULL, "print one JSON object for each exchange", false, NULL, NULL, &options.as_json},
    };
    const struct usage usage = {
        "gbau card trace",
        "",
        "Sends command APDUs, in hexadecimal and one a line on standard input, to a card, and tells each exchange in\n"
        "words; or tells what is in a capture. Values of PINs, RES, CK, IK, Kc, Ks_ext_NAF, plaintext and files of\n"
        "keys are neither told nor kept: their octets are overwritten with FF. 'gbau card apdu' shows a software\n"
        "card's responses as they are. 'bootstrap', 'naf-key' and 'card show' record themselves with --trace.",
        0,
        sizeof table / sizeof table[0],
        table};
    enum options_outcome outcome = options_parse(&usage, argc, argv, NULL);
    if (outcome != OPTIONS_PARSED) {
        return options_exit_status(outcome);
    }
    if ((options.card == NULL) == (options.read == NULL)) {
        log_error(&cli_log, "give either --card or --read; see 'gbau card trace --help'");
        return EXIT_USAGE;
    }
    return run_trace(&options) == GBAU_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
