/*
 * card_connection.h: a card that is open only while it is used, so that processes share it, and the keys that are open
 * on it.
 *
 * A card file belongs to one process at a time. A connection is opened when it is needed, waiting for another process
 * if need be; it is closed when unused for a while, and after a turn in any case
 * (docs/decisions/0020-one-card-many-processes.md). Keys that were open are closed with it; whoever needs one opens it
 * again by its name. A card has few handles: when they are used up, the key used longest ago is closed. Not
 * thread-safe.
 */
#ifndef PKCS11_CARD_CONNECTION_H
#define PKCS11_CARD_CONNECTION_H

#include "gbau/gbau.h"
#include "pkcs11/slot_configuration.h"

/* A key that may be open; part of what owns it. All zero: not open. */
struct open_key {
    struct gbau_key *key; /* NULL: not open */
    struct open_key *newer;
    struct open_key *older;
};

struct card_connection {
    const struct slot_configuration *configuration; /* borrowed */
    struct gbau *gbau;                              /* NULL: not open */
    bool is_locked;                                 /* open without its PIN, for what needs none */
    struct open_key *newest;
    struct open_key *oldest;
    int64_t opened_ms;
    int64_t used_ms;
    int64_t not_before_ms; /* another process has its turn until then */
};

/*
 * Opens the card unless it is open, and notes that it is used. `pin` is for the USIM, NULL when it is not asked for.
 * GBAU_E_BUSY after wait_ms of the configuration; else errors of gbau_open.
 */
GBAU_MUST_USE enum gbau_status card_connection_open(struct card_connection *connection, const char *pin);

/* The same for random octets and hashes only, for which a card asks for no PIN. */
GBAU_MUST_USE enum gbau_status card_connection_open_locked(struct card_connection *connection);

/* Closes card and keys. */
void card_connection_close(struct card_connection *connection);

/* Whether it is open and has been unused for idle_ms. */
bool card_connection_is_idle(const struct card_connection *connection);

/* Closes it when it has been open for turn_ms, and keeps this process away for a moment, so that another gets it. */
void card_connection_end_turn(struct card_connection *connection);

/* Notes that a key is used. */
void card_connection_use_key(struct card_connection *connection, struct open_key *open);

/* Takes over a key that was opened just now. */
void card_connection_add_key(struct card_connection *connection, struct open_key *open, struct gbau_key *key);

/* Closes one key. */
void card_connection_close_key(struct card_connection *connection, struct open_key *open);

/* Closes the key used longest ago, but not `kept`; false when there is no other. */
bool card_connection_close_oldest_key(struct card_connection *connection, const struct open_key *kept);

#endif
