/* session_record.h: the octets of a bootstrapping session and of a TMPI at rest, versioned and sealed. */
#ifndef STORE_SESSION_RECORD_H
#define STORE_SESSION_RECORD_H

#include "store/session_store.h"

/*
 * Both records begin with their version (1) and the end of their life (8, seconds since 1970), so that what has ended
 * can be told without a key. They end with nonce || ciphertext || tag of key_wrap.h, whose additional data are
 * "session" or "tmpi" || length (2) || B-TID or TMPI || all octets before the nonce: so no octet can be changed, and no
 * record be moved to another identity. Numbers are big-endian.
 *
 *   session: version || expires || created (8) || mode (1) || RAND (16) || IMPI || TMPI || GUSS (each length (2), text)
 *            || sealed Ks
 *   TMPI:    version || expires || IMPI (length (2), text) || sealed nothing
 */
enum {
    SESSION_RECORD_VERSION = 1,
    SESSION_RECORD_MAX = 1 + 8 + 8 + 1 + AKA_RAND_SIZE + 3 * 2 + SESSION_IMPI_SIZE + TMPI_SIZE + SESSION_GUSS_SIZE +
                         AKA_KS_SIZE + KEY_WRAP_OVERHEAD,
    TMPI_RECORD_MAX = 1 + 8 + 2 + SESSION_IMPI_SIZE + KEY_WRAP_OVERHEAD
};

/*
 * Writes the record of `session` to `writer`, which is empty. GBAU_E_ARGUMENT when a text has no end, B-TID or IMPI is
 * empty, a time is negative or the mode unknown; GBAU_E_SPACE, GBAU_E_CRYPTO. Thread-safe, as are all below.
 */
GBAU_MUST_USE enum gbau_status session_record_write(const struct bootstrapping_session *session, struct key_wrap *wrap,
                                                    struct octet_writer *writer);

/*
 * Reads the record stored under `b_tid`. GBAU_E_CORRUPT when it is damaged, of another version, or was sealed under
 * another key or B-TID; then *session is zeros. The caller wipes *session.
 */
GBAU_MUST_USE enum gbau_status session_record_read(struct octets record, const char *b_tid, struct key_wrap *wrap,
                                                   struct bootstrapping_session *session);

/* Writes the record that leads from the TMPI of `session`, which has one, to its IMPI. As session_record_write. */
GBAU_MUST_USE enum gbau_status tmpi_record_write(const struct bootstrapping_session *session, struct key_wrap *wrap,
                                                 struct octet_writer *writer);

/* Reads the record stored under `tmpi`. GBAU_E_CORRUPT as session_record_read; then `impi` is empty. */
GBAU_MUST_USE enum gbau_status tmpi_record_read(struct octets record, const char *tmpi, struct key_wrap *wrap,
                                                char impi[SESSION_IMPI_SIZE], unix_time *expires);

/* The end of life of either record, as it stands there: nothing is opened. GBAU_E_CORRUPT. */
GBAU_MUST_USE enum gbau_status session_record_read_expiry(struct octets record, unix_time *expires);

#endif
