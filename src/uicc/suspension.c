/*
 * suspension.c: SUSPEND UICC: the card keeps its state in the memory, is switched off, and goes on where it was for the
 * terminal that knows the token (TS 102 221 11.1.22).
 *
 * Keys that were opened through the GBA_U API are not kept: they never stand in the memory.
 */
#include "uicc/suspension.h"

#include "base/secret.h"
#include "uicc/command.h"

enum { OPERATION_SUSPEND = 0x00, OPERATION_RESUME = 0x01, DURATIONS_SIZE = 4, IS_KEPT = 1 };

static const uint8_t *kept_state(const struct uicc *uicc)
{
    return uicc->nvm.data + uicc->layout.suspension;
}

enum gbau_status suspension_forget(struct uicc *uicc)
{
    if (kept_state(uicc)[0] != IS_KEPT) {
        return GBAU_OK;
    }
    nvm_begin(&uicc->nvm);
    nvm_fill(&uicc->nvm, uicc->layout.suspension, 0, SUSPENSION_STATE_SIZE);
    return nvm_commit(&uicc->nvm);
}

static void write_channel(struct octet_writer *writer, const struct uicc_channel *channel)
{
    octet_writer_u8(writer, channel->open ? (uint8_t)(1 + channel->applet) : 0);
    octet_writer_u8(writer, channel->application);
    octet_writer_u8(writer, channel->directory);
    octet_writer_u8(writer, channel->file);
    octet_writer_u8(writer, channel->record);
}

static bool read_channel(const struct uicc *uicc, struct octet_reader *reader, struct uicc_channel *channel)
{
    const uint8_t open = octet_reader_u8(reader);
    channel->open = open != 0;
    channel->applet = open == 0 ? 0 : (uint8_t)(open - 1);
    channel->application = octet_reader_u8(reader);
    channel->directory = octet_reader_u8(reader);
    channel->file = octet_reader_u8(reader);
    channel->record = octet_reader_u8(reader);
    const struct card_layout *layout = &uicc->layout;
    if (!channel->open) {
        return true;
    }
    return channel->applet <= uicc->applet_count &&
           (channel->application == CARD_NO_INDEX || channel->application < layout->application_count) &&
           channel->directory < layout->file_slots &&
           card_layout_file(layout, channel->directory).kind == FILE_KIND_DF &&
           (channel->file == CARD_NO_INDEX || channel->file < layout->file_slots);
}

static enum gbau_status hash_token(struct uicc *uicc, const uint8_t token[SUSPENSION_TOKEN_SIZE],
                                   uint8_t hash[SHA256_SIZE])
{
    const struct octets part = octets_of(token, SUSPENSION_TOKEN_SIZE);
    return crypto_digest(uicc->crypto, DIGEST_SHA256, &part, 1, hash);
}

static enum gbau_status keep_state(struct uicc *uicc, const uint8_t token[SUSPENSION_TOKEN_SIZE])
{
    uint8_t state[SUSPENSION_STATE_SIZE];
    struct octet_writer writer = octet_writer_of(state, sizeof state);
    octet_writer_u8(&writer, IS_KEPT);
    enum gbau_status status = hash_token(uicc, token, octet_writer_reserve(&writer, SHA256_SIZE));
    octet_writer_u32(&writer, uicc->verified_pins);
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        write_channel(&writer, &uicc->channels[i]);
    }
    if (status != GBAU_OK) {
        return status;
    }
    nvm_begin(&uicc->nvm);
    nvm_change(&uicc->nvm, uicc->layout.suspension, state, sizeof state);
    return nvm_commit(&uicc->nvm);
}

/* Data: least and greatest duration, each unit and value. Any duration will do: the greatest is granted. */
static enum status_word suspend(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    enum { LAST_UNIT = 4 }; /* seconds, minutes, hours, days, tens of days */
    if (command->data.length != DURATIONS_SIZE) {
        return SW_WRONG_LENGTH;
    }
    if (command->data.data[0] > LAST_UNIT || command->data.data[2] > LAST_UNIT) {
        return SW_WRONG_DATA;
    }
    octet_writer_put(response, command->data.data + 2, 2);
    uint8_t *token = octet_writer_reserve(response, SUSPENSION_TOKEN_SIZE);
    enum gbau_status status = crypto_random(uicc->crypto, token, SUSPENSION_TOKEN_SIZE);
    if (status == GBAU_OK) {
        status = keep_state(uicc, token);
    }
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    uicc_reset(uicc);
    uicc->suspended = true;
    return SW_OK;
}

static enum status_word restore(struct uicc *uicc, struct octet_reader *reader)
{
    const uint32_t verified_pins = octet_reader_u32(reader);
    struct uicc_channel channels[UICC_CHANNELS];
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        if (!read_channel(uicc, reader, &channels[i])) {
            return SW_CONDITIONS;
        }
    }
    enum gbau_status status = suspension_forget(uicc); /* a token serves once */
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    uicc->verified_pins = verified_pins;
    for (size_t i = 0; i < UICC_CHANNELS; i++) {
        uicc->channels[i] = channels[i];
    }
    return SW_OK;
}

static enum status_word resume(struct uicc *uicc, const struct uicc_command *command)
{
    uint8_t hash[SHA256_SIZE];
    if (command->data.length != SUSPENSION_TOKEN_SIZE) {
        return SW_WRONG_LENGTH;
    }
    struct octet_reader reader = octet_reader_of(octets_of(kept_state(uicc), SUSPENSION_STATE_SIZE));
    if (octet_reader_u8(&reader) != IS_KEPT) {
        return SW_CONDITIONS;
    }
    const struct octets kept_hash = octet_reader_take(&reader, SHA256_SIZE);
    enum gbau_status status = hash_token(uicc, command->data.data, hash);
    if (status != GBAU_OK) {
        return sw_of_status(status);
    }
    if (!secret_equal(hash, kept_hash.data, SHA256_SIZE)) {
        status = suspension_forget(uicc); /* one try: the token is no PIN that could be searched for */
        return status == GBAU_OK ? SW_SECURITY_STATUS : sw_of_status(status);
    }
    return restore(uicc, &reader);
}

enum status_word command_suspend(struct uicc *uicc, const struct uicc_command *command, struct octet_writer *response)
{
    if (command->channel_number != 0 || command->p2 != 0) {
        return SW_WRONG_P1_P2;
    }
    switch (command->p1) {
    case OPERATION_SUSPEND:
        return suspend(uicc, command, response);
    case OPERATION_RESUME:
        return resume(uicc, command);
    default:
        return SW_WRONG_P1_P2;
    }
}
