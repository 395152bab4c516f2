/*
 * fuzz_card_text.c: contents, templates, rules and exchanges of hostile cards: what is told is printable, and no PIN
 * stays unmasked. The first octet chooses what the rest is.
 */
#include "fuzzing.h"

#include <string.h>

#include "card_text/access_words.h"
#include "card_text/apdu_words.h"
#include "card_text/file_control.h"

enum { EXCHANGE_MAX = 600 };

static struct card_content content;

/* Well-formed UTF-8 without control characters; our own words hold the only characters above ASCII that are tested. */
static void must_be_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        const unsigned char octet = (unsigned char)*text;
        MUST(octet >= 0x20 && octet != 0x7f);
        MUST(octet != 0xc2 || (unsigned char)text[1] > 0xa0); /* C1 controls */
    }
}

static void contents_must_be_printable(void)
{
    MUST(content.count <= CONTENT_ITEMS_MAX);
    for (size_t i = 0; i < content.count; i++) {
        MUST(strlen(content.items[i].value) < CONTENT_TEXT_SIZE);
        must_be_printable(content.items[i].value);
    }
}

static void try_file(struct octet_reader *reader)
{
    const uint16_t index = octet_reader_u16(reader);
    file_name_decode(&file_names[index % file_name_count], octet_reader_take(reader, octet_reader_left(reader)),
                     &content);
    contents_must_be_printable();
}

static void try_rule(struct octet_reader *reader)
{
    uint8_t references[4];
    size_t count = 0;
    const struct octets rule = octet_reader_take(reader, octet_reader_left(reader));
    content_clear(&content);
    access_words_add_rule(rule, &content);
    access_words_add_compact(rule, &content);
    contents_must_be_printable();
    access_words_find_references(rule, references, sizeof references, &count);
    MUST(count <= sizeof references);
}

static void try_control(struct octet_reader *reader)
{
    char words[64];
    struct file_control control;
    struct text text = text_of(words, sizeof words);
    if (file_control_read(octet_reader_take(reader, octet_reader_left(reader)), &control) == GBAU_OK) {
        MUST(control.pin_count <= FILE_CONTROL_PINS_MAX && control.sfi < 0x1f);
        text_put_file_size(&text, &control);
        must_be_printable(words);
        MUST(strlen(life_cycle_name(control.life_cycle)) > 0);
    }
}

/* Where the data of a command begin and end: by Lc of one octet or of three if it fits, else all behind the header. */
static void find_data(const uint8_t *command, size_t length, size_t *start, size_t *end)
{
    const size_t extended_end = 7U + (size_t)(command[5] << 8 | command[6]);
    *start = 5;
    *end = command[4] > 0 && length == 6U + command[4] ? length - 1 : length;
    if (command[4] == 0 && extended_end > 7 && (length == extended_end || length == extended_end + 2)) {
        *start = 7;
        *end = extended_end;
    }
}

/* VERIFY, CHANGE, DISABLE, ENABLE and UNBLOCK PIN: nothing behind Lc may be left but FF and Le. */
static void pins_must_be_masked(const uint8_t *command, size_t length)
{
    static const uint8_t instructions[] = {0x20, 0x24, 0x26, 0x28, 0x2c};
    const bool is_interindustry = length > 6 && (command[0] & 0x80) == 0;
    if (!is_interindustry || memchr(instructions, command[1], sizeof instructions) == NULL) {
        return;
    }
    size_t start = 0;
    size_t end = 0;
    find_data(command, length, &start, &end);
    for (size_t i = start; i < end; i++) {
        MUST(command[i] == 0xff);
    }
}

/* Exchanges, each part behind its length. */
static void try_session(struct octet_reader *reader)
{
    static struct apdu_words words;
    struct apdu_narrator narrator;
    uint8_t copy[EXCHANGE_MAX];
    apdu_narrator_reset(&narrator);
    while (octet_reader_left(reader) > 0) {
        const struct octets command = octet_reader_take(reader, octet_reader_u8(reader));
        const struct octets response = octet_reader_take(reader, octet_reader_u8(reader));
        apdu_narrator_tell(&narrator, command, response, &words);
        must_be_printable(words.command);
        must_be_printable(words.outcome);
        MUST(words.command_secrets.count <= APDU_SECRETS_MAX && words.response_secrets.count <= APDU_SECRETS_MAX);
        if (command.length > 0) {
            memcpy(copy, command.data, command.length);
            apdu_secrets_mask(&words.command_secrets, copy, command.length);
            pins_must_be_masked(copy, command.length);
        }
        if (response.length > 0) {
            memcpy(copy, response.data, response.length);
            apdu_secrets_mask(&words.response_secrets, copy, response.length);
        }
        if (command.length >= 4) {
            (void)apdu_header_sends(command.data);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const attempts[])(struct octet_reader * reader) = {try_file, try_rule, try_control, try_session};
    struct octet_reader reader = octet_reader_of(octets_of(data, size));
    const uint8_t choice = octet_reader_u8(&reader);
    if (choice < sizeof attempts / sizeof attempts[0]) {
        attempts[choice](&reader);
    }
    return 0;
}
