/* apdu_words.c: commands by name, what they mean where they are said, and what comes of them. */
#include "card_text/apdu_words.h"

#include <string.h>

#include "card_text/access_words.h"
#include "card_text/apdu_exchange.h"
#include "card_text/application_names.h"
#include "card_text/file_control.h"
#include "card_text/selection.h"
#include "card_text/status_words.h"

enum { INS_GET_RESPONSE = 0xc0, INS_MANAGE_CHANNEL = 0x70, CLASS_PROPRIETARY = 0x80, CLASS_GSM = 0xa0, HEX_LIMIT = 32 };

static void mark(struct apdu_secrets *secrets, struct octets whole, struct octets part)
{
    if (part.length > 0 && secrets->count < APDU_SECRETS_MAX) {
        secrets->ranges[secrets->count].start = (size_t)(part.data - whole.data);
        secrets->ranges[secrets->count].length = part.length;
        secrets->count++;
    }
}

void apdu_mark_command(struct apdu_exchange *exchange, struct octets part)
{
    mark(&exchange->words->command_secrets, exchange->command, part);
}

void apdu_mark_answer(struct apdu_exchange *exchange, struct octets part)
{
    mark(&exchange->words->response_secrets, exchange->answer, part);
}

void apdu_secrets_mask(const struct apdu_secrets *secrets, uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < secrets->count; i++) {
        const size_t start = secrets->ranges[i].start;
        if (start < length) {
            const size_t left = length - start;
            memset(octets + start, 0xff, secrets->ranges[i].length < left ? secrets->ranges[i].length : left);
        }
    }
}

/* CLA tells the channel: two bits, or four for channels from 4 (TS 102 221 10.1.1). */
static uint8_t channel_of(uint8_t cla)
{
    if (cla == CLASS_GSM) {
        return 0;
    }
    return (cla & 0x40) != 0 ? (uint8_t)(4 + (cla & 0x0f)) : cla & 0x03;
}

/* Files */

static void put_file(struct text *text, struct apdu_exchange *exchange)
{
    const struct file_name *file = exchange->channel->file;
    text_format(text, " %s", file == NULL ? "the selected file" : file->name);
}

/* What was read or is to be written. */
static void put_body(struct text *text, const struct apdu_exchange *exchange, struct octets body, bool is_whole)
{
    struct card_content content;
    const struct file_name *file = exchange->channel->file;
    const bool is_secret = file_name_is_secret(file);
    file_name_decode(file, body, &content);
    if (!is_whole || (is_secret && content.count == 0)) { /* FF may be what has been masked */
        text_format(text, "(%zu octets%s)", body.length, is_secret ? ", withheld" : "");
        return;
    }
    text_put(text, content.count == 0 ? "empty" : "");
    content_put_line(&content, text);
}

static void put_data_to_write(struct text *text, struct apdu_exchange *exchange, bool is_whole)
{
    if (file_name_is_secret(exchange->channel->file)) {
        apdu_mark_command(exchange, exchange->data);
    }
    text_put(text, ": ");
    put_body(text, exchange, exchange->data, is_whole);
}

static size_t binary_offset(uint8_t p1, uint8_t p2)
{
    return (p1 & SELECTION_BY_SFI) != 0 ? p2 : (size_t)(p1 << 8 | p2);
}

static void put_binary(struct text *text, struct apdu_exchange *exchange)
{
    const size_t offset = binary_offset(exchange->p1, exchange->p2);
    if ((exchange->p1 & SELECTION_BY_SFI) != 0) {
        selection_by_sfi(exchange->channel, exchange->p1 & SELECTION_SFI_MASK);
    }
    put_file(text, exchange);
    if (offset > 0) {
        text_format(text, " at %zu", offset);
    }
}

static void put_update_binary(struct text *text, struct apdu_exchange *exchange)
{
    put_binary(text, exchange);
    put_data_to_write(text, exchange, binary_offset(exchange->p1, exchange->p2) == 0);
}

static void put_record(struct text *text, struct apdu_exchange *exchange)
{
    enum { MODE_MASK = 0x07, SFI_SHIFT = 3 };
    static const char *const modes[MODE_MASK + 1] = {"", "", " next", " previous", "", "", "", ""};
    if (exchange->p2 >> SFI_SHIFT != 0) {
        selection_by_sfi(exchange->channel, exchange->p2 >> SFI_SHIFT);
    }
    text_put(text, modes[exchange->p2 & MODE_MASK]);
    if (exchange->p1 != 0) {
        text_format(text, " %u", exchange->p1);
    }
    text_put(text, " of");
    put_file(text, exchange);
}

