/* apdu.c: building command APDUs and looking at responses (TS 102 221 clause 10). */
#include "me/apdu.h"

#include "base/secret.h"

/* Channels 0 to 3 stand in the low bits of CLA, 4 to 19 have a coding of their own (10.1.1). */
uint8_t apdu_class_on_channel(uint8_t cla, uint8_t channel)
{
    return channel < 4 ? (uint8_t)(cla | channel) : (uint8_t)(cla | 0x40 | (channel - 4));
}

static void write_header(struct octet_writer *writer, uint8_t channel, const struct apdu_command *command)
{
    octet_writer_u8(writer, apdu_class_on_channel(command->cla, channel));
    octet_writer_u8(writer, command->ins);
    octet_writer_u8(writer, command->p1);
    octet_writer_u8(writer, command->p2);
}

static uint16_t status_word_of(const uint8_t *response, size_t length)
{
    return (uint16_t)octets_load_2(response + length - 2);
}

enum gbau_status apdu_exchange(struct reader *reader, uint8_t channel, const struct apdu_command *command,
                               struct apdu_response *response)
{
    uint8_t octets[APDU_COMMAND_MAX];
    size_t length = 0;
    if (command->data.length > APDU_DATA_MAX) {
        return GBAU_E_SPACE;
    }
    struct octet_writer writer = octet_writer_of(octets, sizeof octets);
    write_header(&writer, channel, command);
    if (command->data.length > 0) {
        octet_writer_u8(&writer, (uint8_t)command->data.length);
        octet_writer_put_octets(&writer, command->data);
    }
    if (command->le != APDU_NO_LE) {
        octet_writer_u8(&writer, (uint8_t)command->le);
    }
    enum gbau_status status = octet_writer_end(&writer);
    if (status == GBAU_OK) {
        status = reader_transmit(reader, octets_written(&writer), response->octets, sizeof response->octets, &length);
    }
    secret_wipe(octets, sizeof octets); /* a PIN may have been in it */
    if (status != GBAU_OK) {
        return status;
    }
    response->data = octets_of(response->octets, length - 2);
    response->sw = status_word_of(response->octets, length);
    return GBAU_OK;
}

enum gbau_status apdu_exchange_extended(struct reader *reader, uint8_t channel, const struct apdu_command *command,
                                        uint8_t *head, struct apdu_room room, struct octets *data, uint16_t *sw)
{
    size_t length = 0;
    struct octet_writer writer = octet_writer_of(head, APDU_EXTENDED_HEAD_SIZE);
    write_header(&writer, channel, command);
    octet_writer_u8(&writer, 0);
    octet_writer_u16(&writer, (uint16_t)command->data.length);
    struct octet_writer end = octet_writer_of(head + writer.length + command->data.length, APDU_EXTENDED_LE_SIZE);
    if (command->le != APDU_NO_LE) {
        octet_writer_u16(&end, 0); /* as much as there is */
    }
    const struct octets sent = octets_of(head, writer.length + command->data.length + end.length);
    enum gbau_status status = reader_transmit(reader, sent, room.octets, room.capacity, &length);
    if (status != GBAU_OK) {
        return status;
    }
    *data = octets_of(room.octets, length - 2);
    *sw = status_word_of(room.octets, length);
    return GBAU_OK;
}

struct sw_meaning {
    uint16_t mask;
    uint16_t sw;
    enum gbau_status status;
};

static const struct sw_meaning sw_meanings[] = {
    {0xffff, 0x9000, GBAU_OK},
    {0xff00, 0x9100, GBAU_OK}, /* a proactive command waits: not ours to fetch */
    {0xffff, 0x63c0, GBAU_E_PIN_BLOCKED},
    {0xfff0, 0x63c0, GBAU_E_PIN_WRONG},
    {0xffff, 0x6581, GBAU_E_STORAGE},
    {0xffff, 0x6982, GBAU_E_ACCESS},
    {0xffff, 0x6983, GBAU_E_PIN_BLOCKED},
    {0xffff, 0x6a81, GBAU_E_UNSUPPORTED},
    {0xffff, 0x6a82, GBAU_E_NOT_FOUND},
    {0xffff, 0x6a83, GBAU_E_NOT_FOUND},
    {0xffff, 0x6a84, GBAU_E_LIMIT},
    {0xffff, 0x6a88, GBAU_E_NOT_FOUND},
    {0xffff, 0x9862, GBAU_E_AUTHENTICATION},
    {0xffff, 0x9864, GBAU_E_UNSUPPORTED},
    {0xffff, 0x9866, GBAU_E_SPACE},
};

enum gbau_status apdu_status_of_sw(uint16_t sw)
{
    for (size_t i = 0; i < sizeof sw_meanings / sizeof sw_meanings[0]; i++) {
        if ((sw & sw_meanings[i].mask) == sw_meanings[i].sw) {
            return sw_meanings[i].status;
        }
    }
    return GBAU_E_CARD;
}
