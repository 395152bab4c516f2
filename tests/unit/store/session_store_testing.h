/* session_store_testing.h: what the tests of the session store share: a clock moved by hand, sessions, and completions.
 */
#ifndef TESTS_SESSION_STORE_TESTING_H
#define TESTS_SESSION_STORE_TESTING_H

#include "store_testing.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include <lmdb.h>

#include "store/session_store.h"

#define IMPI   "001010000000001@ims.mnc001.mcc001.3gppnetwork.org"
#define IMPI_2 "001010000000002@ims.mnc001.mcc001.3gppnetwork.org"
#define TMPI   "2rBy9bL8T/1NFq7GP5vqj0H26PadfXr8@tmpi.bsf.3gppnetwork.org"

enum { MAP_SIZE = 64 << 20, START = 1700000000, LIFETIME = 3600 };

static struct place place;
static struct key_wrap *wrap;
static _Atomic unix_time time_now;

static inline unix_time read_time(void *context)
{
    (void)context;
    return atomic_load(&time_now);
}

static const struct clock hand_moved_clock = {.now = read_time};

static inline int set_up(void **state)
{
    (void)state;
    place_make(&place);
    wrap = open_wrap(&place, "key", KEY_1);
    atomic_store(&time_now, START);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    key_wrap_close(wrap);
    place_remove(&place);
    return 0;
}

static inline const char *store_path(void)
{
    return place_path(&place, "sessions");
}

static inline struct session_store *open_store_of(size_t map_size)
{
    struct session_store *store = NULL;
    assert_ok(session_store_open(store_path(), map_size, wrap, &hand_moved_clock, NULL, &store));
    return store;
}

static inline struct session_store *open_store(void)
{
    return open_store_of(MAP_SIZE);
}

/* A session whose every octet follows from its number. */
static inline struct bootstrapping_session session_number(unsigned number)
{
    struct bootstrapping_session session = {
        .impi = IMPI,
        .mode = GBA_MODE_U,
        .created = START + number,
        .expires = START + LIFETIME,
        .guss_xml = "<guss/>",
    };
    (void)snprintf(session.b_tid, sizeof session.b_tid, "%u@bsf.mnc001.mcc001.pub.3gppnetwork.org", number);
    memset(session.ks.octets, (int)(number & 0xff), AKA_KS_SIZE);
    memset(session.rand.octets, (int)(number >> 8 & 0xff), AKA_RAND_SIZE);
    return session;
}

/* Completions ------------------------------------------------------------------------------------------------------ */

struct completion {
    sem_t called;
    enum gbau_status status;
};

static inline void note_completion(void *context, enum gbau_status status)
{
    struct completion *completion = context;
    completion->status = status;
    (void)sem_post(&completion->called);
}

/* Puts one and waits until it is durable, or is known not to be. */
static inline enum gbau_status put_and_wait(struct session_store *store, const struct bootstrapping_session *session)
{
    struct completion completion;
    assert_int_equal(sem_init(&completion.called, 0, 0), 0);
    assert_ok(session_store_put(store, session, note_completion, &completion));
    assert_int_equal(sem_wait(&completion.called), 0);
    assert_int_equal(sem_destroy(&completion.called), 0);
    return completion.status;
}

static inline void put_number(struct session_store *store, unsigned number)
{
    struct bootstrapping_session session = session_number(number);
    assert_ok(put_and_wait(store, &session));
}

struct tally {
    atomic_uint completed;
    atomic_uint failed;
};

static inline void count_completion(void *context, enum gbau_status status)
{
    struct tally *tally = context;
    atomic_fetch_add(&tally->completed, 1);
    atomic_fetch_add(&tally->failed, status != GBAU_OK);
}

/* Holds the store's thread in a completion until it is let go, so that later puts must wait. */
struct gate {
    sem_t reached;
    sem_t open;
};

static inline void wait_at_gate(void *context, enum gbau_status status)
{
    struct gate *gate = context;
    (void)status;
    (void)sem_post(&gate->reached);
    (void)sem_wait(&gate->open);
}

static inline void hold_writer(struct session_store *store, struct gate *gate)
{
    struct bootstrapping_session session = session_number(999999);
    assert_int_equal(sem_init(&gate->reached, 0, 0), 0);
    assert_int_equal(sem_init(&gate->open, 0, 0), 0);
    assert_ok(session_store_put(store, &session, wait_at_gate, gate));
    assert_int_equal(sem_wait(&gate->reached), 0);
}

static inline void let_writer_go(struct gate *gate)
{
    assert_int_equal(sem_post(&gate->open), 0);
}

static inline void destroy_gate(struct gate *gate)
{
    assert_int_equal(sem_destroy(&gate->reached), 0);
    assert_int_equal(sem_destroy(&gate->open), 0);
}

/* What is found ---------------------------------------------------------------------------------------------------- */

