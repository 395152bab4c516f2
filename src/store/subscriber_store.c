/* subscriber_store.c: the HSS's subscribers in SQLite; SEQ is reserved by one durable statement (TS 33.102 annex C.1).
 */
#include "store/subscriber_store.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/secret.h"

/* Numbers as text, because they become parts of statements. */
#define SCHEMA_VERSION    "1"
#define BUSY_MILLISECONDS "10000"
#define SEQ_MAX           "8796093022207" /* SUBSCRIBER_SEQ_MAX */

enum {
    PLAIN_KEYS_SIZE = AKA_K_SIZE + AKA_OPC_SIZE,
    SEALED_KEYS_SIZE = PLAIN_KEYS_SIZE + KEY_WRAP_OVERHEAD,
    BOUND_MAX = 32 + SUBSCRIBER_IMPI_SIZE,
    WAL_PATIENCE_SECONDS = 10,
    WAL_PAUSE_NANOSECONDS = 20000000
};

enum statement_name { STATEMENT_ADD, STATEMENT_RESERVE, STATEMENT_FIND, STATEMENT_RAISE, STATEMENT_COUNT };

struct subscriber_store {
    pthread_mutex_t turn; /* guards the connection and its statements */
    sqlite3 *database;
    sqlite3_stmt *statements[STATEMENT_COUNT];
    struct key_wrap *wrap;
    const struct log *log;
};

struct pragma {
    const char *set;
    const char *read;
    const char *expected;
};