static void put_search(struct text *text, struct apdu_exchange *exchange)
{
    put_record(text, exchange);
    if (file_name_is_secret(exchange->channel->file)) {
        apdu_mark_command(exchange, exchange->data);
    }
}

static void put_update_record(struct text *text, struct apdu_exchange *exchange)
{
    put_record(text, exchange);
    put_data_to_write(text, exchange, true);
}

static void put_read_answer(struct text *text, struct apdu_exchange *exchange)
{
    const bool is_binary = exchange->origin.ins == 0xb0;
    if (file_name_is_secret(exchange->channel->file)) {
        apdu_mark_answer(exchange, exchange->answer);
    }
    put_body(text, exchange, exchange->answer,
             !is_binary || binary_offset(exchange->origin.p1, exchange->origin.p2) == 0);
}

static void put_control_answer(struct text *text, struct apdu_exchange *exchange)
{
    struct file_control control;
    if (file_control_read(exchange->answer, &control) != GBAU_OK) {
        text_put_hex(text, exchange->answer, HEX_LIMIT);
        return;
    }
    text_put(text, file_structure_name(control.structure));
    if (control.structure != FILE_DIRECTORY && control.structure != FILE_UNKNOWN) {
        text_put(text, ", ");
        text_put_file_size(text, &control);
    }
    if (control.sfi != 0) {
        text_format(text, ", SFI %02X", control.sfi);
    }
}

static void put_record_numbers(struct text *text, struct apdu_exchange *exchange)
{
    text_put(text, "found in");
    for (size_t i = 0; i < exchange->answer.length; i++) {
        text_format(text, " %u", exchange->answer.data[i]);
    }
}

/* PINs */

static void put_pin(struct text *text, struct apdu_exchange *exchange)
{
    text_put(text, " ");
    text_put_key_reference(text, exchange->p2);
    if (exchange->data.length == 0) {
        text_put(text, ", asking for tries left");
    } else {
        apdu_mark_command(exchange, exchange->data);
        text_put(text, " (value withheld)");
    }
}

/* Channels */

static void put_channel(struct text *text, struct apdu_exchange *exchange)
{
    if (exchange->p1 == 0x80) {
        text_format(text, " close %u", exchange->p2 != 0 ? exchange->p2 : channel_of(exchange->cla));
    } else {
        text_put(text, " open");
    }
}

static void put_channel_answer(struct text *text, struct apdu_exchange *exchange)
{
    text_format(text, "channel %u", exchange->answer.data[0]);
}

/* Toolkit */

static void put_envelope(struct text *text, struct apdu_exchange *exchange)
{
    static const struct {
        uint8_t tag;
        const char *name;
    } envelopes[] = {
        {0xd1, "SMS-PP download"},  {0xd2, "cell broadcast download"}, {0xd3, "menu selection"},
        {0xd4, "call control"},     {0xd5, "MO-SMS control"},          {0xd6, "event download"},
        {0xd7, "timer expiration"}, {0xd9, "USSD download"},
    };
    for (size_t i = 0; i < sizeof envelopes / sizeof envelopes[0]; i++) {
        if (exchange->data.length > 0 && envelopes[i].tag == exchange->data.data[0]) {
            text_format(text, " %s", envelopes[i].name);
        }
    }
}

/* BER-TLV files */

static void put_object(struct text *text, struct apdu_exchange *exchange)
{
    put_file(text, exchange);
    if (exchange->data.length > 0) {
        text_put(text, " object ");
        text_put_hex(text, octets_of(exchange->data.data, exchange->data.length > 3 ? 3 : exchange->data.length), 3);
    }
}

/* A suspended card comes back for whoever has its token, PINs verified (TS 102 221 11.1.22). */
static void put_suspend(struct text *text, struct apdu_exchange *exchange)
{
    enum { P1_RESUME = 0x01 };
    if (exchange->p1 == P1_RESUME) {
        apdu_mark_command(exchange, exchange->data);
        text_put(text, " resume (token withheld)");
    }
}

