/* reader.c: chooses the way to a card by its name. */
#include "reader/reader.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader/reader_driver.h"
#include "reader/t0_terminal.h"

enum { HEADER_SIZE = 4 };

struct reader {
    struct reader_connection connection;
    reader_observer *observer;
    void *observer_context;
};

/* A modem would have to be opened to be asked. */
static bool device_exists(const char *device)
{
    return device != NULL && access(device, F_OK) == 0;
}

/* What a card's name may begin with; anything else is the path of a card file. */
static const struct {
    const char *prefix; /* alone, or followed by ':' and what the driver is told */
    bool needs_argument;
    reader_driver_open *open;
    bool (*has_card)(const char *argument);
} drivers[] = {
    {"pcsc", false, pcsc_driver_open, pcsc_has_card},
    {"at", true, at_driver_open, device_exists},
    {"qmi", true, qmi_driver_open, device_exists},
    {"mbim", true, mbim_driver_open, device_exists},
};
enum { DRIVER_COUNT = sizeof drivers / sizeof drivers[0] };

/* The driver that `name` begins with, and what it is told; DRIVER_COUNT for a file, or a way that does not exist. */
static size_t find_driver(const char *name, const char **argument)
{
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        const size_t length = strlen(drivers[i].prefix);
        if (strncmp(name, drivers[i].prefix, length) != 0) {
            continue;
        }
        if (name[length] == ':' && !(drivers[i].needs_argument && name[length + 1] == '\0')) {
            *argument = name + length + 1;
            return i;
        }
        if (name[length] == '\0' && !drivers[i].needs_argument) {
            *argument = NULL;
            return i;
        }
    }
    return DRIVER_COUNT;
}

/* "word:rest" that no file has for a name: somebody meant a way to a card that there is not. */
static bool is_unknown_way(const char *name)
{
    const size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
    return length > 0 && name[length] == ':' && access(name, F_OK) != 0;
}

static enum gbau_status open_connection(const char *name, const struct log *log, struct reader_connection *connection)
{
    const char *argument = NULL;
    const size_t driver = find_driver(name, &argument);
    if (driver < DRIVER_COUNT) {
        return drivers[driver].open(argument, log, connection);
    }
    if (is_unknown_way(name)) {
        log_error(log, "'%s' is no card: give " READER_CARD_NAMES, name);
        return GBAU_E_ARGUMENT;
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

bool reader_has_card(const char *name)
{
    const char *argument = NULL;
    const size_t driver = find_driver(name, &argument);
    return driver < DRIVER_COUNT ? drivers[driver].has_card(argument) : access(name, F_OK) == 0;
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

size_t reader_command_max(const struct reader *reader)
{
    return reader->connection.command_max > 0 ? reader->connection.command_max : READER_COMMAND_MAX;
}

enum gbau_status reader_transmit(struct reader *reader, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length)
{
    if (command.length < HEADER_SIZE || command.length > reader_command_max(reader)) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = reader->connection.is_t0
                                  ? t0_terminal_transmit(&reader->connection, command, response, capacity, length)
                                  : t0_terminal_exchange(&reader->connection, command, response, capacity, length);
    if (status == GBAU_OK && reader->observer != NULL) {
        reader->observer(reader->observer_context, command, octets_of(response, *length));
    }
    return status;
}