/* The first makes the others wait their turn. */
static const struct pragma pragmas[] = {
    {"PRAGMA busy_timeout = " BUSY_MILLISECONDS, "PRAGMA busy_timeout", BUSY_MILLISECONDS},
    {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"},
    {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
    {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0"},
};

static const char schema_sql[] =
    "CREATE TABLE subscriber ("
    " impi TEXT NOT NULL PRIMARY KEY,"
    " imsi TEXT NOT NULL UNIQUE,"
    " sealed INTEGER NOT NULL CHECK (sealed IN (0, 1)),"
    " keys BLOB NOT NULL," /* K || OPc, sealed under the key-encryption key when `sealed` is 1 */
    " amf BLOB NOT NULL,"
    " uicc_type INTEGER NOT NULL,"
    " lifetime INTEGER NOT NULL,"
    " seq INTEGER NOT NULL CHECK (seq BETWEEN 0 AND " SEQ_MAX ")"
    ") STRICT;"
    "PRAGMA user_version = " SCHEMA_VERSION;

#define SUBSCRIBER_COLUMNS "imsi, sealed, keys, amf, uicc_type, lifetime, seq"

enum subscriber_column {
    COLUMN_IMSI,
    COLUMN_SEALED,
    COLUMN_KEYS,
    COLUMN_AMF,
    COLUMN_UICC_TYPE,
    COLUMN_LIFETIME,
    COLUMN_SEQ
};

static const char *const statement_sql[STATEMENT_COUNT] = {
    [STATEMENT_ADD] = "INSERT INTO subscriber (impi, " SUBSCRIBER_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    [STATEMENT_RESERVE] = "UPDATE subscriber SET seq = seq + ?2 WHERE impi = ?1 AND seq <= " SEQ_MAX
                          " - ?2 RETURNING " SUBSCRIBER_COLUMNS,
    [STATEMENT_FIND] = "SELECT " SUBSCRIBER_COLUMNS " FROM subscriber WHERE impi = ?1",
    [STATEMENT_RAISE] = "UPDATE subscriber SET seq = max(seq, ?2) WHERE impi = ?1",
};

struct result_status {
    int result; /* an extended result code, or a primary one that stands for all of its kind */
    enum gbau_status status;
};

static const struct result_status result_statuses[] = {
    {SQLITE_OK, GBAU_OK},
    {SQLITE_ROW, GBAU_OK},
    {SQLITE_DONE, GBAU_OK},
    {SQLITE_CONSTRAINT_PRIMARYKEY, GBAU_E_EXISTS},
    {SQLITE_CONSTRAINT_UNIQUE, GBAU_E_EXISTS},
    {SQLITE_BUSY, GBAU_E_BUSY},
    {SQLITE_LOCKED, GBAU_E_BUSY},
    {SQLITE_NOMEM, GBAU_E_MEMORY},
    {SQLITE_CORRUPT, GBAU_E_CORRUPT},
    {SQLITE_NOTADB, GBAU_E_CORRUPT},
    {SQLITE_ERROR, GBAU_E_UNSUPPORTED}, /* the statements are right, so the schema is not theirs */
};

static enum gbau_status status_of(int result)
{
    const int primary = result & 0xff;
    for (size_t i = 0; i < sizeof result_statuses / sizeof *result_statuses; i++) {
        if (result_statuses[i].result == result || result_statuses[i].result == primary) {
            return result_statuses[i].status;
        }
    }
    return GBAU_E_STORAGE;
}

/* SQLite's texts name tables and files, never values. */
static enum gbau_status check_result(const struct subscriber_store *store, int result, const char *action)
{
    enum gbau_status status = status_of(result);
    if (status != GBAU_OK && status != GBAU_E_EXISTS) {
        log_error(store->log, "subscriber store: cannot %s: %s", action, sqlite3_errmsg(store->database));
    }
    return status;
}

/* Opening ---------------------------------------------------------------------------------------------------------- */

/* Runs `sql` and compares the first column of its first row, as text. */
static enum gbau_status expect_value(const struct subscriber_store *store, const char *sql, const char *expected,
                                     bool *matches)
{
    sqlite3_stmt *statement = NULL;
    *matches = false;
    int result = sqlite3_prepare_v2(store->database, sql, -1, &statement, NULL);
    if (result == SQLITE_OK) {
        result = sqlite3_step(statement);
    }
    if (result == SQLITE_ROW) {
        const char *value = (const char *)sqlite3_column_text(statement, 0);
        *matches = value != NULL && strcmp(value, expected) == 0;
    }
    enum gbau_status status = check_result(store, result, sql);
    (void)sqlite3_finalize(statement);
    return status;
}

/* The change to WAL needs the file for itself and does not always wait for it as busy_timeout asks. */
static int execute_patiently(sqlite3 *database, const char *sql)
{
    const struct timespec pause = {.tv_nsec = WAL_PAUSE_NANOSECONDS};
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    const time_t deadline = now.tv_sec + WAL_PATIENCE_SECONDS;
    int result = sqlite3_exec(database, sql, NULL, NULL, NULL);
    while ((result & 0xff) == SQLITE_BUSY && now.tv_sec < deadline) {
        (void)nanosleep(&pause, NULL);
        result = sqlite3_exec(database, sql, NULL, NULL, NULL);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
    }
    return result;
}

static enum gbau_status set_pragma(const struct subscriber_store *store, const struct pragma *pragma)
{
    bool holds = false;
    enum gbau_status status = check_result(store, execute_patiently(store->database, pragma->set), pragma->set);
    if (status == GBAU_OK) {
        status = expect_value(store, pragma->read, pragma->expected, &holds);
    }
    if (status == GBAU_OK && !holds) {
        log_error(store->log, "subscriber store: %s does not hold", pragma->set);
        status = GBAU_E_STORAGE;
    }
    return status;
}

static enum gbau_status set_pragmas(const struct subscriber_store *store)
{
    for (size_t i = 0; i < sizeof pragmas / sizeof *pragmas; i++) {
        enum gbau_status status = set_pragma(store, &pragmas[i]);
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/* True in *fresh for a database that nobody has put anything into. */
static enum gbau_status check_fresh(const struct subscriber_store *store, bool *fresh)
{
    return expect_value(store, "SELECT count(*) FROM sqlite_schema", "0", fresh);
}

static enum gbau_status make_schema(const struct subscriber_store *store)
{
    bool fresh = false;
    enum gbau_status status =
        check_result(store, sqlite3_exec(store->database, "BEGIN IMMEDIATE", NULL, NULL, NULL), "begin the schema");
    if (status != GBAU_OK) {
        return status;
    }
    status = check_fresh(store, &fresh); /* another process may have made it meanwhile */
    if (status == GBAU_OK && fresh) {
        status = check_result(store, sqlite3_exec(store->database, schema_sql, NULL, NULL, NULL), "make the schema");
    }
    const char *end = status == GBAU_OK ? "COMMIT" : "ROLLBACK";
    enum gbau_status ended = check_result(store, sqlite3_exec(store->database, end, NULL, NULL, NULL), end);
    return status == GBAU_OK ? ended : status;
}

static enum gbau_status check_schema(const struct subscriber_store *store, bool create)
{
    bool fresh = false;
    bool known = false;
    enum gbau_status status = check_fresh(store, &fresh);
    if (status == GBAU_OK && fresh && create) {
        status = make_schema(store);
    }
    if (status == GBAU_OK) {
        status = expect_value(store, "PRAGMA user_version", SCHEMA_VERSION, &known);
    }
    if (status == GBAU_OK && !known) {
        log_error(store->log, "subscriber store: this is not a database of schema version %s", SCHEMA_VERSION);
        status = GBAU_E_UNSUPPORTED;
    }
    return status;
}

static enum gbau_status prepare_statements(struct subscriber_store *store)
{
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        int result = sqlite3_prepare_v3(store->database, statement_sql[i], -1, SQLITE_PREPARE_PERSISTENT,
                                        &store->statements[i], NULL);
        enum gbau_status status = check_result(store, result, "prepare a statement");
        if (status != GBAU_OK) {
            return status;
        }
    }
    return GBAU_OK;
}

/*
 * SQLite would make the file readable for everybody. It is made without opening it, because closing it again would
 * drop the locks that this process may hold on it.
 */
static enum gbau_status make_file(const struct subscriber_store *store, const char *path)
{
    if (mknod(path, S_IFREG | S_IRUSR | S_IWUSR, 0) != 0 && errno != EEXIST) {
        log_error(store->log, "cannot make the subscriber store %s: %s", path, strerror(errno));
        return GBAU_E_STORAGE;
    }
    return GBAU_OK;
}

static enum gbau_status open_database(struct subscriber_store *store, const char *path, bool create)
{
    enum gbau_status status = create ? make_file(store, path) : GBAU_OK;
    if (status != GBAU_OK) {
        return status;
    }
    int result = sqlite3_open_v2(path, &store->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (result == SQLITE_CANTOPEN && access(path, F_OK) != 0 && errno == ENOENT) {
        log_error(store->log, "there is no subscriber store %s", path);
        return GBAU_E_NOT_FOUND;
    }
    if (result == SQLITE_OK) {
        result = sqlite3_extended_result_codes(store->database, 1);
    }
    return check_result(store, result, "open the database");
}

enum gbau_status subscriber_store_open(const char *path, bool create, struct key_wrap *wrap, const struct log *log,
                                       struct subscriber_store **store)
{
    *store = NULL;
    struct subscriber_store *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    (void)pthread_mutex_init(&opened->turn, NULL); /* cannot fail on Linux without attributes */
    opened->wrap = wrap;
    opened->log = log;
    enum gbau_status status = open_database(opened, path, create);
    if (status == GBAU_OK) {
        status = set_pragmas(opened);
    }
    if (status == GBAU_OK) {
        status = check_schema(opened, create);
    }
    if (status == GBAU_OK) {
        status = prepare_statements(opened);
    }
    if (status != GBAU_OK) {
        subscriber_store_close(opened);
        return status;
    }
    *store = opened;
    return GBAU_OK;
}

void subscriber_store_close(struct subscriber_store *store)
{
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < STATEMENT_COUNT; i++) {
        (void)sqlite3_finalize(store->statements[i]);
    }
    (void)sqlite3_close(store->database);
    (void)pthread_mutex_destroy(&store->turn);
    free(store);
}

/* Keys at rest ----------------------------------------------------------------------------------------------------- */

/* The word keeps these apart from anything else that is sealed under the same key. */
static struct octets bind_to_record(const char *impi, uint8_t bound[BOUND_MAX])
{
    struct octet_writer writer = octet_writer_of(bound, BOUND_MAX);
    octet_writer_put_text(&writer, "subscriber");
    octet_writer_put_text(&writer, impi);
    return octets_written(&writer);
}

static enum gbau_status write_keys(const struct subscriber_store *store, const struct subscriber *subscriber,
                                   struct octet_writer *keys)
{
    uint8_t plain[PLAIN_KEYS_SIZE];
    uint8_t bound[BOUND_MAX];
    struct octet_writer writer = octet_writer_of(plain, sizeof plain);
    octet_writer_put(&writer, subscriber->k.octets, AKA_K_SIZE);
    octet_writer_put(&writer, subscriber->opc.octets, AKA_OPC_SIZE);
    enum gbau_status status = octet_writer_end(&writer);
    if (status == GBAU_OK && store->wrap == NULL) {
        octet_writer_put_octets(keys, octets_written(&writer));
        status = octet_writer_end(keys);
    } else if (status == GBAU_OK) {
        status = key_wrap_seal(store->wrap, octets_written(&writer), bind_to_record(subscriber->impi, bound), keys);
    }
    secret_wipe(plain, sizeof plain);
    return status;
}

/* A plain record in a store with a wrap is refused too: whoever can write the file could bring in keys of his own. */
static enum gbau_status check_sealing(const struct subscriber_store *store, bool sealed, const char *impi)
{
    if (sealed == (store->wrap != NULL)) {
        return GBAU_OK;
    }
    log_error(store->log, "keys of subscriber %s are %s, but the store is opened %s a key-encryption key", impi,
              sealed ? "sealed" : "not sealed", sealed ? "without" : "with");
    return GBAU_E_CONFIGURATION;
}

static enum gbau_status read_keys(const struct subscriber_store *store, bool sealed, struct octets keys,
                                  struct subscriber *subscriber)
{
    uint8_t plain[PLAIN_KEYS_SIZE];
    uint8_t bound[BOUND_MAX];
    enum gbau_status status = check_sealing(store, sealed, subscriber->impi);
    if (status != GBAU_OK) {
        return status;
    }
    if (sealed) {
        status = key_wrap_open_secret(store->wrap, keys, bind_to_record(subscriber->impi, bound), plain, sizeof plain);
        keys = octets_of(plain, sizeof plain);
    }
    struct octet_reader reader = octet_reader_of(keys);
    octet_reader_copy(&reader, subscriber->k.octets, AKA_K_SIZE);
    octet_reader_copy(&reader, subscriber->opc.octets, AKA_OPC_SIZE);
    if (status == GBAU_OK && octet_reader_end(&reader) != GBAU_OK) {
        status = GBAU_E_CORRUPT;
    }
    secret_wipe(plain, sizeof plain);
    return status;
}

/* Rows ------------------------------------------------------------------------------------------------------------- */

static struct octets column_octets(sqlite3_stmt *row, int column)
{
    const void *data = sqlite3_column_blob(row, column); /* before its length, as SQLite demands */
    return octets_of(data, (size_t)sqlite3_column_bytes(row, column));
}

/* A whole number from 0 to `maximum`, else sets *damaged. */
static uint64_t column_number(sqlite3_stmt *row, int column, uint64_t maximum, bool *damaged)
{
    sqlite3_int64 value = sqlite3_column_int64(row, column);
    if (sqlite3_column_type(row, column) != SQLITE_INTEGER || value < 0 || (uint64_t)value > maximum) {
        *damaged = true;
        return 0;
    }
    return (uint64_t)value;
}

static enum gbau_status read_row(const struct subscriber_store *store, sqlite3_stmt *row, const char *impi,
                                 struct subscriber *subscriber, uint64_t *seq)
{
    bool damaged = false;
    *subscriber = (struct subscriber){0};
    struct octet_reader amf = octet_reader_of(column_octets(row, COLUMN_AMF));
    octet_reader_copy(&amf, subscriber->amf.octets, AKA_AMF_SIZE);
    subscriber->uicc_type = (enum guss_uicc_type)column_number(row, COLUMN_UICC_TYPE, GUSS_UICC_GBA_U, &damaged);
    subscriber->lifetime = (uint32_t)column_number(row, COLUMN_LIFETIME, UINT32_MAX, &damaged);
    *seq = column_number(row, COLUMN_SEQ, SUBSCRIBER_SEQ_MAX, &damaged);
    const bool sealed = column_number(row, COLUMN_SEALED, 1, &damaged) == 1;
    if (damaged || octet_reader_end(&amf) != GBAU_OK ||
        octets_to_text(octets_of_text(impi), subscriber->impi, sizeof subscriber->impi) != GBAU_OK ||
        octets_to_text(column_octets(row, COLUMN_IMSI), subscriber->imsi, sizeof subscriber->imsi) != GBAU_OK) {
        return GBAU_E_CORRUPT;
    }
    return read_keys(store, sealed, column_octets(row, COLUMN_KEYS), subscriber);
}

/* A statement with `impi` as ?1. Binding borrowed text and numbers allocates nothing, so it cannot fail. */
static sqlite3_stmt *begin_statement(struct subscriber_store *store, enum statement_name name, const char *impi)
{
    sqlite3_stmt *statement = store->statements[name];
    (void)sqlite3_bind_text(statement, 1, impi, -1, SQLITE_STATIC);
    return statement;
}

/*
 * Runs a statement to its end, because only then is what it wrote committed. GBAU_E_NOT_FOUND when a statement that
 * gives rows gave none. `subscriber` and `seq` are NULL for one that gives none.
 */
static enum gbau_status run_statement(const struct subscriber_store *store, sqlite3_stmt *statement, const char *impi,
                                      struct subscriber *subscriber, uint64_t *seq)
{
    enum gbau_status status = subscriber == NULL ? GBAU_OK : GBAU_E_NOT_FOUND;
    int result = sqlite3_step(statement);
    if (result == SQLITE_ROW && subscriber != NULL) {
        status = read_row(store, statement, impi, subscriber, seq);
        result = sqlite3_step(statement);
    }
    enum gbau_status ended = check_result(store, result, "run a statement");
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
    if (status == GBAU_E_CORRUPT) {
        log_error(store->log, "subscriber store: the record of %s is damaged or sealed under another key", impi);
    }
    if ((status != GBAU_OK || ended != GBAU_OK) && subscriber != NULL) {
        secret_wipe(subscriber, sizeof *subscriber);
    }
    return ended == GBAU_OK ? status : ended;
}

/* The calls -------------------------------------------------------------------------------------------------------- */

static bool text_fits(const char *text, size_t minimum, size_t size)
{
    size_t length = strnlen(text, size);
    return length >= minimum && length < size;
}

static bool subscriber_is_valid(const struct subscriber *subscriber)
{
    return text_fits(subscriber->impi, 1, SUBSCRIBER_IMPI_SIZE) &&
           text_fits(subscriber->imsi, 6, SUBSCRIBER_IMSI_SIZE) &&
           strspn(subscriber->imsi, "0123456789") == strlen(subscriber->imsi) &&
           (unsigned)subscriber->uicc_type <= GUSS_UICC_GBA_U;
}

static enum gbau_status insert(struct subscriber_store *store, const struct subscriber *subscriber, uint64_t seq,
                               struct octets keys)
{
    (void)pthread_mutex_lock(&store->turn);
    sqlite3_stmt *statement = begin_statement(store, STATEMENT_ADD, subscriber->impi);
    const int first = 2; /* ?1 is the IMPI, and the columns follow in their order */
    (void)sqlite3_bind_text(statement, first + COLUMN_IMSI, subscriber->imsi, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, first + COLUMN_SEALED, store->wrap != NULL);
    (void)sqlite3_bind_blob(statement, first + COLUMN_KEYS, keys.data, (int)keys.length, SQLITE_STATIC);
    (void)sqlite3_bind_blob(statement, first + COLUMN_AMF, subscriber->amf.octets, AKA_AMF_SIZE, SQLITE_STATIC);
    (void)sqlite3_bind_int(statement, first + COLUMN_UICC_TYPE, (int)subscriber->uicc_type);
    (void)sqlite3_bind_int64(statement, first + COLUMN_LIFETIME, subscriber->lifetime);
    (void)sqlite3_bind_int64(statement, first + COLUMN_SEQ, (sqlite3_int64)seq);
    enum gbau_status status = run_statement(store, statement, subscriber->impi, NULL, NULL);
    (void)pthread_mutex_unlock(&store->turn);
    return status;
}

enum gbau_status subscriber_store_add(struct subscriber_store *store, const struct subscriber *subscriber, uint64_t seq)
{
    uint8_t keys[SEALED_KEYS_SIZE];
    struct octet_writer writer = octet_writer_of(keys, sizeof keys);
    if (!subscriber_is_valid(subscriber) || seq > SUBSCRIBER_SEQ_MAX) {
        return GBAU_E_ARGUMENT;
    }
    enum gbau_status status = write_keys(store, subscriber, &writer);
    if (status == GBAU_OK) {
        status = insert(store, subscriber, seq, octets_written(&writer));
    }
    secret_wipe(keys, sizeof keys); /* plain when there is no wrap */
    return status;
}

enum gbau_status subscriber_store_find(struct subscriber_store *store, const char *impi, struct subscriber *subscriber)
{
    uint64_t seq = 0;
    (void)pthread_mutex_lock(&store->turn);
    sqlite3_stmt *statement = begin_statement(store, STATEMENT_FIND, impi);
    enum gbau_status status = run_statement(store, statement, impi, subscriber, &seq);
    (void)pthread_mutex_unlock(&store->turn);
    return status;
}

/* Why a reservation met no row. */
static enum gbau_status explain_no_row(struct subscriber_store *store, const char *impi, struct subscriber *subscriber)
{
    enum gbau_status status = subscriber_store_find(store, impi, subscriber);
    if (status != GBAU_OK) {
        return status;
    }
    secret_wipe(subscriber, sizeof *subscriber);
    log_error(store->log, "subscriber %s has no sequence numbers left", impi);
    return GBAU_E_LIMIT;
}

enum gbau_status subscriber_store_reserve_seq(struct subscriber_store *store, const char *impi, uint32_t count,
                                              struct subscriber *subscriber, uint64_t *first_seq)
{
    uint64_t last = 0;
    if (count == 0) {
        return GBAU_E_ARGUMENT;
    }
    (void)pthread_mutex_lock(&store->turn);
    sqlite3_stmt *statement = begin_statement(store, STATEMENT_RESERVE, impi);
    (void)sqlite3_bind_int64(statement, 2, count);
    enum gbau_status status = run_statement(store, statement, impi, subscriber, &last);
    (void)pthread_mutex_unlock(&store->turn);
    if (status == GBAU_E_NOT_FOUND) {
        return explain_no_row(store, impi, subscriber);
    }
    *first_seq = status == GBAU_OK ? last - count + 1 : 0;
    return status;
}

enum gbau_status subscriber_store_raise_seq(struct subscriber_store *store, const char *impi, uint64_t seq)
{
    if (seq > SUBSCRIBER_SEQ_MAX) {
        return GBAU_E_ARGUMENT;
    }
    (void)pthread_mutex_lock(&store->turn);
    sqlite3_stmt *statement = begin_statement(store, STATEMENT_RAISE, impi);
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)seq);
    enum gbau_status status = run_statement(store, statement, impi, NULL, NULL);
    if (status == GBAU_OK && sqlite3_changes(store->database) == 0) {
        status = GBAU_E_NOT_FOUND;
    }
    (void)pthread_mutex_unlock(&store->turn);
    return status;
}