static void put_suspend_answer(struct text *text, struct apdu_exchange *exchange)
{
    apdu_mark_answer(exchange, exchange->answer);
    text_format(text, "(%zu octets, withheld)", exchange->answer.length);
}

static void put_length_answer(struct text *text, struct apdu_exchange *exchange)
{
    text_format(text, "%zu octets", exchange->answer.length);
}

/* The table */

enum command_class { ANY_CLASS, INTERINDUSTRY, PROPRIETARY };

typedef void put_words(struct text *text, struct apdu_exchange *exchange);

struct command_name {
    uint8_t ins;
    enum command_class class;
    bool sends; /* data to the card */
    const char *name;
    put_words *command; /* what follows the name; NULL: nothing */
    put_words *answer;  /* of response data; NULL: its length */
};

static const struct command_name commands[] = {
    {0xa4, INTERINDUSTRY, true, "SELECT", selection_put, put_control_answer},
    {0xf2, ANY_CLASS, false, "STATUS", NULL, put_control_answer},
    {0xb0, INTERINDUSTRY, false, "READ BINARY", put_binary, put_read_answer},
    {0xd6, INTERINDUSTRY, true, "UPDATE BINARY", put_update_binary, NULL},
    {0xb2, INTERINDUSTRY, false, "READ RECORD", put_record, put_read_answer},
    {0xdc, INTERINDUSTRY, true, "UPDATE RECORD", put_update_record, NULL},
    {0xa2, INTERINDUSTRY, true, "SEARCH RECORD", put_search, put_record_numbers},
    {0x32, ANY_CLASS, true, "INCREASE", put_file, NULL},
    {0xcb, ANY_CLASS, true, "RETRIEVE DATA", put_object, put_length_answer},
    {0xdb, ANY_CLASS, true, "SET DATA", put_object, NULL},
    {0x20, INTERINDUSTRY, true, "VERIFY", put_pin, NULL},
    {0x24, INTERINDUSTRY, true, "CHANGE", put_pin, NULL},
    {0x26, INTERINDUSTRY, true, "DISABLE", put_pin, NULL},
    {0x28, INTERINDUSTRY, true, "ENABLE", put_pin, NULL},
    {0x2c, INTERINDUSTRY, true, "UNBLOCK", put_pin, NULL},
    {0x04, INTERINDUSTRY, true, "DEACTIVATE FILE", put_file, NULL},
    {0x44, INTERINDUSTRY, true, "ACTIVATE FILE", put_file, NULL},
    {0x88, INTERINDUSTRY, true, "AUTHENTICATE", authenticate_put_command, authenticate_put_answer},
    {0x89, INTERINDUSTRY, true, "AUTHENTICATE", authenticate_put_command, authenticate_put_answer},
    {0x84, INTERINDUSTRY, false, "GET CHALLENGE", NULL, put_length_answer},
    {INS_MANAGE_CHANNEL, INTERINDUSTRY, false, "MANAGE CHANNEL", put_channel, put_channel_answer},
    {0xaa, ANY_CLASS, true, "TERMINAL CAPABILITY", NULL, NULL},
    {0x73, ANY_CLASS, true, "MANAGE SECURE CHANNEL", NULL, NULL},
    {0x75, ANY_CLASS, true, "TRANSACT DATA", NULL, NULL},
    {0x76, ANY_CLASS, true, "SUSPEND UICC", put_suspend, put_suspend_answer},
    {0x78, ANY_CLASS, true, "GET IDENTITY", NULL, put_length_answer},
    {0x7a, ANY_CLASS, true, "EXCHANGE CAPABILITIES", NULL, NULL},
    {0x10, ANY_CLASS, true, "TERMINAL PROFILE", NULL, NULL},
    {0xc2, ANY_CLASS, true, "ENVELOPE", put_envelope, NULL},
    {0x12, ANY_CLASS, false, "FETCH", NULL, put_length_answer},
    {0x14, ANY_CLASS, true, "TERMINAL RESPONSE", NULL, NULL},
    {INS_GET_RESPONSE, ANY_CLASS, false, "GET RESPONSE", NULL, NULL},
    {0xca, ANY_CLASS, false, "GET DATA", NULL, put_length_answer},
    {0xe0, ANY_CLASS, true, "CREATE FILE", NULL, NULL},
    {0xe4, ANY_CLASS, true, "DELETE FILE", NULL, NULL},
    {0xe6, ANY_CLASS, true, "TERMINATE DF", NULL, NULL},
    {0xe8, ANY_CLASS, true, "TERMINATE EF", NULL, NULL},
    {0xfe, ANY_CLASS, true, "TERMINATE CARD USAGE", NULL, NULL},
    {0xd4, ANY_CLASS, true, "RESIZE FILE", NULL, NULL},
    {0xe2, ANY_CLASS, true, "STORE DATA", NULL, NULL},
    {0x40, PROPRIETARY, false, "CAPABILITIES", NULL, api_put_answer},
    {0x42, PROPRIETARY, false, "LIST", NULL, api_put_answer},
    {0x4e, PROPRIETARY, false, "COUNTER", NULL, NULL},
    {0x50, PROPRIETARY, true, "OPEN KEY", api_put_objects, api_put_answer},
    {0x52, PROPRIETARY, true, "PROCESS", api_put_process, api_put_process_answer},
    {0x54, PROPRIETARY, true, "AUTHENTICATE KEY", api_put_handle, api_put_answer},
    {0x56, PROPRIETARY, true, "DERIVE KEY", api_put_handle, api_put_answer},
    {0x58, PROPRIETARY, true, "TRANSFER KEY", api_put_transfer, api_put_transfer_answer},
    {0x5a, PROPRIETARY, true, "KEEP KEY", api_put_handle, NULL},
    {0x5c, PROPRIETARY, true, "APPLY", api_put_objects, NULL},
    {0x5e, PROPRIETARY, true, "CLOSE KEY", api_put_handle, NULL},
};

