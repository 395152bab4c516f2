/*
 * at_driver.c: the card in a modem, by AT commands (TS 27.007 clauses 8.17, 8.43 to 8.46).
 *
 * +CSIM passes every APDU; where a modem does not have it, logical channels go by +CCHO, +CGLA and +CCHC, and files on
 * channel 0 by +CRSM. What a modem can is found out by trying: many answer a "=?" with lies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "base/text_coding.h"
#include "reader/at_modem.h"
#include "reader/reader_driver.h"

enum { CHANNELS = 20, HEADER_SIZE = 4, AID_MAX = 16, HEX_MAX = 2 * READER_COMMAND_MAX + 1, NO_SESSION = -1 };
enum { INS_SELECT = 0xa4, INS_MANAGE_CHANNEL = 0x70, INS_READ_BINARY = 0xb0, INS_READ_RECORD = 0xb2,
       INS_UPDATE_BINARY = 0xd6, INS_UPDATE_RECORD = 0xdc, INS_STATUS = 0xf2 };

/* A channel that the modem opened for us by AID. */
struct at_channel {
    bool open;
    int session; /* of +CCHO; NO_SESSION until an AID is selected */
};

struct at_card {
    struct at_modem modem;
    bool without_csim;
    struct at_channel channels[CHANNELS];
    uint16_t selected; /* by FID on channel 0, for +CRSM */
};

static enum gbau_status answer_sw(uint16_t sw, uint8_t *response, size_t capacity, size_t *length)
{
    if (capacity < 2) {
        return GBAU_E_SPACE;
    }
    response[0] = (uint8_t)(sw >> 8);
    response[1] = (uint8_t)sw;
    *length = 2;
    return GBAU_OK;
}

/* "<length>,\"<hex>\"", with or without quotes: data and SW. */
static enum gbau_status read_hex_answer(const char *line, uint8_t *response, size_t capacity, size_t *length)
{
    const char *comma = strchr(line, ',');
    if (comma == NULL) {
        return GBAU_E_CARD;
    }
    const char *hex = comma + 1 + strspn(comma + 1, " \"");
    size_t digits = strcspn(hex, "\" ");
    enum gbau_status status = hex_decode(octets_of(hex, digits), response, capacity, length);
    return status == GBAU_OK || status == GBAU_E_SPACE ? status : GBAU_E_CARD;
}

/* Sends "<name>=<first>,<count>,\"<hex>\""; `first` is left out when negative. */
static enum gbau_status run_hex_command(struct at_card *card, const char *name, int first, struct octets apdu,
                                        uint8_t *response, size_t capacity, size_t *length)
{
    char hex[HEX_MAX];
    char command[AT_LINE_MAX];
    char answer[AT_LINE_MAX];
    char prefix[16];
    char argument[16] = "";
    enum gbau_status status = hex_encode(apdu, hex, sizeof hex);
    if (status != GBAU_OK) {
        return status;
    }
    if (first >= 0) {
        (void)snprintf(argument, sizeof argument, "%d,", first);
    }
    (void)snprintf(prefix, sizeof prefix, "%s:", name);
    (void)snprintf(command, sizeof command, "%s=%s%zu,\"%s\"", name, argument, strlen(hex), hex);
    status = at_modem_run(&card->modem, command, prefix, false, answer);
    if (status == GBAU_OK) {
        status = read_hex_answer(answer, response, capacity, length);
    }
    secret_wipe(command, sizeof command); /* a PIN may have been in it, a key in the answer */
    secret_wipe(answer, sizeof answer);
    secret_wipe(hex, sizeof hex);
    return status;
}

/* Without +CSIM: channels */

static uint8_t channel_of(uint8_t cla)
{
    return (cla & 0x40) != 0 ? (uint8_t)(4 + (cla & 0x0f)) : (uint8_t)(cla & 0x03);
}

/* The class of channel 0: the modem puts the channel in. */
static uint8_t class_without_channel(uint8_t cla)
{
    return cla & 0x80;
}

static enum gbau_status open_channel(struct at_card *card, uint8_t *response, size_t capacity, size_t *length)
{
    for (uint8_t number = 1; number < CHANNELS && capacity >= 3; number++) {
        if (!card->channels[number].open) {
            card->channels[number] = (struct at_channel){.open = true, .session = NO_SESSION};
            response[0] = number;
            enum gbau_status status = answer_sw(0x9000, response + 1, capacity - 1, length);
            *length += 1;
            return status;
        }
    }
    return answer_sw(0x6a81, response, capacity, length);
}

