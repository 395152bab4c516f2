/*
 * at_driver.c: the card in a modem, by AT commands (TS 27.007 clauses 8.17, 8.18, 8.43 to 8.46).
 *
 * +CSIM passes every APDU. What a modem does not pass that way goes by +CCHO, +CGLA and +CCHC on channels of their own,
 * and files on channel 0 by +CRSM. What a modem can is found out by trying: many answer a "=?" with lies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/ignore.h"
#include "base/secret.h"
#include "base/text_coding.h"
#include "reader/at_modem.h"
#include "reader/modem_channels.h"
#include "reader/reader_driver.h"

enum { HEADER_SIZE = 4, CASE_2_SIZE = 5, HEX_MAX = 2 * READER_COMMAND_MAX + 1 };
enum {
    INS_SELECT = 0xa4,
    INS_MANAGE_CHANNEL = 0x70,
    INS_READ_BINARY = 0xb0,
    INS_READ_RECORD = 0xb2,
    INS_UPDATE_BINARY = 0xd6,
    INS_UPDATE_RECORD = 0xdc,
    INS_STATUS = 0xf2
};
enum {
    P1_BY_FID = 0x00,
    P1_BY_AID = 0x04,
    SW_NOT_PASSED = 0x6f00,
    SW_NO_CHANNEL = 0x6881,
    SW_NO_CHANNEL_LEFT = 0x6a81
};

/* What the modem makes of +CSIM: refused once may be that command, refused from the beginning is never to work. */
enum csim_use { CSIM_UNTRIED, CSIM_WORKS, CSIM_REFUSED };

struct at_card {
    struct at_modem modem;
    enum csim_use csim;
    bool has_card_channels; /* MANAGE CHANNEL went to the card: its numbers are not ours to give */
    struct modem_channels channels;
    char sessions[MODEM_CHANNELS][AT_SESSION_SIZE]; /* what the modem calls them */
    uint16_t selected;                              /* by FID on channel 0, for +CRSM */
};

static const struct at_expected nothing;

/* Modems are at their best with upper case; T=0 has a P3 also where there is nothing to say. */
static enum gbau_status encode_apdu(struct octets apdu, char hex[HEX_MAX])
{
    enum gbau_status status = hex_encode(apdu, hex, HEX_MAX - 2);
    if (status != GBAU_OK) {
        return status;
    }
    for (char *digit = hex; *digit != '\0'; digit++) {
        *digit = (char)(*digit >= 'a' ? *digit - 'a' + 'A' : *digit);
    }
    if (apdu.length == HEADER_SIZE) {
        memcpy(hex + 2 * HEADER_SIZE, "00", 3);
    }
    return GBAU_OK;
}

/* Sends "<name>=[<session>,]<count>,\"<hex>\"". */
static enum gbau_status run_apdu(struct at_card *card, const char *name, const char *session, struct octets apdu,
                                 uint8_t *response, size_t capacity, size_t *length)
{
    char hex[HEX_MAX];
    char command[AT_LINE_MAX];
    char answer[AT_LINE_MAX];
    char prefix[16];
    enum gbau_status status = encode_apdu(apdu, hex);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(prefix, sizeof prefix, "%s:", name);
    (void)snprintf(command, sizeof command, "%s=%s%s%zu,\"%s\"", name, session, session[0] == '\0' ? "" : ",",
                   strlen(hex), hex);
    status = at_modem_run(&card->modem, command, (struct at_expected){.prefix = prefix}, answer);
    if (status == GBAU_OK) {
        status = at_read_apdu(answer, response, capacity, length);
    }
    secret_wipe(command, sizeof command); /* a PIN may have been in it, a key in the answer */
    secret_wipe(answer, sizeof answer);
    secret_wipe(hex, sizeof hex);
    return status;
}

static enum gbau_status run_csim(struct at_card *card, struct octets apdu, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    return run_apdu(card, "+CSIM", "", apdu, response, capacity, length);
}

/* Sessions */

static enum gbau_status open_session(void *context, uint8_t channel, struct octets aid)
{
    struct at_card *card = context;
    char hex[HEX_MAX];
    char command[HEX_MAX + 16];
    char answer[AT_LINE_MAX];
    enum gbau_status status = encode_apdu(aid, hex);
    if (status != GBAU_OK) {
        return status;
    }
    (void)snprintf(command, sizeof command, "+CCHO=\"%s\"", hex);
    status = at_modem_run(&card->modem, command, (struct at_expected){.prefix = "+CCHO:", .may_be_bare = true}, answer);
    if (status == GBAU_E_REFUSED) {
        log_info(card->modem.log, "the modem opens no channel for the application: %s", card->modem.refusal);
    }
    return status == GBAU_OK ? at_read_session(answer, card->sessions[channel]) : status;
}

