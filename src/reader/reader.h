/*
 * reader.h: one way to reach any card, whatever stands between: a file in this process, a PC/SC reader, a modem.
 *
 * APDU level: the whole response comes at once; 61XX and 6CXX of T=0 cards are dealt with here.
 */
#ifndef READER_READER_H
#define READER_READER_H

#include "base/log.h"
#include "base/octets.h"

enum { READER_COMMAND_MAX = 261, READER_RESPONSE_MAX = 65538 };

struct reader;

/*
 * Opens a card: `name` is "pcsc" (the first reader with a card), "pcsc:N" (number N of the readers, from 0),
 * "pcsc:NAME" (the first reader whose name contains NAME), "at:DEVICE" (the card in a modem), or the path of a card
 * file. GBAU_E_NOT_FOUND, GBAU_E_BUSY, GBAU_E_IO; each logged with what to do. The caller owns *reader. One thread at
 * a time.
 */
GBAU_MUST_USE enum gbau_status reader_open(const char *name, const struct log *log, struct reader **reader);
void reader_close(struct reader *reader);

/*
 * Sends a command APDU of 4 to READER_COMMAND_MAX octets. The response, data and SW1 SW2, is written to `response`.
 * GBAU_E_IO when the card or the reader is gone, GBAU_E_CARD for less than two octets, GBAU_E_SPACE when the card
 * answers more than `capacity`.
 */
GBAU_MUST_USE enum gbau_status reader_transmit(struct reader *reader, struct octets command, uint8_t *response,
                                               size_t capacity, size_t *length);

/* Told of every command and response, as they passed at APDU level. */
typedef void reader_observer(void *context, struct octets command, struct octets response);
void reader_observe(struct reader *reader, reader_observer *observer, void *context);

#endif