static void end_session(struct at_card *card, struct at_channel *channel)
{
    char command[32];
    char answer[AT_LINE_MAX];
    if (channel->session != NO_SESSION) {
        (void)snprintf(command, sizeof command, "+CCHC=%d", channel->session);
        if (at_modem_run(&card->modem, command, "+CCHC:", false, answer) != GBAU_OK) {
            log_debug(card->modem.log, "the modem did not close session %d", channel->session);
        }
    }
    channel->session = NO_SESSION;
}

static enum gbau_status manage_channel(struct at_card *card, struct octets command, uint8_t *response,
                                       size_t capacity, size_t *length)
{
    enum { CLOSE = 0x80 };
    if (command.data[2] != CLOSE) {
        return open_channel(card, response, capacity, length);
    }
    uint8_t number = command.data[3];
    if (number == 0 || number >= CHANNELS || !card->channels[number].open) {
        return answer_sw(0x6881, response, capacity, length);
    }
    end_session(card, &card->channels[number]);
    card->channels[number].open = false;
    return answer_sw(0x9000, response, capacity, length);
}

/* SELECT by AID is what +CCHO does; its answer is "+CCHO: <session>" or a bare number. */
static enum gbau_status select_application(struct at_card *card, struct at_channel *channel, struct octets command,
                                           uint8_t *response, size_t capacity, size_t *length)
{
    char hex[2 * AID_MAX + 1];
    char text[64];
    char answer[AT_LINE_MAX];
    size_t aid_length = command.length > HEADER_SIZE ? command.data[HEADER_SIZE] : 0;
    if (aid_length == 0 || aid_length > AID_MAX || command.length < HEADER_SIZE + 1 + aid_length ||
        hex_encode(octets_of(command.data + HEADER_SIZE + 1, aid_length), hex, sizeof hex) != GBAU_OK) {
        return answer_sw(0x6700, response, capacity, length);
    }
    end_session(card, channel);
    (void)snprintf(text, sizeof text, "+CCHO=\"%s\"", hex);
    enum gbau_status status = at_modem_run(&card->modem, text, "+CCHO:", true, answer);
    if (status == GBAU_E_REFUSED) {
        return answer_sw(0x6a82, response, capacity, length);
    }
    if (status != GBAU_OK) {
        return status;
    }
    char *end = NULL;
    long session = strtol(answer, &end, 10);
    if (end == answer || session < 0 || session > UINT16_MAX) {
        return GBAU_E_CARD;
    }
    channel->session = (int)session;
    return answer_sw(0x9000, response, capacity, length);
}

static enum gbau_status transmit_on_session(struct at_card *card, const struct at_channel *channel,
                                            struct octets command, uint8_t *response, size_t capacity, size_t *length)
{
    uint8_t apdu[READER_COMMAND_MAX];
    memcpy(apdu, command.data, command.length);
    apdu[0] = class_without_channel(apdu[0]);
    enum gbau_status status = run_hex_command(card, "+CGLA", channel->session, octets_of(apdu, command.length),
                                              response, capacity, length);
    secret_wipe(apdu, sizeof apdu);
    return status == GBAU_E_REFUSED ? answer_sw(0x6f00, response, capacity, length) : status;
}

/* Without +CSIM: files on channel 0 by +CRSM */

static bool is_file_command(uint8_t ins)
{
    return ins == INS_READ_BINARY || ins == INS_READ_RECORD || ins == INS_UPDATE_BINARY || ins == INS_UPDATE_RECORD ||
           ins == INS_STATUS;
}

/* "<sw1>,<sw2>[,\"<hex>\"]". */
static enum gbau_status read_crsm_answer(const char *line, uint8_t *response, size_t capacity, size_t *length)
{
    unsigned sw1 = 0;
    unsigned sw2 = 0;
    int used = 0;
    size_t data_length = 0;
    size_t sw_length = 0;
    if (sscanf(line, "%3u , %3u%n", &sw1, &sw2, &used) != 2 || sw1 > 0xff || sw2 > 0xff) {
        return GBAU_E_CARD;
    }
    const char *rest = line + used;
    if (rest[strspn(rest, " ")] == ',') {
        enum gbau_status status = read_hex_answer(rest, response, capacity, &data_length);
        if (status != GBAU_OK) {
            return status;
        }
    }
    enum gbau_status status =
        answer_sw((uint16_t)(sw1 << 8 | sw2), response + data_length, capacity - data_length, &sw_length);
    *length = data_length + sw_length;
    return status;
}

