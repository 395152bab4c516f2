/* reader_driver.h: what a way to a card must offer; private to this room. */
#ifndef READER_READER_DRIVER_H
#define READER_READER_DRIVER_H

#include "reader/reader.h"

struct reader_driver {
    /* One exchange as the transport has it; 61XX and 6CXX may come back when `is_t0`. */
    enum gbau_status (*transmit)(void *state, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length);
    void (*close)(void *state);
};

/* An open way to a card. */
struct reader_connection {
    const struct reader_driver *driver;
    void *state;
    bool is_t0; /* case 4 commands go without Le, responses come by GET RESPONSE */
};

GBAU_MUST_USE enum gbau_status file_driver_open(const char *path, const struct log *log,
                                                struct reader_connection *connection);
GBAU_MUST_USE enum gbau_status pcsc_driver_open(const char *reader_name, const struct log *log,
                                                struct reader_connection *connection);
GBAU_MUST_USE enum gbau_status at_driver_open(const char *device, const struct log *log,
                                              struct reader_connection *connection);

#endif
