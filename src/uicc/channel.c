/* channel.c: logical channels and MANAGE CHANNEL (TS 102 221 8.7, 11.1.17). */
#include "uicc/channel.h"

#include "uicc/api_session.h"
#include "uicc/command.h"

enum { MANAGE_OPEN = 0x00, MANAGE_CLOSE = 0x80 };

void channel_close(struct uicc_channel *channel)
{
    *channel = (struct uicc_channel){.application = CARD_NO_INDEX, .file = CARD_NO_INDEX};
}

void channel_open_at_mf(struct uicc_channel *channel)
{
    channel_close(channel);
    channel->open = true;
    channel->directory = CARD_MF_INDEX;
}

bool channel_has_applet(const struct uicc *uicc, const struct uicc_channel *channel)
{
    return channel->application != CARD_NO_INDEX &&
           card_layout_application(&uicc->layout, channel->application).kind == APPLICATION_APPLET;
}

bool channel_application(const struct uicc *uicc, const struct uicc_channel *channel,
                         struct card_application *application)
{
    if (channel->application == CARD_NO_INDEX) {
        return false;
    }
    *application = card_layout_application(&uicc->layout, channel->application);
    return application->kind != APPLICATION_APPLET;
}

/* The card chooses the number, which it returns, or the terminal does, with P2. */
static enum status_word open_channel(struct uicc *uicc, const struct uicc_command *command,
                                     struct octet_writer *response)
{
    size_t number = command->p2;
    if (number == 0) {
        for (number = 1; number < UICC_CHANNELS && uicc->channels[number].open; number++) {
        }
    }
    if (number >= UICC_CHANNELS || uicc->channels[number].open) {
        return SW_FUNCTION_NOT_SUPPORTED;
    }
    channel_open_at_mf(&uicc->channels[number]);
    if (command->channel_number != 0) { /* from another channel it inherits what is current there ([M] 8.7) */
        uicc->channels[number] = *command->channel;
    }
    if (command->p2 == 0) {
        octet_writer_u8(response, (uint8_t)number);
    }
    return SW_OK;
}

static enum status_word close_channel(struct uicc *uicc, const struct uicc_command *command)
{
    uint8_t number = command->p2 == 0 ? command->channel_number : command->p2;
    if (number == 0 || number >= UICC_CHANNELS || !uicc->channels[number].open) {
        return SW_CHANNEL_NOT_SUPPORTED;
    }
    api_session_end_channel(uicc, number);
    channel_close(&uicc->channels[number]);
    return SW_OK;
}

enum status_word command_manage_channel(struct uicc *uicc, const struct uicc_command *command,
                                        struct octet_writer *response)
{
    if (command->data.length > 0) {
        return SW_WRONG_LENGTH;
    }
    if (command->p1 == MANAGE_OPEN) {
        return open_channel(uicc, command, response);
    }
    return command->p1 == MANAGE_CLOSE ? close_channel(uicc, command) : SW_WRONG_P1_P2;
}
