/* api_fuzzing.h: the card of fuzz_api.c, in a memory without failures, and the commands that go to it. */
#ifndef FUZZ_API_FUZZING_H
#define FUZZ_API_FUZZING_H

#include <string.h>

#include "codec/ber_tlv.h"
#include "fuzzing.h"
#include "uicc/uicc.h"

enum { MAX_MEMORY = 64 * 1024 };

static struct uicc uicc;
static uint8_t memory[MAX_MEMORY];
static struct nvm_storage storage;
static uint8_t response[UICC_EXTENDED_RESPONSE_MAX];
static size_t response_length; /* without SW */

/* Surroundings */

static enum gbau_status write_memory(void *context, size_t offset, const void *data, size_t length)
{
    (void)context;
    memcpy(memory + offset, data, length);
    return GBAU_OK;
}

static enum gbau_status sync_memory(void *context, size_t offset, size_t length)
{
    (void)offset;
    (void)length;
    (void)context;
    return GBAU_OK;
}

static enum gbau_status not_random(void *state, uint8_t *out, size_t length)
{
    (void)state;
    for (size_t i = 0; i < length; i++) {
        out[i] = (uint8_t)(0x35 + 29 * i);
    }
    return GBAU_OK;
}

/* Clause 13, and nothing else; 6581 and 6F00 are not among them, for nothing fails here. */
static bool is_known_sw(unsigned sw)
{
    static const uint16_t known[] = {0x9000, 0x6700, 0x6881, 0x6882, 0x6982, 0x6983, 0x6985, 0x6a80, 0x6a81, 0x6a82,
                                     0x6a83, 0x6a84, 0x6a86, 0x6a88, 0x6d00, 0x6e00, 0x9862, 0x9864, 0x9865, 0x9866};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == sw) {
            return true;
        }
    }
    return false;
}

/* Commands in the making */

enum { SHORT_HEAD = 5, EXTENDED_HEAD = 7 };

struct command {
    uint8_t octets[UICC_EXTENDED_COMMAND_MAX];
    size_t head; /* octets in front of the data: SHORT_HEAD or EXTENDED_HEAD */
    struct octet_writer writer;
};

static size_t write_lengths(struct command *command)
{
    const size_t data = command->writer.length - command->head;
    if (command->head == SHORT_HEAD) {
        command->octets[4] = (uint8_t)data;
        return data == 0 ? 4 : command->writer.length;
    }
    octets_store_2(command->octets + 5, (uint32_t)data);
    return command->writer.length;
}

static unsigned send(struct command *command)
{
    if (command->writer.failed) {
        return 0;
    }
    const size_t length = write_lengths(command);
    uint8_t *copy = malloc(length); /* so that reading beyond it is seen */
    MUST(copy != NULL);
    memcpy(copy, command->octets, length);
    const size_t size = uicc_process_into(&uicc, octets_of(copy, length), response, sizeof response);
    free(copy);
    MUST(size >= 2 && size <= sizeof response);
    response_length = size - 2;
    const unsigned sw = (unsigned)(response[size - 2] << 8 | response[size - 1]);
    MUST(is_known_sw(sw) && (size == 2 || sw == 0x9000));
    return sw;
}

static void begin(struct command *command, uint8_t channel, uint8_t ins, uint8_t p1, uint8_t p2)
{
    command->head = SHORT_HEAD;
    command->writer = octet_writer_of(command->octets, SHORT_HEAD + 255);
    const uint8_t head[SHORT_HEAD] = {(uint8_t)(0x80 | channel), ins, p1, p2, 0};
    octet_writer_put(&command->writer, head, sizeof head);
}

static void begin_extended(struct command *command, uint8_t channel, uint8_t ins, uint8_t p1, uint8_t p2)
{
    command->head = EXTENDED_HEAD;
    command->writer = octet_writer_of(command->octets, sizeof command->octets);
    const uint8_t head[EXTENDED_HEAD] = {(uint8_t)(0x80 | channel), ins, p1, p2, 0};
    octet_writer_put(&command->writer, head, sizeof head);
}

static void put(struct command *command, unsigned tag, struct octets value)
{
    ber_tlv_write(&command->writer, tag, value);
}

static void put_octet(struct command *command, unsigned tag, uint8_t value)
{
    put(command, tag, octets_of(&value, 1));
}

/* Of the input's octets: so many as it says, at most `maximum`. */
static struct octets take_some(struct octet_reader *reader, size_t maximum)
{
    const size_t wanted = octet_reader_u8(reader);
    const size_t left = octet_reader_left(reader);
    size_t length = wanted < left ? wanted : left;
    length = length < maximum ? length : maximum;
    return octet_reader_take(reader, length);
}

#endif
