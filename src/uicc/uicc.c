/* uicc.c: power, reset, and the way of a command APDU to its handler (TS 102 221 clauses 10 and 11). */
#include "uicc/uicc.h"

#include <string.h>

#include "base/secret.h"
#include "key/api_aid.h"
#include "key/api_coding.h"
#include "uicc/applet.h"
#include "uicc/channel.h"
#include "uicc/command.h"
#include "uicc/suspension.h"

/* TS, T0, TA1 F=512 D=32, TD1 T=0, TD2 T=15, TA3 classes A to C; historical octets: select by AID, 20 channels. */
static const uint8_t atr[] = {0x3b, 0x9f, 0x96, 0x80, 0x1f, 0x87, 0x80, 0x31, 0xe0, 0x73, 0xfe,
                              0x21, 0x1f, 0x67, 0x47, 0x42, 0x41, 0x55, 0x53, 0x49, 0x4d, 0xd2};
const struct octets uicc_atr = {.data = atr, .length = sizeof atr};

const struct octets uicc_api_aid = {.data = gba_u_api_aid, .length = GBA_U_API_AID_SIZE};

/* Which classes a command may have: interindustry (0X, 4X) or ETSI and proprietary (8X, CX). */
enum command_class { CLASS_INTERINDUSTRY, CLASS_PROPRIETARY };

/* Where a command lives: on the card itself, or in the applet that is selected on the channel. */
enum command_place { PLACE_CARD, PLACE_API_APPLET };

enum { INS_SUSPEND = 0x76 };

struct command_definition {
    uint8_t ins;
    enum command_class class;
    enum command_place place;
    command_handler *handler;
};

static const struct command_definition commands[] = {
    {0xa4, CLASS_INTERINDUSTRY, PLACE_CARD, command_select},
    {0xb0, CLASS_INTERINDUSTRY, PLACE_CARD, command_read_binary},
    {0xb2, CLASS_INTERINDUSTRY, PLACE_CARD, command_read_record},
    {0x88, CLASS_INTERINDUSTRY, PLACE_CARD, command_authenticate},
    {0xd6, CLASS_INTERINDUSTRY, PLACE_CARD, command_update_binary},
    {0xdc, CLASS_INTERINDUSTRY, PLACE_CARD, command_update_record},
    {0xf2, CLASS_PROPRIETARY, PLACE_CARD, command_status},
    {0x20, CLASS_INTERINDUSTRY, PLACE_CARD, command_verify_pin},
    {0x24, CLASS_INTERINDUSTRY, PLACE_CARD, command_change_pin},
    {0x26, CLASS_INTERINDUSTRY, PLACE_CARD, command_disable_pin},
    {0x28, CLASS_INTERINDUSTRY, PLACE_CARD, command_enable_pin},
    {0x2c, CLASS_INTERINDUSTRY, PLACE_CARD, command_unblock_pin},
    {0x70, CLASS_INTERINDUSTRY, PLACE_CARD, command_manage_channel},
    {0x84, CLASS_INTERINDUSTRY, PLACE_CARD, command_get_challenge},
    {0x89, CLASS_INTERINDUSTRY, PLACE_CARD, command_authenticate_tlv},
    {0xa2, CLASS_INTERINDUSTRY, PLACE_CARD, command_search_record},
    {0x32, CLASS_PROPRIETARY, PLACE_CARD, command_increase},
    {0x04, CLASS_INTERINDUSTRY, PLACE_CARD, command_change_file_state},
    {0x44, CLASS_INTERINDUSTRY, PLACE_CARD, command_change_file_state},
    {0xe6, CLASS_INTERINDUSTRY, PLACE_CARD, command_change_file_state},
    {0xe8, CLASS_INTERINDUSTRY, PLACE_CARD, command_change_file_state},
    {0xe0, CLASS_INTERINDUSTRY, PLACE_CARD, command_create_file},
    {0xe4, CLASS_INTERINDUSTRY, PLACE_CARD, command_delete_file},
    {0xd4, CLASS_PROPRIETARY, PLACE_CARD, command_resize_file},
    {0xcb, CLASS_PROPRIETARY, PLACE_CARD, command_retrieve_data},
    {0xdb, CLASS_PROPRIETARY, PLACE_CARD, command_set_data},
    {0xaa, CLASS_PROPRIETARY, PLACE_CARD, command_terminal_capability},
    {0x10, CLASS_PROPRIETARY, PLACE_CARD, command_terminal_profile},
    {0xc2, CLASS_PROPRIETARY, PLACE_CARD, command_envelope},
    {0x12, CLASS_PROPRIETARY, PLACE_CARD, command_without_proactive_session},
    {0x14, CLASS_PROPRIETARY, PLACE_CARD, command_without_proactive_session},
    {INS_SUSPEND, CLASS_PROPRIETARY, PLACE_CARD, command_suspend},
    {0xc0, CLASS_INTERINDUSTRY, PLACE_CARD, command_get_response},
    {API_INS_CAPABILITIES, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_capabilities},
    {API_INS_LIST, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_list},
    {API_INS_COUNTER, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_counter},
    {API_INS_OPEN_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_open_key},
    {API_INS_PROCESS, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_process},
    {API_INS_AUTHENTICATE_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_authenticate_key},
    {API_INS_DERIVE_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_derive_key},
    {API_INS_TRANSFER_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_transfer_key},
    {API_INS_KEEP_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_keep_key},
    {API_INS_APPLY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_apply},
    {API_INS_CLOSE_KEY, CLASS_PROPRIETARY, PLACE_API_APPLET, command_api_close_key},
};