static enum gbau_status transmit_in_session(void *context, uint8_t channel, struct octets command, uint8_t *response,
                                            size_t capacity, size_t *length)
{
    struct at_card *card = context;
    enum gbau_status status = run_apdu(card, "+CGLA", card->sessions[channel], command, response, capacity, length);
    if (status == GBAU_E_REFUSED) {
        log_info(card->modem.log, "the modem does not pass the command: %s", card->modem.refusal);
    }
    return status;
}

static void close_session(void *context, uint8_t channel)
{
    struct at_card *card = context;
    char command[AT_SESSION_SIZE + 16];
    char answer[AT_LINE_MAX];
    (void)snprintf(command, sizeof command, "+CCHC=%s", card->sessions[channel]);
    if (at_modem_run(&card->modem, command, nothing, answer) != GBAU_OK) {
        log_debug(card->modem.log, "the modem did not close session %s", card->sessions[channel]);
    }
}

static const struct modem_sessions at_sessions = {
    .open = open_session, .transmit = transmit_in_session, .close = close_session};

/* Channel 0 without +CSIM: files, by +CRSM */

static bool is_file_command(uint8_t ins)
{
    static const uint8_t file_commands[] = {INS_READ_BINARY, INS_READ_RECORD, INS_UPDATE_BINARY, INS_UPDATE_RECORD,
                                            INS_STATUS};
    return memchr(file_commands, ins, sizeof file_commands) != NULL;
}

static enum gbau_status transmit_file_command(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    char hex[HEX_MAX] = "";
    char text[AT_LINE_MAX];
    char answer[AT_LINE_MAX];
    const unsigned p3 = command.length > HEADER_SIZE ? command.data[HEADER_SIZE] : 0;
    const bool has_data = command.length > CASE_2_SIZE;
    enum gbau_status status =
        has_data ? encode_apdu(octets_of(command.data + CASE_2_SIZE, command.length - CASE_2_SIZE), hex) : GBAU_OK;
    if (status != GBAU_OK) {
        return status;
    }
    const char *quote = has_data ? "\"" : "";
    (void)snprintf(text, sizeof text, "+CRSM=%u,%u,%u,%u,%u%s%s%s%s", command.data[1], card->selected, command.data[2],
                   command.data[3], p3, has_data ? "," : "", quote, hex, quote);
    status = at_modem_run(&card->modem, text, (struct at_expected){.prefix = "+CRSM:"}, answer);
    if (status == GBAU_OK) {
        status = at_read_crsm(answer, response, capacity, length);
    }
    return status == GBAU_E_REFUSED ? modem_answer_sw(SW_NOT_PASSED, response, capacity, length) : status;
}

static enum gbau_status transmit_on_channel_0(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    const bool selects_fid =
        command.data[1] == INS_SELECT && command.data[2] == P1_BY_FID && command.length >= CASE_2_SIZE + 2;
    if (selects_fid) { /* +CRSM names the file itself */
        card->selected = (uint16_t)(command.data[CASE_2_SIZE] << 8 | command.data[CASE_2_SIZE + 1]);
        return modem_answer_sw(0x9000, response, capacity, length);
    }
    if (is_file_command(command.data[1])) {
        return transmit_file_command(card, command, response, capacity, length);
    }
    log_error(card->modem.log,
              "without +CSIM this modem only reads and writes files on channel 0 (+CRSM): command %02X cannot be sent",
              command.data[1]);
    return modem_answer_sw(SW_NO_CHANNEL, response, capacity, length);
}

/* Choosing the way */

static bool selects_application(struct octets command)
{
    return command.data[1] == INS_SELECT && command.data[2] == P1_BY_AID;
}

/* Some modems open a channel by +CSIM and then refuse SELECT on it: the channel is given back, and +CCHO tried. */
static enum gbau_status select_by_session(struct at_card *card, struct octets command, uint8_t *response,
                                          size_t capacity, size_t *length)
{
    const uint8_t channel = modem_channel_of(command.data[0]);
    const uint8_t closing[] = {0x00, INS_MANAGE_CHANNEL, 0x80, channel};
    uint8_t closed[2];
    size_t closed_length = 0;
    status_ignore(run_csim(card, octets_of(closing, sizeof closing), closed, sizeof closed, &closed_length));
    modem_channels_adopt(&card->channels, channel);
    return modem_channels_transmit(&card->channels, command, response, capacity, length);
}

/* The modem refused one command of many: is there another way for this one? */
static enum gbau_status transmit_refused(struct at_card *card, struct octets command, uint8_t *response,
                                         size_t capacity, size_t *length)
{
    log_info(card->modem.log, "the modem refused command %02X by +CSIM: %s", command.data[1], card->modem.refusal);
    if (command.data[1] == INS_MANAGE_CHANNEL) {
        return card->has_card_channels ? modem_answer_sw(SW_NO_CHANNEL_LEFT, response, capacity, length)
                                       : modem_channels_transmit(&card->channels, command, response, capacity, length);
    }
    return selects_application(command) && modem_channel_of(command.data[0]) != 0
               ? select_by_session(card, command, response, capacity, length)
               : modem_answer_sw(SW_NOT_PASSED, response, capacity, length);
}

