/*
 * reader.h: one way to reach any card, whatever stands between: a file in this process, a PC/SC reader, a modem.
 *
 * APDU level: the whole response comes at once; 61XX and 6CXX of T=0 cards are dealt with here.
 */
#ifndef READER_READER_H
#define READER_READER_H

#include "base/log.h"
#include "base/octets.h"

/* Octets of a short command; of any command, and of any response. */
enum { READER_COMMAND_MAX = 261, READER_EXTENDED_COMMAND_MAX = 65544, READER_RESPONSE_MAX = 65538 };
enum { READER_NAME_SIZE = 160, READER_ATR_MAX = 33 };

/* What the name of a card may look like, for help texts and errors. */
#define READER_CARD_NAMES "FILE, pcsc[:NAME or number], at:DEVICE, qmi:DEVICE or mbim:DEVICE"

struct reader;

/*
 * Opens a card: `name` is "pcsc" (the first reader with a card), "pcsc:N" (number N of the readers, from 0),
 * "pcsc:NAME" (the first reader whose name contains NAME), "at:DEVICE", "qmi:DEVICE" or "mbim:DEVICE" (the card in a
 * modem), or the path of a card file. GBAU_E_ARGUMENT for a way that does not exist, GBAU_E_UNSUPPORTED for one that
 * this program was built without, GBAU_E_NOT_FOUND, GBAU_E_BUSY, GBAU_E_UNREACHABLE, GBAU_E_TIMEOUT, GBAU_E_IO; each
 * logged with what to do. `log` must live as long as the reader. The caller owns *reader. One thread at a time.
 */
GBAU_MUST_USE enum gbau_status reader_open(const char *name, const struct log *log, struct reader **reader);
void reader_close(struct reader *reader);

/*
 * Whether a card is where `name` says: in a PC/SC reader, in a file; a modem whose device is there counts as one.
 * Nothing is opened, powered or reset. Thread-safe.
 */
bool reader_has_card(const char *name);

/*
 * Sends a command APDU of 4 to reader_command_max octets. The response, data and SW1 SW2, is written to `response`. No
 * other program's command comes between the parts of one exchange at T=0.
 * GBAU_E_IO when the card or the reader is gone; GBAU_E_BUSY when another program reset the card: channels, selected
 * files and PINs are lost, and the next command finds a fresh card; both logged. GBAU_E_TIMEOUT when a modem keeps
 * silent; GBAU_E_NOT_FOUND, GBAU_E_PIN_REQUIRED and GBAU_E_PIN_BLOCKED when a modem says so of its card, logged.
 * GBAU_E_CARD for less than two octets, GBAU_E_SPACE when the card answers more than `capacity`.
 */
GBAU_MUST_USE enum gbau_status reader_transmit(struct reader *reader, struct octets command, uint8_t *response,
                                               size_t capacity, size_t *length);

/* How long a command may be: READER_COMMAND_MAX, or more where extended APDUs (ISO/IEC 7816-3 12.1.3) can be sent. */
size_t reader_command_max(const struct reader *reader);

/* Told of every command and response, as they passed at APDU level. */
typedef void reader_observer(void *context, struct octets command, struct octets response);
void reader_observe(struct reader *reader, reader_observer *observer, void *context);

enum reader_presence { READER_CARD_UNKNOWN, READER_CARD_ABSENT, READER_CARD_PRESENT };

/* One way to a card that this machine has. */
struct reader_entry {
    char name[READER_NAME_SIZE]; /* what reader_open takes */
    enum reader_presence card;   /* unknown for modems: they would have to be opened */
    uint8_t atr[READER_ATR_MAX];
    size_t atr_length; /* 0: none or unknown */
};

/*
 * Tells `found` of every PC/SC reader, then of every device that is or may be a modem's control port; nothing is opened
 * or powered. GBAU_OK also when there is none; without a PC/SC service that is logged, and the modems are told all the
 * same.
 */
typedef void reader_found(void *context, const struct reader_entry *entry);
GBAU_MUST_USE enum gbau_status reader_list(const struct log *log, reader_found *found, void *context);

#endif
