/*
 * session_store.c: puts are collected, committed together by one thread of the store's own, and completed when durable.
 *
 * A transaction is made durable by the sync of the next one, or by a sync of its own when nothing waits to be written:
 * a busy store makes one sync for each transaction, and no put waits longer than for two.
 */
#include "store/session_store.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/secret.h"
#include "store/session_database.h"
#include "store/session_record.h"

enum { WAITING_MAX = 1024, PURGE_SECONDS = 60 };

/* A put on its way to the disk. Its records are sealed before they come here, so that no Ks waits in the clear. */
struct pending_put {
    session_store_done *done;
    void *context;
    enum gbau_status status;
    char b_tid[B_TID_SIZE];
    char tmpi[TMPI_SIZE];
    unix_time expires;
    size_t session_length;
    size_t tmpi_length;
    uint8_t records[]; /* the session's, then the TMPI's */
};

struct batch {
    struct pending_put *puts[WAITING_MAX];
    size_t count;
};

struct session_store {
    struct session_database *database;
    struct key_wrap *wrap;
    const struct clock *clock;
    const struct log *log;
    pthread_t writer;

    pthread_mutex_t lock; /* guards the three below */
    pthread_cond_t changed;
    struct pending_put *waiting[WAITING_MAX];
    size_t waiting_count;
    bool ending;

    /* the writer's own */
    struct batch batches[2]; /* one that is written, and one that was written and may not be durable yet */
    struct session_row rows[WAITING_MAX];
    unix_time purged_at;
    bool purge_is_due;
    bool sync_has_failed; /* that of a purge, behind a batch that was written */
};

/* The writer ------------------------------------------------------------------------------------------------------- */

static struct timespec deadline_after(time_t seconds)
{
    struct timespec deadline;
    (void)clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += seconds;
    return deadline;
}

/* Takes all puts that wait. Unless there is other work, waits for one, for the end, or for the time to purge. */
static void take_batch(struct session_store *store, bool has_work, struct batch *batch, bool *ending)
{
    const struct timespec deadline = deadline_after(PURGE_SECONDS);
    int result = 0;
    (void)pthread_mutex_lock(&store->lock);
    while (store->waiting_count == 0 && !has_work && !store->ending && !store->purge_is_due && result != ETIMEDOUT) {
        result = pthread_cond_timedwait(&store->changed, &store->lock, &deadline);
    }
    batch->count = store->waiting_count;
    memcpy(batch->puts, store->waiting, batch->count * sizeof *batch->puts);
    store->waiting_count = 0;
    *ending = store->ending;
    (void)pthread_mutex_unlock(&store->lock);
    store->purge_is_due = store->purge_is_due || result == ETIMEDOUT;
}

static struct session_row row_of(const struct pending_put *put)
{
    return (struct session_row){
        .b_tid = put->b_tid,
        .tmpi = put->tmpi,
        .expires = put->expires,
        .session_record = octets_of(put->records, put->session_length),
        .tmpi_record = octets_of(put->records + put->session_length, put->tmpi_length),
    };
}

/* Writes `count` puts from `first` on. When they do not fit together, each half is tried, so that what fits is kept. */
static enum gbau_status write_rows(struct session_store *store, const struct batch *batch, size_t first, size_t count)
{
    enum gbau_status status = session_database_write(store->database, &store->rows[first], count);
    if (status == GBAU_E_SPACE && count > 1) {
        enum gbau_status left = write_rows(store, batch, first, count / 2);
        enum gbau_status right = write_rows(store, batch, first + count / 2, count - count / 2);
        return left == GBAU_OK || (left == GBAU_E_SPACE && right != GBAU_OK) ? right : left; /* the worse */
    }
    for (size_t i = first; i < first + count; i++) {
        batch->puts[i]->status = status == GBAU_E_SPACE ? GBAU_E_STORAGE : status;
    }
    return status;
}

/* One purge at most, so that puts never wait long. */
static void purge(struct session_store *store)
{
    store->purged_at = clock_now(store->clock);
    enum gbau_status status = session_database_purge(store->database, store->purged_at, &store->purge_is_due);
    if (status == GBAU_E_SPACE) {
        log_error(store->log, "session store: the map is too full even to remove what has ended");
    } else if (status != GBAU_OK) {
        store->sync_has_failed = true;
    }
}

