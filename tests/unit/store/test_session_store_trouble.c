/* test_session_store_trouble.c: many threads and processes, kills, damage, and a map that is full. */
#include "session_store_testing.h"

/* Many at once ----------------------------------------------------------------------------------------------------- */

struct worker {
    struct session_store *store;
    unsigned first;
    bool failed;
};

static void *put_and_find_often(void *argument)
{
    struct worker *worker = argument;
    for (unsigned i = worker->first; i < worker->first + 40; i++) {
        struct bootstrapping_session session = session_number(i);
        struct bootstrapping_session found = {0};
        struct completion completion;
        (void)sem_init(&completion.called, 0, 0);
        if (session_store_put(worker->store, &session, note_completion, &completion) != GBAU_OK) {
            worker->failed = true;
            break;
        }
        (void)sem_wait(&completion.called);
        worker->failed |= completion.status != GBAU_OK ||
                          session_store_find(worker->store, session.b_tid, &found) != GBAU_OK ||
                          found.created != session.created || memcmp(&found.ks, &session.ks, sizeof found.ks) != 0;
        (void)sem_destroy(&completion.called);
    }
    return NULL;
}

static void serves_many_threads(void **state)
{
    (void)state;
    enum { WORKERS = 16 };
    struct session_store *store = open_store();
    struct worker workers[WORKERS];
    pthread_t threads[WORKERS];
    for (unsigned i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.store = store, .first = 1000 * i};
        assert_int_equal(pthread_create(&threads[i], NULL, put_and_find_often, &workers[i]), 0);
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(workers[i].failed);
    }
    session_store_close(store);
}

/* A child: puts version after version of one session, and tells each that is durable. */
static void put_versions_into(int pipe_end, unsigned first)
{
    struct session_store *store = NULL;
    if (session_store_open(store_path(), MAP_SIZE, wrap, &hand_moved_clock, NULL, &store) != GBAU_OK) {
        end_child(false);
    }
    for (unsigned version = first;; version++) {
        struct bootstrapping_session session = session_number(version);
        (void)snprintf(session.b_tid, sizeof session.b_tid, "one@bsf");
        (void)snprintf(session.tmpi, sizeof session.tmpi, "%s", TMPI);
        (void)snprintf(session.impi, sizeof session.impi, "%u@impi", version);
        if (put_and_wait(store, &session) != GBAU_OK || write(pipe_end, &version, sizeof version) < 0) {
            end_child(false);
        }
    }
}

static unsigned last_told(int pipe_end, unsigned before)
{
    unsigned version = before;
    while (read(pipe_end, &version, sizeof version) == (ssize_t)sizeof version) {
    }
    return version;
}

/* Either the last version that was told is there, or the one after it, and whole. */
static unsigned assert_old_or_new(unsigned told)
{
    static struct bootstrapping_session found;
    char impi[SESSION_IMPI_SIZE];
    struct session_store *store = open_store();
    enum gbau_status status = session_store_find(store, "one@bsf", &found);
    if (told == 0 && status == GBAU_E_NOT_FOUND) {
        session_store_close(store);
        return 0;
    }
    assert_ok(status);
    unsigned version = (unsigned)(found.created - START);
    struct bootstrapping_session expected = session_number(version);
    assert_in_range(version, told, told + 1);
    assert_memory_equal(found.ks.octets, expected.ks.octets, AKA_KS_SIZE);
    assert_memory_equal(found.rand.octets, expected.rand.octets, AKA_RAND_SIZE);
    assert_ok(session_store_find_impi(store, TMPI, impi));
    assert_string_equal(impi, found.impi);
    session_store_close(store);
    return version;
}

static void a_kill_leaves_the_old_or_the_new(void **state)
{
    (void)state;
    enum { KILLS = 30 };
    unsigned version = 0;
    for (long i = 0; i < KILLS; i++) {
        const struct timespec pause = {.tv_nsec = (3 + i % 13) * 1000000L};
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            put_versions_into(ends[1], version + 1);
        }
        (void)close(ends[1]);
        (void)nanosleep(&pause, NULL);
        kill_child(child);
        version = assert_old_or_new(last_told(ends[0], version));
        (void)close(ends[0]);
    }
    assert_true(version > 0);
}

