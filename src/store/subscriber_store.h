/*
 * subscriber_store.h: the HSS's subscribers, with SQN that only grows (TS 33.102 annex C.1).
 *
 * A store may be used by many threads and processes at once. K and OPc are wrapped at rest (store/key_wrap.h).
 */
#ifndef STORE_SUBSCRIBER_STORE_H
#define STORE_SUBSCRIBER_STORE_H

#include "base/log.h"
#include "codec/guss.h"
#include "crypto/aka_types.h"
#include "store/key_wrap.h"

enum { SUBSCRIBER_IMSI_SIZE = 16, SUBSCRIBER_IMPI_SIZE = 256 };

/* SEQ is the upper 43 bits of SQN. */
#define SUBSCRIBER_SEQ_MAX (AKA_SQN_MASK >> AKA_SQN_IND_BITS)

struct subscriber {
    char imsi[SUBSCRIBER_IMSI_SIZE]; /* 6 to 15 digits */
    char impi[SUBSCRIBER_IMPI_SIZE];
    struct aka_k k;
    struct aka_opc opc;
    struct aka_amf amf;
    enum guss_uicc_type uicc_type;
    uint32_t lifetime; /* of Ks in seconds; 0: the BSF's policy */
};

struct subscriber_store;

/*
 * Opens the SQLite database at `path`, and makes it (mode 0600) when it is missing and `create` is set. Durability
 * (WAL, synchronous=FULL) is set and read back. `wrap` is borrowed for the life of the store; NULL stores keys plainly
 * (for laboratories). A record sealed under another policy than the store was opened with is refused when it is read.
 * GBAU_E_NOT_FOUND when it is missing, GBAU_E_CORRUPT when the file is no database, GBAU_E_UNSUPPORTED when it is a
 * database of another schema, GBAU_E_STORAGE when durability does not hold or the file cannot be opened,
 * GBAU_E_BUSY, GBAU_E_MEMORY. The caller owns *store. A store does not survive fork(): each process opens its own.
 */
GBAU_MUST_USE enum gbau_status subscriber_store_open(const char *path, bool create, struct key_wrap *wrap,
                                                     const struct log *log, struct subscriber_store **store);

/* Ends the store; NULL is allowed. No other thread may be using it. */
void subscriber_store_close(struct subscriber_store *store);

/*
 * The calls below are thread-safe. Each may also give GBAU_E_BUSY when other processes kept the database locked for ten
 * seconds, GBAU_E_CORRUPT and GBAU_E_STORAGE. When they return GBAU_OK, what they wrote is on the disk.
 */

/*
 * Adds one; `seq` is the SEQ part of the last used SQN, at most SUBSCRIBER_SEQ_MAX. GBAU_E_EXISTS when IMSI or IMPI is
 * there already, GBAU_E_ARGUMENT when a field is out of range.
 */
GBAU_MUST_USE enum gbau_status subscriber_store_add(struct subscriber_store *store, const struct subscriber *subscriber,
                                                    uint64_t seq);

/*
 * Reserves `count` (at least 1) consecutive SEQ values for `impi` in one durable write, and reads the subscriber:
 * the caller may use *first_seq .. *first_seq + count - 1, and nobody else ever will.
 * GBAU_E_NOT_FOUND; GBAU_E_LIMIT when SEQ would pass SUBSCRIBER_SEQ_MAX; GBAU_E_CONFIGURATION when the keys are sealed
 * and the store has no `wrap`, or the reverse. The caller wipes *subscriber.
 */
GBAU_MUST_USE enum gbau_status subscriber_store_reserve_seq(struct subscriber_store *store, const char *impi,
                                                            uint32_t count, struct subscriber *subscriber,
                                                            uint64_t *first_seq);

/* Reads a subscriber without touching SEQ; errors as above. The caller wipes *subscriber. */
GBAU_MUST_USE enum gbau_status subscriber_store_find(struct subscriber_store *store, const char *impi,
                                                     struct subscriber *subscriber);

/* Resynchronisation: lets SEQ be at least `seq`. Never lowers it. GBAU_E_NOT_FOUND; GBAU_E_ARGUMENT beyond 43 bits. */
GBAU_MUST_USE enum gbau_status subscriber_store_raise_seq(struct subscriber_store *store, const char *impi,
                                                          uint64_t seq);

#endif