static enum gbau_status transmit_without_csim(struct at_card *card, struct octets command, uint8_t *response,
                                              size_t capacity, size_t *length)
{
    const bool is_on_channel_0 = command.data[1] != INS_MANAGE_CHANNEL && modem_channel_of(command.data[0]) == 0;
    return is_on_channel_0 ? transmit_on_channel_0(card, command, response, capacity, length)
                           : modem_channels_transmit(&card->channels, command, response, capacity, length);
}

static enum gbau_status transmit(struct at_card *card, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    if (modem_channels_own(&card->channels, command)) {
        return modem_channels_transmit(&card->channels, command, response, capacity, length);
    }
    if (card->csim == CSIM_REFUSED) {
        return transmit_without_csim(card, command, response, capacity, length);
    }
    enum gbau_status status = run_csim(card, command, response, capacity, length);
    if (status == GBAU_OK) {
        card->csim = CSIM_WORKS;
        card->has_card_channels |= command.data[1] == INS_MANAGE_CHANNEL && *length > 2;
    }
    if (status != GBAU_E_REFUSED) {
        return status;
    }
    if (card->csim == CSIM_WORKS) {
        return transmit_refused(card, command, response, capacity, length);
    }
    log_info(card->modem.log, "the modem does not take +CSIM (%s): trying +CCHO and +CGLA", card->modem.refusal);
    card->csim = CSIM_REFUSED;
    return transmit_without_csim(card, command, response, capacity, length);
}

/* The driver */

static void explain(const struct at_card *card, enum gbau_status status)
{
    switch (status) {
    case GBAU_E_TIMEOUT:
        log_error(card->modem.log, "the modem did not answer within %u s", card->modem.timeout_ms / 1000);
        break;
    case GBAU_E_IO:
        log_error(card->modem.log, "the modem is gone");
        break;
    case GBAU_E_PIN_REQUIRED:
        log_error(card->modem.log,
                  "the modem itself wants the card's PIN (%s): give it to the modem, with 'mmcli' or "
                  "AT+CPIN, then try again",
                  card->modem.refusal);
        break;
    case GBAU_E_NOT_FOUND:
    case GBAU_E_PIN_BLOCKED:
    case GBAU_E_BUSY:
        log_error(card->modem.log, "the modem says of its card: %s", card->modem.refusal);
        break;
    default:
        break;
    }
}

static enum gbau_status at_transmit(void *state, struct octets command, uint8_t *response, size_t capacity,
                                    size_t *length)
{
    enum gbau_status status = transmit(state, command, response, capacity, length);
    explain(state, status);
    return status;
}

static void at_close(void *state)
{
    struct at_card *card = state;
    modem_channels_close(&card->channels);
    at_modem_close(&card->modem);
    secret_wipe(card, sizeof *card);
    free(card);
}

static const struct reader_driver at_driver = {.transmit = at_transmit, .close = at_close};

/*
 * Wakes the modem: the first command may be lost while it finds the baud rate. No echo, results, and results in words;
 * errors with numbers, which not every modem knows.
 */
static enum gbau_status wake(struct at_card *card)
{
    char answer[AT_LINE_MAX];
    enum { TRIES = 3, WAKE_TIMEOUT_MS = 1000 };
    static const char *const commands[TRIES] = {"E0Q0V1", "E0", "E0"};
    const unsigned timeout = card->modem.timeout_ms;
    enum gbau_status status = GBAU_E_TIMEOUT;
    card->modem.timeout_ms = WAKE_TIMEOUT_MS;
    for (unsigned i = 0; i < TRIES && status != GBAU_OK && status != GBAU_E_IO; i++) {
        status = at_modem_run(&card->modem, commands[i], nothing, answer);
    }
    card->modem.timeout_ms = timeout;
    if (status == GBAU_OK) {
        status_ignore(at_modem_run(&card->modem, "+CMEE=1", nothing, answer));
    }
    return status;
}

/* A modem that waits for a PIN may pass commands to the card all the same: a word of warning is enough. */
static void look_at_pin(struct at_card *card)
{
    char answer[AT_LINE_MAX];
    if (at_modem_run(&card->modem, "+CPIN?", (struct at_expected){.prefix = "+CPIN:"}, answer) == GBAU_OK &&
        answer[0] != '\0' && strcmp(answer, "READY") != 0) {
        log_warning(card->modem.log, "the modem waits for %s of its card; it may pass no commands until then", answer);
    }
}

enum gbau_status at_driver_open(const char *device, const struct log *log, struct reader_connection *connection)
{
    struct at_card *card = calloc(1, sizeof *card);
    if (card == NULL) {
        return GBAU_E_MEMORY;
    }
    card->channels = (struct modem_channels){.sessions = &at_sessions, .context = card};
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
    look_at_pin(card);
    *connection = (struct reader_connection){.driver = &at_driver, .state = card, .is_t0 = true};
    return GBAU_OK;
}
