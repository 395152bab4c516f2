/* vpcd.h: offers a card to PC/SC through vsmartcard's virtual reader vpcd: the card connects to the reader by TCP. */
#ifndef READER_VPCD_H
#define READER_VPCD_H

#include "reader/t0_transport.h"

#define VPCD_DEFAULT_HOST "127.0.0.1"
#define VPCD_DEFAULT_PORT "35963"

/* What the reader's control octets do to the card. */
struct vpcd_card {
    struct t0_card commands;
    void (*reset)(void *context);
    void *context;
};

/*
 * Connects to vpcd at host and port and serves the card until vpcd ends the connection (GBAU_OK) or `stop_descriptor`
 * becomes readable (GBAU_OK). GBAU_E_UNREACHABLE when vpcd is not there, GBAU_E_PROTOCOL when it is something else;
 * both logged. Blocks.
 */
GBAU_MUST_USE enum gbau_status vpcd_serve(const struct vpcd_card *card, const char *host, const char *port,
                                          int stop_descriptor, const struct log *log);

/*
 * As vpcd_serve, but a connection that ends is made again, with longer and longer pauses, until `stop_descriptor`
 * becomes readable: the card outlives restarts of vpcd. The card is reset whenever a connection ends. The first
 * connection must succeed.
 */
GBAU_MUST_USE enum gbau_status vpcd_serve_on(const struct vpcd_card *card, const char *host, const char *port,
                                             int stop_descriptor, const struct log *log);

#endif
