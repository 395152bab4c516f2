/* t0_transport.c: 61XX, 6CXX and GET RESPONSE on the card's side. */
#include "reader/t0_transport.h"

#include <string.h>

#include "base/secret.h"

enum { INS_READ_BINARY = 0xb0, INS_READ_RECORD = 0xb2, INS_GET_RESPONSE = 0xc0, HEADER_SIZE = 4, CASE_2_SIZE = 5 };

struct t0_transport t0_transport_of(struct t0_card card)
{
    return (struct t0_transport){.card = card};
}

void t0_transport_reset(struct t0_transport *transport)
{
    secret_wipe(transport->held, sizeof transport->held);
    transport->held_length = 0;
    transport->held_position = 0;
}

static size_t answer_sw(uint8_t *response, uint8_t sw1, uint8_t sw2)
{
    response[0] = sw1;
    response[1] = sw2;
    return 2;
}

static size_t held_data_left(const struct t0_transport *transport)
{
    return transport->held_length - 2 - transport->held_position;
}

/* 61XX: XX = 00 says 256. */
static size_t answer_more_data(const struct t0_transport *transport, uint8_t *response)
{
    return answer_sw(response, 0x61, (uint8_t)held_data_left(transport));
}

static size_t answer_get_response(struct t0_transport *transport, struct octets command, uint8_t *response)
{
    if (command.length != CASE_2_SIZE || transport->held_length == 0 ||
        (command.data[0] & 0x4f) != (transport->held_class & 0x4f)) {
        t0_transport_reset(transport);
        return answer_sw(response, 0x6f, 0x00);
    }
    size_t left = held_data_left(transport);
    size_t wanted = command.data[HEADER_SIZE] == 0 ? 256 : command.data[HEADER_SIZE];
    if (wanted > left && command.data[HEADER_SIZE] != 0) {
        return answer_sw(response, 0x6c, (uint8_t)left);
    }
    size_t given = wanted < left ? wanted : left;
    memcpy(response, transport->held + transport->held_position, given);
    transport->held_position += given;
    if (held_data_left(transport) > 0) {
        return given + answer_more_data(transport, response + given);
    }
    memcpy(response + given, transport->held + transport->held_length - 2, 2);
    t0_transport_reset(transport);
    return given + 2;
}

/* A command with data and no Le. */
static bool is_case_3(struct octets command)
{
    return command.length > CASE_2_SIZE && command.length == (size_t)CASE_2_SIZE + command.data[HEADER_SIZE];
}

static size_t hold(struct t0_transport *transport, struct octets command, size_t length, uint8_t *response)
{
    memcpy(transport->held, response, length);
    secret_wipe(response, length);
    transport->held_length = length;
    transport->held_position = 0;
    transport->held_class = command.data[0];
    return answer_more_data(transport, response);
}

/* All records of a file have one length. Asking for the first moves no record pointer, "next" and "previous" would. */
static void make_absolute(uint8_t command[CASE_2_SIZE])
{
    command[2] = 1;
    command[3] = (uint8_t)((command[3] & 0xf8) | 0x04);
}

/* A case 2 command whose Le the card refused: had it come with Le = 00, how long would the answer be? */
static size_t correct_le(struct t0_transport *transport, struct octets command, uint8_t *response)
{
    uint8_t repeated[CASE_2_SIZE];
    uint8_t trial[UICC_RESPONSE_MAX];
    memcpy(repeated, command.data, HEADER_SIZE);
    repeated[HEADER_SIZE] = 0;
    if (repeated[1] == INS_READ_RECORD) {
        make_absolute(repeated);
    }
    size_t length = transport->card.process(transport->card.context, octets_of(repeated, sizeof repeated), trial);
    bool succeeded = length > 2 && trial[length - 2] == 0x90;
    secret_wipe(trial, sizeof trial);
    return succeeded ? answer_sw(response, 0x6c, (uint8_t)(length - 2)) : answer_sw(response, 0x67, 0x00);
}

size_t t0_transport_process(struct t0_transport *transport, struct octets command,
                            uint8_t response[UICC_RESPONSE_MAX])
{
    if (command.length >= HEADER_SIZE && command.data[1] == INS_GET_RESPONSE) {
        return answer_get_response(transport, command, response);
    }
    t0_transport_reset(transport);
    size_t length = transport->card.process(transport->card.context, command, response);
    if (is_case_3(command) && length > 2) {
        return hold(transport, command, length, response);
    }
    bool refused = length == 2 && response[0] == 0x67 && response[1] == 0x00;
    bool is_read = command.length == CASE_2_SIZE && command.data[HEADER_SIZE] != 0 &&
                   (command.data[1] == INS_READ_BINARY || command.data[1] == INS_READ_RECORD);
    return refused && is_read ? correct_le(transport, command, response) : length;
}