static void purge_when_due(struct session_store *store)
{
    unix_time since = clock_now(store->clock) - store->purged_at;
    if (store->purge_is_due || since >= PURGE_SECONDS || since < 0) {
        purge(store);
    }
}

/* GBAU_OK when all of it was written, which makes durable what was written before; GBAU_E_SPACE for a full map. */
static enum gbau_status write_batch(struct session_store *store, const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        store->rows[i] = row_of(batch->puts[i]);
    }
    const enum gbau_status status = write_rows(store, batch, 0, batch->count);
    if (status != GBAU_OK) {
        log_error(store->log, "session store: some sessions could not be stored; is its map too small?");
        store->purge_is_due = true;
    }
    return status;
}

/*
 * Writes the next batch, or syncs when there is none, or no room for it. False when what was written before may not be
 * durable: a sync that failed may have lost it, and the next one would not tell.
 */
static bool write_and_sync(struct session_store *store, const struct batch *next, bool has_written)
{
    enum gbau_status status = next->count > 0 ? write_batch(store, next) : GBAU_E_SPACE;
    if (status == GBAU_E_SPACE && has_written) {
        status = session_database_sync(store->database);
    }
    const bool is_durable = status == GBAU_OK && !store->sync_has_failed;
    store->sync_has_failed = false;
    return is_durable;
}

/* Tells how the puts of a batch ended; it is empty then. */
static void complete_batch(struct batch *batch, bool is_durable)
{
    for (size_t i = 0; i < batch->count; i++) {
        struct pending_put *put = batch->puts[i];
        put->done(put->context, put->status == GBAU_OK && !is_durable ? GBAU_E_STORAGE : put->status);
        free(put);
    }
    batch->count = 0;
}

static void *run_writer(void *argument)
{
    struct session_store *store = argument;
    struct batch *written = &store->batches[0];
    struct batch *next = &store->batches[1];
    bool ending = false;
    while (true) {
        take_batch(store, written->count > 0, next, &ending);
        if (ending && written->count == 0 && next->count == 0) {
            purge_when_due(store);
            return NULL;
        }
        complete_batch(written, write_and_sync(store, next, written->count > 0));
        struct batch *empty = written;
        written = next;
        next = empty;
        purge_when_due(store);
    }
}

/* Opening and closing ---------------------------------------------------------------------------------------------- */

/* Signals are for the program's own threads. */
static enum gbau_status start_writer(struct session_store *store)
{
    sigset_t all;
    sigset_t before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    int result = pthread_create(&store->writer, NULL, run_writer, store);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != 0) {
        log_error(store->log, "session store: cannot start a thread: %s", strerror(result));
        return GBAU_E_MEMORY;
    }
    return GBAU_OK;
}

/* None of these can fail on Linux. */
static void init_lock(struct session_store *store)
{
    pthread_condattr_t attributes;
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&store->changed, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    (void)pthread_mutex_init(&store->lock, NULL);
}

static void free_store(struct session_store *store)
{
    session_database_close(store->database);
    (void)pthread_cond_destroy(&store->changed);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}

enum gbau_status session_store_open(const char *path, size_t map_size, struct key_wrap *wrap, const struct clock *clock,
                                    const struct log *log, struct session_store **store)
{
    *store = NULL;
    if (wrap == NULL) {
        return GBAU_E_ARGUMENT;
    }
    struct session_store *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        return GBAU_E_MEMORY;
    }
    init_lock(opened);
    opened->wrap = wrap;
    opened->clock = clock;
    opened->log = log;
    opened->purge_is_due = true;
    enum gbau_status status = session_database_open(path, map_size, log, &opened->database);
    if (status == GBAU_OK) {
        status = start_writer(opened);
    }
    if (status != GBAU_OK) {
        free_store(opened);
        return status;
    }
    *store = opened;
    return GBAU_OK;
}

void session_store_close(struct session_store *store)
{
    if (store == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&store->lock);
    store->ending = true;
    (void)pthread_cond_signal(&store->changed);
    (void)pthread_mutex_unlock(&store->lock);
    (void)pthread_join(store->writer, NULL);
    free_store(store);
}

