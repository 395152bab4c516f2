/*
 * session_database.h: three tables in one LMDB environment, as octets: sessions by B-TID, TMPI records by TMPI, and an
 * index of both by the end of their life. It knows nothing of threads of its own, of clocks or of keys.
 *
 * Reading is thread-safe. Writing and purging are done by one thread at a time, and by the same that began. Many
 * processes may open one environment, each once and with the same size; none after fork().
 */
#ifndef STORE_SESSION_DATABASE_H
#define STORE_SESSION_DATABASE_H

#include "base/clock.h"
#include "base/log.h"
#include "store/session_record.h"

struct session_database;

/* One session with its records as session_record.h writes them, all borrowed. An empty TMPI record: there is none. */
struct session_row {
    const char *b_tid;
    const char *tmpi;
    unix_time expires;
    struct octets session_record;
    struct octets tmpi_record;
};

enum { SESSION_DATABASE_MIN_SIZE = 1 << 20 };

enum session_table { SESSION_TABLE_SESSIONS, SESSION_TABLE_TMPIS };

/*
 * Opens the environment in directory `path`; directory (mode 0700) and tables are made when missing. `log` is borrowed.
 * GBAU_E_ARGUMENT when `map_size` is under SESSION_DATABASE_MIN_SIZE, GBAU_E_CORRUPT when it is no environment,
 * GBAU_E_STORAGE, GBAU_E_MEMORY. The caller owns *database.
 */
GBAU_MUST_USE enum gbau_status session_database_open(const char *path, size_t map_size, const struct log *log,
                                                     struct session_database **database);
/* Ends it; NULL is allowed. */
void session_database_close(struct session_database *database);

/*
 * Writes all rows in one transaction, or none. They survive the process at once, and a power failure once a later
 * transaction or session_database_sync has returned GBAU_OK. GBAU_E_SPACE when the map is full, GBAU_E_STORAGE.
 */
GBAU_MUST_USE enum gbau_status session_database_write(struct session_database *database, const struct session_row *rows,
                                                      size_t count);

/* Makes all that was written survive a power failure. GBAU_E_STORAGE. */
GBAU_MUST_USE enum gbau_status session_database_sync(struct session_database *database);

/*
 * Writes the record stored in `table` under `identity` to `record`. GBAU_E_NOT_FOUND; GBAU_E_CORRUPT when it is longer
 * than `record` has room; GBAU_E_BUSY when too many readers are at work; GBAU_E_STORAGE.
 */
GBAU_MUST_USE enum gbau_status session_database_read(struct session_database *database, enum session_table table,
                                                     const char *identity, struct octet_writer *record);

/*
 * Removes what has ended at `now`, at most a few hundred records in one transaction; *more tells that there may
 * be others. GBAU_E_SPACE, GBAU_E_STORAGE; then *more is false.
 */
GBAU_MUST_USE enum gbau_status session_database_purge(struct session_database *database, unix_time now, bool *more);

#endif
