/* t0_terminal.h: the terminal's side of T=0: one APDU becomes all the exchanges that it needs (TS 102 221 7.3.1.1). */
#ifndef READER_T0_TERMINAL_H
#define READER_T0_TERMINAL_H

#include "reader/reader_driver.h"

/* One exchange with the card; GBAU_E_CARD for less than two octets. */
GBAU_MUST_USE enum gbau_status t0_terminal_exchange(const struct reader_connection *connection, struct octets command,
                                                    uint8_t *response, size_t capacity, size_t *length);

/*
 * Sends a command APDU: a case 4 command without its Le; a case 2 command again with the Le that 6CXX tells; GET
 * RESPONSE after 61XX, and in case 4 after a warning (62XX, 63XX, 9XXX), which stays the status word of the whole.
 * Other programs are kept out meanwhile. Errors as of reader_transmit.
 */
GBAU_MUST_USE enum gbau_status t0_terminal_transmit(const struct reader_connection *connection, struct octets command,
                                                    uint8_t *response, size_t capacity, size_t *length);

#endif