/* The calls -------------------------------------------------------------------------------------------------------- */

static struct pending_put *make_put(const struct bootstrapping_session *session, struct octets session_record,
                                    struct octets tmpi_record, session_store_done *done, void *context)
{
    struct pending_put *put = malloc(sizeof *put + session_record.length + tmpi_record.length);
    if (put == NULL) {
        return NULL;
    }
    *put = (struct pending_put){
        .done = done,
        .context = context,
        .expires = session->expires,
        .session_length = session_record.length,
        .tmpi_length = tmpi_record.length,
    };
    memcpy(put->b_tid, session->b_tid, sizeof put->b_tid);
    memcpy(put->tmpi, session->tmpi, sizeof put->tmpi);
    struct octet_writer writer = octet_writer_of(put->records, session_record.length + tmpi_record.length);
    octet_writer_put_octets(&writer, session_record);
    octet_writer_put_octets(&writer, tmpi_record);
    return put;
}

static enum gbau_status enqueue(struct session_store *store, struct pending_put *put)
{
    enum gbau_status status = GBAU_E_BUSY;
    (void)pthread_mutex_lock(&store->lock);
    if (store->waiting_count < WAITING_MAX) {
        store->waiting[store->waiting_count++] = put;
        (void)pthread_cond_signal(&store->changed);
        status = GBAU_OK;
    }
    (void)pthread_mutex_unlock(&store->lock);
    return status;
}

enum gbau_status session_store_put(struct session_store *store, const struct bootstrapping_session *session,
                                   session_store_done *done, void *context)
{
    uint8_t session_record[SESSION_RECORD_MAX];
    uint8_t tmpi_record[TMPI_RECORD_MAX];
    struct octet_writer session_writer = octet_writer_of(session_record, sizeof session_record);
    struct octet_writer tmpi_writer = octet_writer_of(tmpi_record, sizeof tmpi_record);
    enum gbau_status status = session_record_write(session, store->wrap, &session_writer);
    if (status == GBAU_OK && session->tmpi[0] != '\0') {
        status = tmpi_record_write(session, store->wrap, &tmpi_writer);
    }
    if (status != GBAU_OK) {
        return status;
    }
    struct pending_put *put =
        make_put(session, octets_written(&session_writer), octets_written(&tmpi_writer), done, context);
    if (put == NULL) {
        return GBAU_E_MEMORY;
    }
    status = enqueue(store, put);
    if (status != GBAU_OK) {
        free(put);
    }
    return status;
}

enum gbau_status session_store_find(struct session_store *store, const char *b_tid,
                                    struct bootstrapping_session *session)
{
    uint8_t octets[SESSION_RECORD_MAX];
    struct octet_writer record = octet_writer_of(octets, sizeof octets);
    enum gbau_status status = session_database_read(store->database, SESSION_TABLE_SESSIONS, b_tid, &record);
    if (status == GBAU_OK) {
        status = session_record_read(octets_written(&record), b_tid, store->wrap, session);
    }
    if (status == GBAU_E_CORRUPT) {
        log_error(store->log, "session store: the record of B-TID %s is damaged or sealed under another key", b_tid);
    }
    if (status == GBAU_OK && session->expires <= clock_now(store->clock)) {
        secret_wipe(session, sizeof *session);
        status = GBAU_E_NOT_FOUND;
    }
    return status;
}

enum gbau_status session_store_find_impi(struct session_store *store, const char *tmpi, char impi[SESSION_IMPI_SIZE])
{
    uint8_t octets[TMPI_RECORD_MAX];
    struct octet_writer record = octet_writer_of(octets, sizeof octets);
    unix_time expires = 0;
    impi[0] = '\0';
    enum gbau_status status = session_database_read(store->database, SESSION_TABLE_TMPIS, tmpi, &record);
    if (status == GBAU_OK) {
        status = tmpi_record_read(octets_written(&record), tmpi, store->wrap, impi, &expires);
    }
    if (status == GBAU_E_CORRUPT) {
        log_error(store->log, "session store: the record of TMPI %s is damaged or sealed under another key", tmpi);
    }
    if (status == GBAU_OK && expires <= clock_now(store->clock)) {
        impi[0] = '\0';
        status = GBAU_E_NOT_FOUND;
    }
    return status;
}