enum status_word sw_of_status(enum gbau_status status)
{
    return status == GBAU_OK ? SW_OK : status == GBAU_E_STORAGE ? SW_MEMORY_PROBLEM : SW_TECHNICAL_PROBLEM;
}

enum status_word command_get_challenge(struct uicc *uicc, const struct uicc_command *command,
                                       struct octet_writer *response)
{
    if (command->p1 != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    if (command->data.length > 0 || !command->has_le) {
        return SW_WRONG_LENGTH;
    }
    uint8_t *room = octet_writer_reserve(response, command->le);
    if (room == NULL) {
        return SW_WRONG_LENGTH;
    }
    return sw_of_status(crypto_random(uicc->crypto, room, command->le));
}

/* At APDU level every response is whole: there is never anything left to get (TS 102 221 12.1.1). */
enum status_word command_get_response(struct uicc *uicc, const struct uicc_command *command,
                                      struct octet_writer *response)
{
    (void)uicc;
    (void)command;
    (void)response;
    return SW_TECHNICAL_PROBLEM;
}

static bool takes_extended(const struct uicc *uicc)
{
    return uicc->piece_size > API_PIECE_MAX;
}

/* Body of an extended APDU behind its first octet, 00, cases 3 and 4 (ISO/IEC 7816-3 12.1.3). */
static enum gbau_status read_extended_body(struct octet_reader *reader, struct uicc_command *command)
{
    command->is_extended = true;
    command->data = octet_reader_take(reader, octet_reader_u16(reader));
    if (octet_reader_left(reader) > 0) {
        command->has_le = true;
        command->le = octet_reader_u16(reader);
    }
    return command->data.length == 0 ? GBAU_E_MALFORMED : octet_reader_end(reader);
}

/* Body of an APDU, cases 1 to 4 (ISO/IEC 7816-3 12.1). */
static enum gbau_status read_body(const struct uicc *uicc, struct octet_reader *reader, struct uicc_command *command)
{
    if (octet_reader_left(reader) == 0) {
        return GBAU_OK;
    }
    uint8_t p3 = octet_reader_u8(reader);
    if (octet_reader_left(reader) == 0) {
        command->has_le = true;
        command->le = p3 == 0 ? 256 : p3;
        return GBAU_OK;
    }
    if (p3 == 0) {
        return takes_extended(uicc) ? read_extended_body(reader, command) : GBAU_E_UNSUPPORTED;
    }
    command->data = octet_reader_take(reader, p3);
    if (octet_reader_left(reader) > 0) {
        uint8_t le = octet_reader_u8(reader);
        command->has_le = true;
        command->le = le == 0 ? 256 : le;
    }
    return octet_reader_end(reader);
}

/* Channel and class in CLA (TS 102 221 10.1.1). */
static enum status_word read_class(struct uicc *uicc, struct uicc_command *command)
{
    uint8_t cla = command->cla;
    if ((cla & 0x40) != 0) {
        command->channel_number = (uint8_t)(4 + (cla & 0x0f));
        if ((cla & 0x20) != 0) {
            return SW_SECURE_MESSAGING_NOT_SUPPORTED;
        }
    } else {
        command->channel_number = cla & 0x03;
        if ((cla & 0x20) != 0) {
            return SW_CLA_NOT_SUPPORTED; /* 2X, 3X and AX (GSM 11.11) */
        }
        if ((cla & 0x0c) != 0) {
            return SW_SECURE_MESSAGING_NOT_SUPPORTED;
        }
    }
    if ((cla & 0x10) != 0) {
        return SW_CLA_NOT_SUPPORTED; /* command chaining */
    }
    if (command->channel_number >= UICC_CHANNELS || !uicc->channels[command->channel_number].open) {
        return SW_CHANNEL_NOT_SUPPORTED;
    }
    command->channel = &uicc->channels[command->channel_number];
    return SW_OK;
}

static bool is_in_place(const struct uicc *uicc, const struct uicc_command *command, enum command_place place)
{
    return place == PLACE_CARD || channel_has_applet(uicc, command->channel);
}

/* A command with a known INS and the wrong class is 6E00, an unknown INS 6D00. An applet takes all of its class. */
static enum status_word find_handler(const struct uicc *uicc, const struct uicc_command *command,
                                     command_handler **handler)
{
    const enum command_class class = (command->cla & 0x80) != 0 ? CLASS_PROPRIETARY : CLASS_INTERINDUSTRY;
    enum status_word error = SW_INS_NOT_SUPPORTED;
    if (class == CLASS_PROPRIETARY && command->channel->applet != 0) {
        *handler = command_applet;
        return SW_OK;
    }
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (commands[i].ins != command->ins || !is_in_place(uicc, command, commands[i].place)) {
            continue;
        }
        if (commands[i].class == class) {
            *handler = commands[i].handler;
            return SW_OK;
        }
        error = SW_CLA_NOT_SUPPORTED;
    }
    return error;
}

