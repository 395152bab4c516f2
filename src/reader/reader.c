/* reader.c: chooses a driver, and hides what T=0 does to responses (TS 102 221 7.3.1.1). */
#include "reader/reader.h"

#include <stdlib.h>
#include <string.h>

#include "reader/reader_driver.h"

enum { INS_GET_RESPONSE = 0xc0, SW1_MORE_DATA = 0x61, SW1_WRONG_LE = 0x6c, HEADER_SIZE = 4, ROUNDS_MAX = 300 };

struct reader {
    struct reader_connection connection;
    reader_observer *observer;
    void *observer_context;
};

/* What a card's name may begin with; anything else is the path of a card file. */
static const struct {
    const char *prefix; /* alone, or followed by ':' and what the driver is told */
    bool needs_argument;
    enum gbau_status (*open)(const char *argument, const struct log *log, struct reader_connection *connection);
} drivers[] = {
    {"pcsc", false, pcsc_driver_open},
    {"at", true, at_driver_open},
};

static enum gbau_status open_connection(const char *name, const struct log *log, struct reader_connection *connection)
{
    for (size_t i = 0; i < sizeof drivers / sizeof drivers[0]; i++) {
        const size_t length = strlen(drivers[i].prefix);
        if (strncmp(name, drivers[i].prefix, length) != 0) {
            continue;
        }
        if (name[length] == ':') {
            return drivers[i].open(name + length + 1, log, connection);
        }
        if (name[length] == '\0' && !drivers[i].needs_argument) {
            return drivers[i].open(NULL, log, connection);
        }
    }
    return file_driver_open(name, log, connection);
}

enum gbau_status reader_open(const char *name, const struct log *log, struct reader **reader)
{
    *reader = calloc(1, sizeof **reader);
    if (*reader == NULL) {
        return GBAU_E_MEMORY;
    }
    enum gbau_status status = open_connection(name, log, &(*reader)->connection);
    if (status != GBAU_OK) {
        free(*reader);
        *reader = NULL;
    }
    return status;
}

void reader_close(struct reader *reader)
{
    if (reader == NULL) {
        return;
    }
    reader->connection.driver->close(reader->connection.state);
    free(reader);
}

void reader_observe(struct reader *reader, reader_observer *observer, void *context)
{
    reader->observer = observer;
    reader->observer_context = context;
}

static enum gbau_status exchange(struct reader *reader, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    enum gbau_status status =
        reader->connection.driver->transmit(reader->connection.state, command, response, capacity, length);
    if (status != GBAU_OK) {
        return status;
    }
    return *length < 2 ? GBAU_E_CARD : GBAU_OK;
}

/* True for a case 4 command: data and Le. */
static bool has_data_and_le(struct octets command)
{
    return command.length > HEADER_SIZE + 1 &&
           command.length == (size_t)HEADER_SIZE + 1 + command.data[HEADER_SIZE] + 1;
}

static enum gbau_status repeat_with_le(struct reader *reader, struct octets command, uint8_t le, uint8_t *response,
                                       size_t capacity, size_t *length)
{
    uint8_t repeated[HEADER_SIZE + 1];
    memcpy(repeated, command.data, HEADER_SIZE);
    repeated[HEADER_SIZE] = le;
    return exchange(reader, octets_of(repeated, sizeof repeated), response, capacity, length);
}

/* Gathers what the card holds back behind 61XX. */
static enum gbau_status gather(struct reader *reader, uint8_t class, uint8_t *response, size_t capacity,
                               size_t *length)
{
    size_t gathered = *length - 2;
    for (unsigned round = 0; response[gathered] == SW1_MORE_DATA; round++) {
        const uint8_t get_response[] = {class, INS_GET_RESPONSE, 0, 0, response[gathered + 1]};
        size_t part = 0;
        if (round == ROUNDS_MAX) {
            return GBAU_E_CARD; /* a card that never ends */
        }
        enum gbau_status status = exchange(reader, octets_of(get_response, sizeof get_response), response + gathered,
                                           capacity - gathered, &part);
        if (status != GBAU_OK) {
            return status;
        }
        gathered += part - 2;
    }
    *length = gathered + 2;
    return GBAU_OK;
}

static enum gbau_status transmit_t0(struct reader *reader, struct octets command, uint8_t *response, size_t capacity,
                                    size_t *length)
{
    struct octets sent = command;
    if (has_data_and_le(command)) {
        sent.length--;
    }
    enum gbau_status status = exchange(reader, sent, response, capacity, length);
    if (status == GBAU_OK && *length == 2 && response[0] == SW1_WRONG_LE && sent.length == HEADER_SIZE + 1) {
        status = repeat_with_le(reader, command, response[1], response, capacity, length);
    }
    return status == GBAU_OK ? gather(reader, command.data[0], response, capacity, length) : status;
}

enum gbau_status reader_transmit(struct reader *reader, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    if (command.length < HEADER_SIZE || command.length > READER_COMMAND_MAX) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = reader->connection.is_t0
                                  ? transmit_t0(reader, command, response, capacity, length)
                                  : exchange(reader, command, response, capacity, length);
    if (status == GBAU_OK && reader->observer != NULL) {
        reader->observer(reader->observer_context, command, octets_of(response, *length));
    }
    return status;
}
