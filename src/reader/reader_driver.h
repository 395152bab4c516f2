/* reader_driver.h: what a way to a card must offer; private to this room. */
#ifndef READER_READER_DRIVER_H
#define READER_READER_DRIVER_H

#include "reader/reader.h"

struct reader_driver {
    /* One exchange as the transport has it; 61XX and 6CXX may come back when `is_t0`. */
    enum gbau_status (*transmit)(void *state, struct octets command, uint8_t *response, size_t capacity,
                                 size_t *length);
    /* Keep other programs out from `begin` to `end`; NULL where no other program can come between. */
    enum gbau_status (*begin)(void *state);
    void (*end)(void *state);
    void (*close)(void *state);
};

/* An open way to a card. */
struct reader_connection {
    const struct reader_driver *driver;
    void *state;
    bool is_t0; /* case 4 commands go without Le, responses come by GET RESPONSE */
    size_t command_max; /* octets of a command that it carries; 0: READER_COMMAND_MAX */
};

/* Opens one kind of card by what stands behind the colon of its name. */
typedef enum gbau_status reader_driver_open(const char *argument, const struct log *log,
                                            struct reader_connection *connection) GBAU_MUST_USE;
reader_driver_open file_driver_open;
reader_driver_open pcsc_driver_open; /* NULL: any reader with a card */
reader_driver_open at_driver_open;
reader_driver_open qmi_driver_open;
reader_driver_open mbim_driver_open;

/* True when a reader that `argument` may mean, as for pcsc_driver_open, has a card; nothing is connected to. */
bool pcsc_has_card(const char *argument);

/* The parts of reader_list. pcsc_list: GBAU_E_UNREACHABLE, logged, without a PC/SC service. */
GBAU_MUST_USE enum gbau_status pcsc_list(const struct log *log, reader_found *found, void *context);

/* Looks into `devices` ("/dev"), and into `drivers` ("/sys/class/usbmisc") for what drives a cdc-wdm device. */
void modem_list(const char *devices, const char *drivers, reader_found *found, void *context);

#endif