/* Only the command for the next block does; the first block of another object begins anew. */
static bool continues_transfer(const struct uicc_transfer *transfer, const struct uicc_command *command)
{
    enum { NEXT_BLOCK = 0x00 };
    return transfer->ins == command->ins && command->p2 == NEXT_BLOCK;
}

/* A command ends a transfer that it does not continue, and whatever is no RESUME ends a suspension. */
static enum status_word end_what_was_under_way(struct uicc *uicc, const struct uicc_command *command)
{
    if (uicc->suspended) {
        return SW_CONDITIONS;
    }
    if (uicc->transfer.channel == command->channel_number && !continues_transfer(&uicc->transfer, command)) {
        uicc->transfer = (struct uicc_transfer){0};
    }
    const bool is_suspension = command->ins == INS_SUSPEND && command->channel->applet == 0;
    return is_suspension ? SW_OK : sw_of_status(suspension_forget(uicc));
}

static enum status_word run_command(struct uicc *uicc, struct octets octets, struct octet_writer *response)
{
    struct octet_reader reader = octet_reader_of(octets);
    struct uicc_command command = {0};
    command_handler *handler = NULL;
    command.cla = octet_reader_u8(&reader);
    command.ins = octet_reader_u8(&reader);
    command.p1 = octet_reader_u8(&reader);
    command.p2 = octet_reader_u8(&reader);
    if (reader.failed || octets.length > (takes_extended(uicc) ? UICC_EXTENDED_COMMAND_MAX : UICC_COMMAND_MAX)) {
        return SW_WRONG_LENGTH;
    }
    enum status_word sw = read_class(uicc, &command);
    if (sw == SW_OK) {
        sw = find_handler(uicc, &command, &handler);
    }
    if (sw != SW_OK) {
        return sw;
    }
    if (read_body(uicc, &reader, &command) != GBAU_OK ||
        (command.is_extended && handler != command_api_process)) {
        return SW_WRONG_LENGTH;
    }
    sw = end_what_was_under_way(uicc, &command);
    return sw == SW_OK ? handler(uicc, &command, response) : sw;
}

static bool carries_data(enum status_word sw)
{
    return sw == SW_OK || (sw >> 8) == 0x62 || (sw >> 8) == 0x63;
}

size_t uicc_process(struct uicc *uicc, struct octets command, uint8_t *response)
{
    return uicc_process_into(uicc, command, response, UICC_RESPONSE_MAX);
}

size_t uicc_process_into(struct uicc *uicc, struct octets command, uint8_t *response, size_t capacity)
{
    struct octet_writer writer = octet_writer_of(response, capacity - 2);
    enum status_word sw = run_command(uicc, command, &writer);
    if (writer.failed && carries_data(sw)) {
        sw = SW_TECHNICAL_PROBLEM;
    }
    if (!carries_data(sw)) {
        secret_wipe(response, writer.length); /* a handler may have begun with something */
        writer.length = 0;
    }
    response[writer.length] = (uint8_t)(sw >> 8);
    response[writer.length + 1] = (uint8_t)sw;
    return writer.length + 2;
}

enum gbau_status uicc_power_on(struct uicc *uicc, const struct nvm_storage *storage, struct crypto *crypto)
{
    return uicc_power_on_with_applets(uicc, storage, crypto, NULL, 0);
}

enum gbau_status uicc_power_on_with_applets(struct uicc *uicc, const struct nvm_storage *storage,
                                            struct crypto *crypto, const struct gbau_applet *applets,
                                            size_t applet_count)
{
    uicc->crypto = crypto;
    uicc->applets = applets;
    uicc->applet_count = applet_count;
    enum gbau_status status = nvm_open(&uicc->nvm, storage);
    if (status != GBAU_OK) {
        return status;
    }
    status = card_layout_read(octets_of(uicc->nvm.data, uicc->nvm.data_size), &uicc->layout);
    if (status == GBAU_OK) {
        status = applet_check(uicc);
    }
    if (status != GBAU_OK) {
        return status;
    }
    memset(&uicc->api, 0, sizeof uicc->api);
    uicc->piece_size = API_PIECE_MAX;
    uicc_reset(uicc);
    return GBAU_OK;
}

void uicc_allow_extended(struct uicc *uicc)
{
    uicc->piece_size = API_PIECE_EXTENDED;
}

void uicc_reset(struct uicc *uicc)
{
    uicc->verified_pins = 0;
    uicc->suspended = false;
    uicc->transfer = (struct uicc_transfer){0};
    secret_wipe(uicc->api.sessions, sizeof uicc->api.sessions);
    nvm_wipe_buffer(&uicc->nvm);
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        channel_close(&uicc->channels[i]);
    }
    channel_open_at_mf(&uicc->channels[0]);
}

void uicc_power_off(struct uicc *uicc)
{
    secret_wipe(uicc, sizeof *uicc);
}
