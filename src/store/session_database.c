/* session_database.c: sessions, TMPI records and the index of their ends in LMDB. */
#include "store/session_database.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <lmdb.h>

enum {
    IDENTITY_MAX = B_TID_SIZE - 1,
    END_KEY_SIZE = 8 + 8 + 4,
    END_DATA_MAX = 1 + IDENTITY_MAX,
    TABLE_COUNT = 2,
    READERS_MAX = 1024,
    PURGE_LIMIT = 512,
    /*
     * Removing needs pages too, because LMDB never changes a page in place: a map filled to the brim could not even be
     * purged. So writing stops while these are left. One removal touches a path in each of three trees, below twenty.
     */
    RESERVED_PAGES = 64,
    PAGES_OF_ROW = 8 /* that one row changes, as a rule, beside those that hold a long record */
};

struct session_database {
    MDB_env *environment;
    MDB_dbi tables[TABLE_COUNT];
    /*
     * End of life (8) || transaction (8) || number in it (4) -> table (1) || identity; LMDB sorts keys as octets. With
     * their identities, which are random, in the keys, every record would change a page of the index to itself. As it
     * is, a whole batch goes to the end of those that live equally long, and changes a page or two.
     */
    MDB_dbi ends;
    size_t page_size;
    const struct log *log;
};

static const char *const table_names[TABLE_COUNT] = {
    [SESSION_TABLE_SESSIONS] = "sessions",
    [SESSION_TABLE_TMPIS] = "tmpis",
};

struct result_status {
    int result;
    enum gbau_status status;
};

static const struct result_status result_statuses[] = {
    {MDB_SUCCESS, GBAU_OK},          {MDB_NOTFOUND, GBAU_E_NOT_FOUND},       {MDB_MAP_FULL, GBAU_E_SPACE},
    {MDB_READERS_FULL, GBAU_E_BUSY}, {MDB_CORRUPTED, GBAU_E_CORRUPT},        {MDB_PAGE_NOTFOUND, GBAU_E_CORRUPT},
    {MDB_INVALID, GBAU_E_CORRUPT},   {MDB_VERSION_MISMATCH, GBAU_E_CORRUPT}, {ENOMEM, GBAU_E_MEMORY},
};

static enum gbau_status status_of(int result)
{
    for (size_t i = 0; i < sizeof result_statuses / sizeof *result_statuses; i++) {
        if (result_statuses[i].result == result) {
            return result_statuses[i].status;
        }
    }
    return GBAU_E_STORAGE;
}

/* That nothing is there, or that there is no room, is for the caller to tell. */
static enum gbau_status check_result(const struct session_database *database, int result, const char *action)
{
    enum gbau_status status = status_of(result);
    if (status != GBAU_OK && status != GBAU_E_NOT_FOUND && status != GBAU_E_SPACE) {
        log_error(database->log, "session store: cannot %s: %s", action, mdb_strerror(result));
    }
    return status;
}

/* LMDB does not write through these pointers, but its type does not say so. */
static MDB_val value_of(struct octets octets)
{
    return (MDB_val){.mv_size = octets.length, .mv_data = (void *)(uintptr_t)octets.data};
}

static struct octets octets_of_value(MDB_val value)
{
    return octets_of(value.mv_data, value.mv_size);
}

/* Opening ---------------------------------------------------------------------------------------------------------- */

static int open_tables(struct session_database *database)
{
    MDB_txn *transaction = NULL;
    int result = mdb_txn_begin(database->environment, NULL, 0, &transaction);
    if (result != MDB_SUCCESS) {
        return result;
    }
    for (size_t i = 0; i < TABLE_COUNT && result == MDB_SUCCESS; i++) {
        result = mdb_dbi_open(transaction, table_names[i], MDB_CREATE, &database->tables[i]);
    }
    if (result == MDB_SUCCESS) {
        result = mdb_dbi_open(transaction, "ends", MDB_CREATE, &database->ends);
    }
    if (result != MDB_SUCCESS) {
        mdb_txn_abort(transaction);
        return result;
    }
    return mdb_txn_commit(transaction);
}