/* The child opens the store after this process has, and before it closes it. */
static void processes_share_a_store(void **state)
{
    (void)state;
    int to_child[2];
    char token = 'x';
    assert_int_equal(pipe(to_child), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        static struct bootstrapping_session found;
        struct bootstrapping_session theirs = session_number(1);
        struct bootstrapping_session ours = session_number(2);
        bool well = read(to_child[0], &token, 1) == 1;
        struct session_store *store = open_store();
        well = well && session_store_find(store, theirs.b_tid, &found) == GBAU_OK;
        well = well && put_and_wait(store, &ours) == GBAU_OK;
        session_store_close(store);
        end_child(well);
    }
    struct session_store *store = open_store();
    put_number(store, 1);
    assert_int_equal(write(to_child[1], &token, 1), 1);
    assert_child_ended_well(child);
    assert_number_found(store, 2);
    session_store_close(store);
    (void)close(to_child[0]);
    (void)close(to_child[1]);
}

/* Damage ----------------------------------------------------------------------------------------------------------- */

static void damaged_records_are_noticed(void **state)
{
    (void)state;
    static const struct {
        size_t flipped;
        size_t length;
    } damages[] = {{0, 0}, {5, 0}, {20, 0}, {40, 0}, {120, 0}, {0, 1}, {0, 50}, {0, 8000}, {0, 9500}};
    struct bootstrapping_session session = session_number(1);
    (void)snprintf(session.tmpi, sizeof session.tmpi, "%s", TMPI);
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        struct session_store *store = open_store();
        char impi[SESSION_IMPI_SIZE];
        assert_ok(put_and_wait(store, &session));
        put_number(store, 2);
        session_store_close(store);
        tamper("sessions", session.b_tid, damages[i].flipped, damages[i].length);
        tamper("tmpis", TMPI, damages[i].flipped % 80, damages[i].length);
        store = open_store();
        assert_not_found(store, session.b_tid, GBAU_E_CORRUPT);
        assert_status(session_store_find_impi(store, TMPI, impi), GBAU_E_CORRUPT);
        assert_string_equal(impi, "");
        assert_number_found(store, 2);
        session_store_close(store);
    }
}

static void damaged_records_are_removed_at_their_end(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    put_number(store, 1);
    session_store_close(store);
    tamper("sessions", session_number(1).b_tid, 0, 0);
    atomic_store(&time_now, START + LIFETIME);
    session_store_close(open_store());
    assert_int_equal(entries_of("sessions"), 0);
}

static void another_key_opens_nothing(void **state)
{
    (void)state;
    struct key_wrap *other = open_wrap(&place, "other", KEY_2);
    struct session_store *store = open_store();
    put_number(store, 1);
    session_store_close(store);
    assert_ok(session_store_open(store_path(), MAP_SIZE, other, &hand_moved_clock, NULL, &store));
    assert_not_found(store, session_number(1).b_tid, GBAU_E_CORRUPT);
    session_store_close(store);
    key_wrap_close(other);
}

static void damage_is_logged_once_without_secrets(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    char *text = NULL;
    size_t length = 0;
    put_number(store, 1);
    session_store_close(store);
    tamper("sessions", session.b_tid, 30, 0);
    struct log log = {.stream = open_memstream(&text, &length), .program = "test", .level = LOG_LEVEL_DEBUG};
    assert_ok(session_store_open(store_path(), MAP_SIZE, wrap, &hand_moved_clock, &log, &store));
    assert_not_found(store, session.b_tid, GBAU_E_CORRUPT);
    session_store_close(store);
    (void)fclose(log.stream);
    assert_non_null(strstr(text, session.b_tid));
    assert_int_equal(strchr(text, '\n') - text, length - 1);
    free(text);
}

/* A full map ------------------------------------------------------------------------------------------------------- */

enum { SHORT_LIFETIME = 20 }; /* less than the store waits from purge to purge when it has room */