static const struct command_name *find_command(uint8_t cla, uint8_t ins)
{
    const bool is_proprietary = (cla & CLASS_PROPRIETARY) != 0 && cla != CLASS_GSM;
    const enum command_class excluded = is_proprietary ? INTERINDUSTRY : PROPRIETARY;
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].ins == ins && commands[i].class != excluded) {
            return &commands[i];
        }
    }
    return NULL;
}

/* Blocks of BER-TLV data go one way or the other, as P1 or P2 says (TS 102 221 11.1.16, 11.3.1). */
bool apdu_header_sends(const uint8_t header[4])
{
    enum { INS_AUTHENTICATE_BLOCKS = 0x89, P1_FETCHES = 0x20, INS_RETRIEVE_DATA = 0xcb, P2_FIRST_BLOCK = 0x80 };
    const struct command_name *command = find_command(header[0], header[1]);
    if (header[1] == INS_AUTHENTICATE_BLOCKS && (header[2] & P1_FETCHES) != 0) {
        return false;
    }
    if (header[1] == INS_RETRIEVE_DATA && (header[3] & P2_FIRST_BLOCK) == 0) {
        return false;
    }
    return command == NULL || command->sends;
}

/* Taking apart */

/* Whether so many octets of data, and Le or nothing, are all that is left (ISO/IEC 7816-3 12.1.3). */
static bool is_filled_by(const struct octet_reader *reader, size_t data_length, size_t le_length)
{
    const size_t left = octet_reader_left(reader);
    return data_length > 0 && (left == data_length || left == data_length + le_length);
}

/* The data of a command APDU; what is not well-formed counts as data. */
static struct octets command_data(struct octets command)
{
    enum { HEADER_SIZE = 4, SHORT_LE = 1, EXTENDED_LE = 2 };
    struct octet_reader reader = octet_reader_of(command);
    (void)octet_reader_take(&reader, HEADER_SIZE);
    if (octet_reader_left(&reader) < 2) {
        return (struct octets){0};
    }
    const size_t length = octet_reader_u8(&reader);
    struct octet_reader extended = reader;
    const size_t extended_length = octet_reader_u16(&extended);
    if (length == 0 && is_filled_by(&extended, extended_length, EXTENDED_LE)) {
        return octet_reader_take(&extended, extended_length);
    }
    return octet_reader_take(&reader, is_filled_by(&reader, length, SHORT_LE) ? length : octet_reader_left(&reader));
}