static int open_environment(struct session_database *database, const char *path, size_t map_size)
{
    int result = mdb_env_create(&database->environment);
    if (result == MDB_SUCCESS) {
        result = mdb_env_set_mapsize(database->environment, map_size);
    }
    if (result == MDB_SUCCESS) {
        result = mdb_env_set_maxdbs(database->environment, TABLE_COUNT + 1);
    }
    if (result == MDB_SUCCESS) {
        result = mdb_env_set_maxreaders(database->environment, READERS_MAX);
    }
    if (result == MDB_SUCCESS) {
        /*
         * Readers are bound to their transactions, so that any thread may read while it also waits for a write. The
         * last page of a transaction, which makes it valid, is synced by the next one (docs/decisions/0021).
         */
        result = mdb_env_open(database->environment, path, MDB_NOTLS | MDB_NOMETASYNC, S_IRUSR | S_IWUSR);
    }
    if (result == MDB_SUCCESS) {
        result = open_tables(database);
    }
    MDB_stat facts = {0};
    if (result == MDB_SUCCESS) {
        result = mdb_env_stat(database->environment, &facts);
    }
    database->page_size = facts.ms_psize;
    return result;
}

enum gbau_status session_database_open(const char *path, size_t map_size, const struct log *log,
                                       struct session_database **database)
{
    *database = NULL;
    if (map_size < SESSION_DATABASE_MIN_SIZE) {
        return GBAU_E_ARGUMENT;
    }
    if (mkdir(path, S_IRWXU) != 0 && errno != EEXIST) {
        log_error(log, "cannot make the session store %s: %s", path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    struct session_database *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    opened->log = log;
    int result = open_environment(opened, path, map_size);
    if (result != MDB_SUCCESS) {
        log_error(log, "cannot open the session store %s: %s", path, mdb_strerror(result));
        session_database_close(opened);
        return result == ENOENT || result == MDB_MAP_FULL ? GBAU_E_STORAGE : status_of(result);
    }
    *database = opened;
    return GBAU_OK;
}

void session_database_close(struct session_database *database)
{
    if (database == NULL) {
        return;
    }
    if (database->environment != NULL) {
        mdb_env_close(database->environment);
    }
    free(database);
}

/* Writing ---------------------------------------------------------------------------------------------------------- */

static int count_free_list(MDB_txn *reading, size_t *pages)
{
    const MDB_dbi free_list = 0; /* LMDB's own table: lists of pages, each with its length in front */
    MDB_cursor *cursor = NULL;
    MDB_val key;
    MDB_val list;
    int result = mdb_cursor_open(reading, free_list, &cursor);
    if (result != MDB_SUCCESS) {
        return result;
    }
    while ((result = mdb_cursor_get(cursor, &key, &list, MDB_NEXT)) == MDB_SUCCESS) {
        size_t count = 0;
        if (list.mv_size >= sizeof count) {
            memcpy(&count, list.mv_data, sizeof count);
        }
        *pages += count;
    }
    mdb_cursor_close(cursor);
    return result == MDB_NOTFOUND ? MDB_SUCCESS : result;
}

static size_t pages_for(const struct session_database *database, const struct session_row *rows, size_t count)
{
    size_t pages = RESERVED_PAGES;
    for (size_t i = 0; i < count; i++) {
        pages += PAGES_OF_ROW + rows[i].session_record.length / database->page_size;
    }
    return pages;
}

/* GBAU_E_SPACE when `needed` pages are not there. Counting the free list is left for a map that has grown to its end.
 */
static enum gbau_status check_room(struct session_database *database, size_t needed)
{
    MDB_envinfo facts;
    MDB_txn *reading = NULL;
    (void)mdb_env_info(database->environment, &facts);
    size_t pages = facts.me_mapsize / database->page_size - facts.me_last_pgno - 1;
    if (pages >= needed) {
        return GBAU_OK;
    }
    int result = mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &reading);
    if (result == MDB_SUCCESS) {
        result = count_free_list(reading, &pages);
        mdb_txn_abort(reading);
    }
    if (result != MDB_SUCCESS) {
        return check_result(database, result, "count free pages");
    }
    return pages >= needed ? GBAU_OK : GBAU_E_SPACE;
}

/* A transaction that writes. */
struct writing {
    struct session_database *database;
    MDB_txn *transaction;
    uint32_t end_count; /* entries that it added to the index */
};

static int put_end(struct writing *writing, unix_time end, enum session_table table, struct octets identity)
{
    uint8_t key_octets[END_KEY_SIZE];
    uint8_t data_octets[END_DATA_MAX];
    struct octet_writer key_writer = octet_writer_of(key_octets, sizeof key_octets);
    octet_writer_u64(&key_writer, (uint64_t)end);
    octet_writer_u64(&key_writer, mdb_txn_id(writing->transaction));
    octet_writer_u32(&key_writer, writing->end_count++);
    struct octet_writer data_writer = octet_writer_of(data_octets, sizeof data_octets);
    octet_writer_u8(&data_writer, (uint8_t)table);
    octet_writer_put_octets(&data_writer, identity);
    MDB_val key = value_of(octets_written(&key_writer));
    MDB_val data = value_of(octets_written(&data_writer));
    return mdb_put(writing->transaction, writing->database->ends, &key, &data, 0);
}

/* The index entry of a record that this one replaces stays until its time, and is then found to be outdated. */
static int put_record(struct writing *writing, enum session_table table, const char *identity, unix_time end,
                      struct octets record)
{
    MDB_val key = value_of(octets_of_text(identity));
    MDB_val data = value_of(record);
    int result = mdb_put(writing->transaction, writing->database->tables[table], &key, &data, 0);
    return result == MDB_SUCCESS ? put_end(writing, end, table, octets_of_text(identity)) : result;
}

static int put_row(struct writing *writing, const struct session_row *row)
{
    int result = put_record(writing, SESSION_TABLE_SESSIONS, row->b_tid, row->expires, row->session_record);
    if (result == MDB_SUCCESS && row->tmpi_record.length > 0) {
        result = put_record(writing, SESSION_TABLE_TMPIS, row->tmpi, row->expires, row->tmpi_record);
    }
    return result;
}

enum gbau_status session_database_write(struct session_database *database, const struct session_row *rows, size_t count)
{
    struct writing writing = {.database = database};
    enum gbau_status status = check_room(database, pages_for(database, rows, count));
    if (status != GBAU_OK) {
        return status;
    }
    int result = mdb_txn_begin(database->environment, NULL, 0, &writing.transaction);
    if (result != MDB_SUCCESS) {
        return check_result(database, result, "begin to write");
    }
    for (size_t i = 0; i < count && result == MDB_SUCCESS; i++) {
        result = put_row(&writing, &rows[i]);
    }
    if (result != MDB_SUCCESS) {
        mdb_txn_abort(writing.transaction);
        return check_result(database, result, "write");
    }
    return check_result(database, mdb_txn_commit(writing.transaction), "commit");
}

enum gbau_status session_database_sync(struct session_database *database)
{
    const int force = 1;
    return check_result(database, mdb_env_sync(database->environment, force), "sync");
}

/* Reading ---------------------------------------------------------------------------------------------------------- */

enum gbau_status session_database_read(struct session_database *database, enum session_table table,
                                       const char *identity, struct octet_writer *record)
{
    MDB_txn *transaction = NULL;
    MDB_val key = value_of(octets_of(identity, strnlen(identity, B_TID_SIZE)));
    MDB_val data;
    if (key.mv_size == 0 || key.mv_size > IDENTITY_MAX) {
        return GBAU_E_NOT_FOUND;
    }
    int result = mdb_txn_begin(database->environment, NULL, MDB_RDONLY, &transaction);
    if (result != MDB_SUCCESS) {
        return check_result(database, result, "begin to read");
    }
    result = mdb_get(transaction, database->tables[table], &key, &data);
    if (result == MDB_SUCCESS) {
        octet_writer_put(record, data.mv_data, data.mv_size); /* the map may change once the transaction has ended */
    }
    mdb_txn_abort(transaction);
    enum gbau_status status = check_result(database, result, "read");
    return status == GBAU_OK && octet_writer_end(record) != GBAU_OK ? GBAU_E_CORRUPT : status;
}

/* Purging ---------------------------------------------------------------------------------------------------------- */

/* Removes a record unless it was replaced by one that lives longer. One that cannot be read is of no use to anybody. */
static int remove_ended(MDB_txn *transaction, MDB_dbi table, MDB_val key, unix_time now)
{
    MDB_val data;
    unix_time end = 0;
    int result = mdb_get(transaction, table, &key, &data);
    if (result != MDB_SUCCESS) {
        return result == MDB_NOTFOUND ? MDB_SUCCESS : result;
    }
    if (session_record_read_expiry(octets_of_value(data), &end) == GBAU_OK && end > now) {
        return MDB_SUCCESS;
    }
    return mdb_del(transaction, table, &key, NULL);
}

/* Takes the earliest entry off the index, with its record. MDB_NOTFOUND when nothing has ended at `now`. */
static int remove_first_ended(struct session_database *database, MDB_txn *transaction, MDB_cursor *ends, unix_time now)
{
    uint8_t copy[END_DATA_MAX];
    MDB_val key;
    MDB_val data;
    int result = mdb_cursor_get(ends, &key, &data, MDB_FIRST);
    if (result != MDB_SUCCESS || data.mv_size > sizeof copy) {
        return result == MDB_SUCCESS ? MDB_CORRUPTED : result;
    }
    struct octet_reader key_reader = octet_reader_of(octets_of_value(key));
    uint64_t end = octet_reader_u64(&key_reader);
    memcpy(copy, data.mv_data, data.mv_size); /* removing moves what LMDB's pointers point to */
    struct octet_reader reader = octet_reader_of(octets_of(copy, data.mv_size));
    uint8_t table = octet_reader_u8(&reader);
    MDB_val identity = value_of(octet_reader_take(&reader, octet_reader_left(&reader)));
    if (key_reader.failed || reader.failed || table >= TABLE_COUNT || identity.mv_size == 0) {
        return MDB_CORRUPTED;
    }
    if (now < 0 || end > (uint64_t)now) {
        return MDB_NOTFOUND;
    }
    result = mdb_cursor_del(ends, 0);
    return result != MDB_SUCCESS ? result : remove_ended(transaction, database->tables[table], identity, now);
}

/* Removes up to `limit` records in one transaction, and says how many. */
static int purge_some(struct session_database *database, unix_time now, size_t limit, size_t *removed)
{
    MDB_txn *transaction = NULL;
    MDB_cursor *ends = NULL;
    *removed = 0;
    int result = mdb_txn_begin(database->environment, NULL, 0, &transaction);
    if (result != MDB_SUCCESS) {
        return result;
    }
    result = mdb_cursor_open(transaction, database->ends, &ends);
    while (result == MDB_SUCCESS && *removed < limit) {
        result = remove_first_ended(database, transaction, ends, now);
        *removed += result == MDB_SUCCESS ? 1 : 0;
    }
    if (ends != NULL) {
        mdb_cursor_close(ends);
    }
    if ((result != MDB_SUCCESS && result != MDB_NOTFOUND) || *removed == 0) {
        mdb_txn_abort(transaction);
        return result == MDB_NOTFOUND ? MDB_SUCCESS : result;
    }
    return mdb_txn_commit(transaction);
}

enum gbau_status session_database_purge(struct session_database *database, unix_time now, bool *more)
{
    size_t removed = 0;
    size_t limit = PURGE_LIMIT;
    int dead = 0;
    *more = false;
    (void)mdb_reader_check(database->environment, &dead); /* a reader that was killed would keep old pages for ever */
    int result = purge_some(database, now, limit, &removed);
    while (result == MDB_MAP_FULL && limit > 1) {
        limit /= 8;
        result = purge_some(database, now, limit, &removed);
    }
    *more = result == MDB_SUCCESS && removed == limit;
    return check_result(database, result, "purge");
}
