/* modem_channels.c: logical channels made of a modem's sessions. */
#include "reader/modem_channels.h"

#include <string.h>

#include "base/secret.h"
#include "reader/reader.h"

enum { HEADER_SIZE = 4, INS_SELECT = 0xa4, INS_MANAGE_CHANNEL = 0x70, P1_CLOSE = 0x80, P1_BY_AID = 0x04 };
enum {
    SW_SUCCESS = 0x9000,
    SW_WRONG_LENGTH = 0x6700,
    SW_NO_CHANNEL = 0x6881,
    SW_NO_APPLICATION = 0x6a82,
    SW_NOTHING_SELECTED = 0x6985,
    SW_NO_CHANNEL_LEFT = 0x6a81,
    SW_NOT_PASSED = 0x6f00
};

uint8_t modem_channel_of(uint8_t cla)
{
    return (cla & 0x40) != 0 ? (uint8_t)(4 + (cla & 0x0f)) : (uint8_t)(cla & 0x03);
}

/* The class on channel 0: the modem puts the channel in. */
static uint8_t class_without_channel(uint8_t cla)
{
    return cla & 0x80;
}

enum gbau_status modem_answer_sw(uint16_t sw, uint8_t *response, size_t capacity, size_t *length)
{
    if (capacity < 2) {
        return GBAU_E_SPACE;
    }
    response[0] = (uint8_t)(sw >> 8);
    response[1] = (uint8_t)sw;
    *length = 2;
    return GBAU_OK;
}

static bool is_closing(struct octets command)
{
    return command.data[1] == INS_MANAGE_CHANNEL && command.data[2] == P1_CLOSE;
}

static void end_session(struct modem_channels *channels, uint8_t channel)
{
    if (channels->states[channel] == MODEM_CHANNEL_IN_SESSION) {
        channels->sessions->close(channels->context, channel);
    }
    channels->states[channel] = MODEM_CHANNEL_WAITS_FOR_AID;
}

void modem_channels_adopt(struct modem_channels *channels, uint8_t channel)
{
    if (channel > 0 && channel < MODEM_CHANNELS) {
        end_session(channels, channel);
    }
}

bool modem_channels_own(const struct modem_channels *channels, struct octets command)
{
    const uint8_t channel = is_closing(command) ? command.data[3] : modem_channel_of(command.data[0]);
    return channel < MODEM_CHANNELS && channels->states[channel] != MODEM_CHANNEL_CLOSED;
}

/* MANAGE CHANNEL */

static enum gbau_status open_channel(struct modem_channels *channels, uint8_t *response, size_t capacity,
                                     size_t *length)
{
    for (uint8_t channel = 1; channel < MODEM_CHANNELS && capacity >= 3; channel++) {
        if (channels->states[channel] == MODEM_CHANNEL_CLOSED) {
            channels->states[channel] = MODEM_CHANNEL_WAITS_FOR_AID;
            response[0] = channel;
            enum gbau_status status = modem_answer_sw(SW_SUCCESS, response + 1, capacity - 1, length);
            *length += 1;
            return status;
        }
    }
    return modem_answer_sw(SW_NO_CHANNEL_LEFT, response, capacity, length);
}

static enum gbau_status close_channel(struct modem_channels *channels, uint8_t channel, uint8_t *response,
                                      size_t capacity, size_t *length)
{
    if (channel == 0 || channel >= MODEM_CHANNELS || channels->states[channel] == MODEM_CHANNEL_CLOSED) {
        return modem_answer_sw(SW_NO_CHANNEL, response, capacity, length);
    }
    end_session(channels, channel);
    channels->states[channel] = MODEM_CHANNEL_CLOSED;
    return modem_answer_sw(SW_SUCCESS, response, capacity, length);
}

/* Commands on a channel */

static enum gbau_status select_application(struct modem_channels *channels, uint8_t channel, struct octets command,
                                           uint8_t *response, size_t capacity, size_t *length)
{
    const size_t aid_length = command.length > HEADER_SIZE ? command.data[HEADER_SIZE] : 0;
    if (aid_length == 0 || aid_length > MODEM_AID_MAX || command.length < HEADER_SIZE + 1 + aid_length) {
        return modem_answer_sw(SW_WRONG_LENGTH, response, capacity, length);
    }
    end_session(channels, channel);
    enum gbau_status status =
        channels->sessions->open(channels->context, channel, octets_of(command.data + HEADER_SIZE + 1, aid_length));
    if (status == GBAU_E_REFUSED) {
        return modem_answer_sw(SW_NO_APPLICATION, response, capacity, length);
    }
    if (status != GBAU_OK) {
        return status;
    }
    channels->states[channel] = MODEM_CHANNEL_IN_SESSION;
    return modem_answer_sw(SW_SUCCESS, response, capacity, length);
}

static enum gbau_status transmit_in_session(struct modem_channels *channels, uint8_t channel, struct octets command,
                                            uint8_t *response, size_t capacity, size_t *length)
{
    uint8_t sent[READER_COMMAND_MAX];
    if (command.length > sizeof sent) {
        return GBAU_E_ARGUMENT;
    }
    memcpy(sent, command.data, command.length);
    sent[0] = class_without_channel(sent[0]);
    enum gbau_status status = channels->sessions->transmit(channels->context, channel, octets_of(sent, command.length),
                                                           response, capacity, length);
    secret_wipe(sent, sizeof sent);
    return status == GBAU_E_REFUSED ? modem_answer_sw(SW_NOT_PASSED, response, capacity, length) : status;
}

enum gbau_status modem_channels_transmit(struct modem_channels *channels, struct octets command, uint8_t *response,
                                         size_t capacity, size_t *length)
{
    const uint8_t channel = modem_channel_of(command.data[0]);
    if (command.data[1] == INS_MANAGE_CHANNEL) {
        return is_closing(command) ? close_channel(channels, command.data[3], response, capacity, length)
                                   : open_channel(channels, response, capacity, length);
    }
    if (channels->states[channel] == MODEM_CHANNEL_CLOSED) {
        return modem_answer_sw(SW_NO_CHANNEL, response, capacity, length);
    }
    if (command.data[1] == INS_SELECT && command.data[2] == P1_BY_AID) {
        return select_application(channels, channel, command, response, capacity, length);
    }
    return channels->states[channel] == MODEM_CHANNEL_IN_SESSION
               ? transmit_in_session(channels, channel, command, response, capacity, length)
               : modem_answer_sw(SW_NOTHING_SELECTED, response, capacity, length);
}

void modem_channels_close(struct modem_channels *channels)
{
    for (uint8_t channel = 1; channel < MODEM_CHANNELS; channel++) {
        if (channels->states[channel] != MODEM_CHANNEL_CLOSED) {
            end_session(channels, channel);
        }
        channels->states[channel] = MODEM_CHANNEL_CLOSED;
    }
}