static struct apdu_exchange take_apart(struct apdu_narrator *narrator, struct octets command, struct octets response,
                                       struct apdu_words *words)
{
    struct apdu_exchange exchange = {.command = command, .words = words};
    struct octet_reader reader = octet_reader_of(command);
    exchange.cla = octet_reader_u8(&reader);
    exchange.ins = octet_reader_u8(&reader);
    exchange.p1 = octet_reader_u8(&reader);
    exchange.p2 = octet_reader_u8(&reader);
    exchange.data = command_data(command);
    reader = octet_reader_of(response);
    exchange.answer = octet_reader_take(&reader, response.length < 2 ? 0 : response.length - 2);
    exchange.sw = octet_reader_u16(&reader);
    exchange.succeeded = status_word_is_success(exchange.sw);
    exchange.channel = &narrator->channels[channel_of(exchange.cla)];
    exchange.origin = (struct apdu_origin){exchange.ins, exchange.p1, exchange.p2,
                                           exchange.data.length > 0 ? exchange.data.data[0] : 0};
    if (exchange.ins == INS_GET_RESPONSE) {
        exchange.origin = exchange.channel->origin;
    }
    return exchange;
}

static void put_command(struct text *text, struct apdu_exchange *exchange)
{
    const struct command_name *command = find_command(exchange->cla, exchange->ins);
    const uint8_t channel = channel_of(exchange->cla);
    if (channel != 0) {
        text_format(text, "[%u] ", channel);
    }
    if (command == NULL) {
        text_format(text, "command %02X of class %02X, P1 %02X P2 %02X, %zu octets", exchange->ins, exchange->cla,
                    exchange->p1, exchange->p2, exchange->data.length);
        return;
    }
    text_put(text, command->name);
    if (command->command != NULL) {
        command->command(text, exchange);
    }
}

static void put_outcome(struct text *text, struct apdu_exchange *exchange)
{
    enum { SW_OK = 0x9000 };
    const struct command_name *origin = find_command(exchange->cla, exchange->origin.ins);
    if (exchange->answer.length > 0 && origin != NULL && origin->answer != NULL) {
        origin->answer(text, exchange);
    } else if (exchange->answer.length > 0) {
        text_format(text, "%zu octets", exchange->answer.length);
    }
    if (exchange->sw == SW_OK && text->length > 0) {
        return;
    }
    text_put(text, text->length > 0 ? "; " : "");
    if (exchange->sw != SW_OK) {
        text_format(text, "%04X ", exchange->sw);
    }
    text_put_status_word(text, exchange->sw, exchange->origin.ins);
}

/* A channel opened from the basic one begins at MF, any other where its opener is (TS 102 221 11.1.17). */
static void follow_channel(struct apdu_narrator *narrator, const struct apdu_exchange *exchange)
{
    const uint8_t opener = channel_of(exchange->cla);
    const uint8_t opened = exchange->answer.length == 1 ? exchange->answer.data[0] : exchange->p2;
    if (exchange->p1 != 0 || opened >= APDU_CHANNELS) {
        return;
    }
    narrator->channels[opened] = opener == 0 ? (struct apdu_channel){.directory = PLACE_MF} : *exchange->channel;
}

void apdu_narrator_reset(struct apdu_narrator *narrator)
{
    for (size_t i = 0; i < APDU_CHANNELS; i++) {
        narrator->channels[i] = (struct apdu_channel){.directory = PLACE_MF};
    }
}

void apdu_narrator_tell(struct apdu_narrator *narrator, struct octets command, struct octets response,
                        struct apdu_words *words)
{
    *words = (struct apdu_words){0};
    struct text text = text_of(words->command, sizeof words->command);
    struct apdu_exchange exchange = take_apart(narrator, command, response, words);
    const struct file_name *const file_before = exchange.channel->file;
    put_command(&text, &exchange);
    text = text_of(words->outcome, sizeof words->outcome);
    put_outcome(&text, &exchange);
    words->succeeded = exchange.succeeded;
    if (!exchange.succeeded) {
        exchange.channel->file = file_before; /* a short identifier that was refused selects nothing */
    }
    if (exchange.ins == selection_instruction && exchange.succeeded) {
        selection_follow(&exchange);
    }
    if (exchange.ins == INS_MANAGE_CHANNEL && exchange.succeeded) {
        follow_channel(narrator, &exchange);
    }
    exchange.channel->origin = exchange.origin;
}