static enum gbau_status transmit_file_command(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    char hex[HEX_MAX] = "";
    char text[AT_LINE_MAX];
    char answer[AT_LINE_MAX];
    const unsigned p3 = command.length > HEADER_SIZE ? command.data[HEADER_SIZE] : 0;
    struct octets data = {0};
    if (command.length > HEADER_SIZE + 1) {
        data = octets_of(command.data + HEADER_SIZE + 1, command.length - HEADER_SIZE - 1);
    }
    enum gbau_status status = hex_encode(data, hex, sizeof hex);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(text, sizeof text, "+CRSM=%u,%u,%u,%u,%u%s%s%s", command.data[1], card->selected, command.data[2],
                   command.data[3], p3, data.length > 0 ? ",\"" : "", hex, data.length > 0 ? "\"" : "");
    status = at_modem_run(&card->modem, text, "+CRSM:", false, answer);
    return status == GBAU_OK ? read_crsm_answer(answer, response, capacity, length) : status;
}

static enum gbau_status transmit_on_channel_0(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    const bool selects_fid = command.data[1] == INS_SELECT && command.data[2] == 0 && command.length >= 7;
    if (selects_fid) { /* +CRSM names the file itself */
        card->selected = (uint16_t)(command.data[5] << 8 | command.data[6]);
        return answer_sw(0x9000, response, capacity, length);
    }
    return is_file_command(command.data[1]) ? transmit_file_command(card, command, response, capacity, length)
                                            : answer_sw(0x6881, response, capacity, length);
}

static enum gbau_status transmit_without_csim(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    if (command.data[1] == INS_MANAGE_CHANNEL) {
        return manage_channel(card, command, response, capacity, length);
    }
    uint8_t number = channel_of(command.data[0]);
    if (number == 0) {
        return transmit_on_channel_0(card, command, response, capacity, length);
    }
    struct at_channel *channel = &card->channels[number];
    if (!channel->open) {
        return answer_sw(0x6881, response, capacity, length);
    }
    if (command.data[1] == INS_SELECT && command.data[2] == 0x04) {
        return select_application(card, channel, command, response, capacity, length);
    }
    return channel->session == NO_SESSION ? answer_sw(0x6985, response, capacity, length)
                                          : transmit_on_session(card, channel, command, response, capacity, length);
}

/* The driver */

static enum gbau_status at_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                    size_t *length)
{
    struct at_card *card = state;
    if (!card->without_csim) {
        enum gbau_status status = run_hex_command(card, "+CSIM", -1, command, response, capacity, length);
        if (status != GBAU_E_REFUSED) {
            return status;
        }
        log_info(card->modem.log, "the modem does not take +CSIM: trying +CCHO and +CGLA");
        card->without_csim = true;
    }
    return transmit_without_csim(card, command, response, capacity, length);
}

static void at_close(void *state)
{
    struct at_card *card = state;
    for (size_t i = 1; i < CHANNELS; i++) {
        end_session(card, &card->channels[i]);
    }
    at_modem_close(&card->modem);
    secret_wipe(card, sizeof *card);
    free(card);
}

static const struct reader_driver at_driver = {.transmit = at_transmit, .close = at_close};

/* Wakes the modem: the first command may be lost while it finds the baud rate. */
static enum gbau_status wake(struct at_card *card)
{
    char answer[AT_LINE_MAX];
    enum { TRIES = 3, WAKE_TIMEOUT_MS = 1000 };
    const unsigned timeout = card->modem.timeout_ms;
    enum gbau_status status = GBAU_E_TIMEOUT;
    card->modem.timeout_ms = WAKE_TIMEOUT_MS;
    for (unsigned i = 0; i < TRIES && status != GBAU_OK; i++) {
        status = at_modem_run(&card->modem, "E0", "", false, answer);
    }
    card->modem.timeout_ms = timeout;
    return status;
}

enum gbau_status at_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    struct at_card *card = calloc(1, sizeof *card);
    if (card == NULL) {
        return GBAU_E_MEMORY;
    }
    for (size_t i = 0; i < CHANNELS; i++) {
        card->channels[i].session = NO_SESSION;
    }
    enum gbau_status status = at_modem_open(&card->modem, device, log);
    if (status == GBAU_OK) {
        status = wake(card);
        if (status != GBAU_OK) {
            log_error(log, "no modem answers at %s: check the device, and that no other program uses it", device);
        }
    }
    if (status != GBAU_OK) {
        at_close(card);
        return status;
    }
    *connection = (struct reader_connection){.driver = &at_driver, .state = card, .is_t0 = true};
    return GBAU_OK;
}