static struct bootstrapping_session large_session(unsigned number)
{
    struct bootstrapping_session session = session_number(number);
    memset(session.guss_xml, 'g', sizeof session.guss_xml - 1);
    (void)snprintf(session.tmpi, sizeof session.tmpi, "%u@tmpi", number);
    session.expires = atomic_load(&time_now) + SHORT_LIFETIME;
    return session;
}

/* Puts until the map is full, and gives the number of the first session that found no room. */
static unsigned fill(struct session_store *store, unsigned number)
{
    for (unsigned first = number; number < first + 1000; number++) {
        struct bootstrapping_session session = large_session(number);
        enum gbau_status status = put_and_wait(store, &session);
        if (status != GBAU_OK) {
            assert_int_equal(status, GBAU_E_STORAGE);
            return number;
        }
    }
    fail_msg("a map of 1 MiB held 1,000 sessions of 8 KiB");
    return number;
}

static void a_full_map_stays_usable(void **state)
{
    (void)state;
    struct session_store *store = open_store_of(1 << 20);
    unsigned number = 0;
    unsigned held_at_first = 0;
    for (unsigned round = 0; round < 10; round++) {
        unsigned first = number;
        number = fill(store, first);
        held_at_first = round == 0 ? number : held_at_first;
        assert_true(2 * (number - first) > held_at_first); /* the room that was lost comes back */
        assert_not_found(store, session_number(number).b_tid, GBAU_E_NOT_FOUND);
        for (unsigned i = first; i < number; i++) {
            struct bootstrapping_session session = large_session(i);
            assert_found(store, &session);
            assert_tmpi(store, session.tmpi, IMPI);
        }
        atomic_fetch_add(&time_now, SHORT_LIFETIME);
        struct bootstrapping_session late = large_session(number);
        (void)put_and_wait(store, &late); /* lets it purge; there may be no room yet */
        (void)put_and_wait(store, &late);
        number++;
    }
    session_store_close(store);
}

static void a_full_map_is_usable_when_opened_again(void **state)
{
    (void)state;
    struct session_store *store = open_store_of(1 << 20);
    unsigned number = fill(store, 0);
    session_store_close(store);
    store = open_store_of(1 << 20);
    struct bootstrapping_session session = large_session(number);
    assert_status(put_and_wait(store, &session), GBAU_E_STORAGE);
    session_store_close(store);
    atomic_fetch_add(&time_now, SHORT_LIFETIME);
    store = open_store_of(1 << 20);
    (void)put_and_wait(store, &session);
    (void)fill(store, number + 1);
    session_store_close(store);
}

/* Together they do not fit, so as many as do are kept. */
static void what_fits_of_a_batch_is_kept(void **state)
{
    (void)state;
    enum { PUTS = 200 };
    struct session_store *store = open_store_of(1 << 20);
    struct gate gate;
    struct tally tally = {0};
    unsigned found = 0;
    hold_writer(store, &gate);
    for (unsigned i = 0; i < PUTS; i++) {
        struct bootstrapping_session session = large_session(i);
        assert_ok(session_store_put(store, &session, count_completion, &tally));
    }
    let_writer_go(&gate);
    session_store_close(store);
    assert_int_equal(tally.completed, PUTS);
    assert_in_range(tally.failed, 1, PUTS - 1);
    store = open_store_of(1 << 20);
    for (unsigned i = 0; i < PUTS; i++) {
        static struct bootstrapping_session session;
        found += session_store_find(store, session_number(i).b_tid, &session) == GBAU_OK;
    }
    assert_int_equal(found, PUTS - tally.failed);
    session_store_close(store);
    destroy_gate(&gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(serves_many_threads),
        TEST(a_kill_leaves_the_old_or_the_new),
        TEST(processes_share_a_store),
        TEST(damaged_records_are_noticed),
        TEST(damaged_records_are_removed_at_their_end),
        TEST(another_key_opens_nothing),
        TEST(damage_is_logged_once_without_secrets),
        TEST(a_full_map_stays_usable),
        TEST(a_full_map_is_usable_when_opened_again),
        TEST(what_fits_of_a_batch_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
