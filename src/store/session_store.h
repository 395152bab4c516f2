/*
 * session_store.h: the BSF's bootstrapping sessions {B-TID -> Ks, RAND, IMPI ...} with expiry, and TMPI -> IMPI.
 *
 * Writing is asynchronous, because it ends in a disk: puts are collected by a thread of the store's own and committed
 * together; the completion is called from that thread once the session is durable. Reading is quick (a memory map). Ks
 * is sealed at rest; the B-TID is bound to it. Thread-safe.
 */
#ifndef STORE_SESSION_STORE_H
#define STORE_SESSION_STORE_H

#include "base/clock.h"
#include "base/log.h"
#include "codec/bsf_xml.h"
#include "codec/guss.h"
#include "key/gba_keys.h"
#include "store/key_wrap.h"

enum { SESSION_IMPI_SIZE = 256, TMPI_SIZE = 80, SESSION_GUSS_SIZE = 8192 };

enum gba_mode { GBA_MODE_ME = 0, GBA_MODE_U = 1 };

struct bootstrapping_session {
    char b_tid[B_TID_SIZE];
    char impi[SESSION_IMPI_SIZE];
    char tmpi[TMPI_SIZE];
    struct ks ks;
    struct aka_rand rand;
    enum gba_mode mode;
    unix_time created;
    unix_time expires;
    char guss_xml[SESSION_GUSS_SIZE]; /* as received on Zh; empty: none */
};

struct session_store;

/*
 * Opens (and makes, when missing) the LMDB environment in directory `path`, with room for `map_size` octets, at least
 * 1 MiB. `wrap`, which is not NULL, `clock` and `log` are borrowed; the store's thread uses them too. Sessions found
 * expired are removed now and every minute. Many processes may share `path`, each opening it once and with the same
 * size; a store does not survive fork(). GBAU_E_ARGUMENT, GBAU_E_CORRUPT when `path` holds something else,
 * GBAU_E_STORAGE, GBAU_E_MEMORY. The caller owns *store.
 */
GBAU_MUST_USE enum gbau_status session_store_open(const char *path, size_t map_size, struct key_wrap *wrap,
                                                  const struct clock *clock, const struct log *log,
                                                  struct session_store **store);

/* Commits what is waiting, calls its completions, then ends the store; NULL is allowed. Not from a completion. */
void session_store_close(struct session_store *store);

/*
 * Called once for each put, in their order, from the store's thread: it must not block, and may put again. GBAU_OK when
 * the session is durable; GBAU_E_STORAGE when the map is full, and then nothing of it is there, or the disk failed.
 */
typedef void session_store_done(void *context, enum gbau_status status);

/*
 * Copies `session` and writes it, with TMPI -> IMPI when tmpi is not empty; both replace what is stored under the same
 * B-TID or TMPI, and end at `expires`. When it does not return GBAU_OK, `done` is not called: GBAU_E_BUSY when 1,024
 * puts wait already, GBAU_E_ARGUMENT when B-TID or IMPI is empty, a text has no end, a time is negative or the mode
 * unknown, GBAU_E_CRYPTO, GBAU_E_MEMORY.
 */
GBAU_MUST_USE enum gbau_status session_store_put(struct session_store *store,
                                                 const struct bootstrapping_session *session, session_store_done *done,
                                                 void *context);

/*
 * Finds a session whose put was completed, or is about to be. GBAU_E_NOT_FOUND when unknown or expired; GBAU_E_CORRUPT
 * when the record is damaged; GBAU_E_BUSY when more than 1,024 read at once; GBAU_E_STORAGE. The caller wipes *session.
 */
GBAU_MUST_USE enum gbau_status session_store_find(struct session_store *store, const char *b_tid,
                                                  struct bootstrapping_session *session);

/* The IMPI behind a TMPI; empty unless GBAU_OK. Errors as session_store_find. */
GBAU_MUST_USE enum gbau_status session_store_find_impi(struct session_store *store, const char *tmpi,
                                                       char impi[SESSION_IMPI_SIZE]);

#endif