static inline void assert_same_session(const struct bootstrapping_session *a, const struct bootstrapping_session *b)
{
    assert_string_equal(a->b_tid, b->b_tid);
    assert_string_equal(a->impi, b->impi);
    assert_string_equal(a->tmpi, b->tmpi);
    assert_string_equal(a->guss_xml, b->guss_xml);
    assert_memory_equal(a->ks.octets, b->ks.octets, AKA_KS_SIZE);
    assert_memory_equal(a->rand.octets, b->rand.octets, AKA_RAND_SIZE);
    assert_int_equal(a->mode, b->mode);
    assert_int_equal(a->created, b->created);
    assert_int_equal(a->expires, b->expires);
}

static inline void assert_found(struct session_store *store, const struct bootstrapping_session *session)
{
    static struct bootstrapping_session found;
    assert_ok(session_store_find(store, session->b_tid, &found));
    assert_same_session(&found, session);
}

static inline void assert_number_found(struct session_store *store, unsigned number)
{
    struct bootstrapping_session session = session_number(number);
    assert_found(store, &session);
}

static inline void assert_not_found(struct session_store *store, const char *b_tid, enum gbau_status expected)
{
    static struct bootstrapping_session found;
    static const uint8_t zeros[AKA_KS_SIZE];
    memset(&found, 0, sizeof found);
    assert_status(session_store_find(store, b_tid, &found), expected);
    assert_memory_equal(found.ks.octets, zeros, sizeof zeros);
}

static inline void assert_tmpi(struct session_store *store, const char *tmpi, const char *expected)
{
    char impi[SESSION_IMPI_SIZE] = "x";
    assert_status(session_store_find_impi(store, tmpi, impi), expected == NULL ? GBAU_E_NOT_FOUND : GBAU_OK);
    assert_string_equal(impi, expected == NULL ? "" : expected);
}

/* Behind the store's back, while it is closed ---------------------------------------------------------------------- */

static inline MDB_env *open_environment(void)
{
    MDB_env *environment = NULL;
    assert_int_equal(mdb_env_create(&environment), 0);
    assert_int_equal(mdb_env_set_maxdbs(environment, 3), 0);
    assert_int_equal(mdb_env_open(environment, store_path(), 0, 0600), 0);
    return environment;
}

static inline size_t entries_of(const char *table)
{
    MDB_env *environment = open_environment();
    MDB_txn *transaction = NULL;
    MDB_dbi dbi;
    MDB_stat facts;
    assert_int_equal(mdb_txn_begin(environment, NULL, MDB_RDONLY, &transaction), 0);
    assert_int_equal(mdb_dbi_open(transaction, table, 0, &dbi), 0);
    assert_int_equal(mdb_stat(transaction, dbi, &facts), 0);
    mdb_txn_abort(transaction);
    mdb_env_close(environment);
    return facts.ms_entries;
}

static inline size_t transactions_so_far(void)
{
    MDB_env *environment = open_environment();
    MDB_envinfo facts;
    assert_int_equal(mdb_env_info(environment, &facts), 0);
    mdb_env_close(environment);
    return facts.me_last_txnid;
}

/* Replaces the record of `identity`: an octet flipped, or cut to `length` octets, or lengthened. */
static inline void tamper(const char *table, const char *identity, size_t flipped, size_t length)
{
    static uint8_t record[2 * sizeof(struct bootstrapping_session)];
    char name[B_TID_SIZE];
    MDB_env *environment = open_environment();
    MDB_txn *transaction = NULL;
    MDB_dbi dbi;
    MDB_val data;
    (void)snprintf(name, sizeof name, "%s", identity);
    MDB_val key = {.mv_size = strlen(name), .mv_data = name};
    assert_int_equal(mdb_txn_begin(environment, NULL, 0, &transaction), 0);
    assert_int_equal(mdb_dbi_open(transaction, table, 0, &dbi), 0);
    assert_int_equal(mdb_get(transaction, dbi, &key, &data), 0);
    memset(record, 0, sizeof record);
    memcpy(record, data.mv_data, data.mv_size);
    record[flipped] ^= 0x10;
    data = (MDB_val){.mv_size = length == 0 ? data.mv_size : length, .mv_data = record};
    assert_int_equal(mdb_put(transaction, dbi, &key, &data, 0), 0);
    assert_int_equal(mdb_txn_commit(transaction), 0);
    mdb_env_close(environment);
}

/* What let_it_purge leaves in the index of ends, which has an entry for each put, even of the same session. */
enum { ENDS_OF_PURGING = 2 };

/* Lets the store's thread come around once more: it purges after it has completed a put. */
static inline void let_it_purge(struct session_store *store)
{
    struct bootstrapping_session session = session_number(777777);
    session.expires = INT64_MAX;
    assert_ok(put_and_wait(store, &session));
    assert_ok(put_and_wait(store, &session));
}

#endif
