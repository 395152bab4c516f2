/* test_session_store.c: sessions are found until they end, and are durable when they are said to be. */
#include "session_store_testing.h"

#include <sched.h>

/* Opening ---------------------------------------------------------------------------------------------------------- */

static void makes_a_private_store(void **state)
{
    (void)state;
    struct stat facts;
    mode_t mask = umask(0);
    struct session_store *store = open_store();
    (void)umask(mask);
    static const struct {
        const char *name;
        mode_t mode;
    } files[] = {{"sessions", 0700}, {"sessions/data.mdb", 0600}, {"sessions/lock.mdb", 0600}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(stat(place_path(&place, files[i].name), &facts), 0);
        assert_int_equal(facts.st_mode & 07777, files[i].mode);
    }
    session_store_close(store);
    session_store_close(NULL);
}

static void refuses_to_open_nonsense(void **state)
{
    (void)state;
    struct session_store *store = NULL;
    const struct clock *clock = &hand_moved_clock;
    assert_status(session_store_open(store_path(), MAP_SIZE, NULL, clock, NULL, &store), GBAU_E_ARGUMENT);
    assert_status(session_store_open(store_path(), 4096, wrap, clock, NULL, &store), GBAU_E_ARGUMENT);
    assert_status(session_store_open(place_path(&place, "missing/sessions"), MAP_SIZE, wrap, clock, NULL, &store),
                  GBAU_E_STORAGE);
    assert_status(session_store_open(place_path(&place, "key"), MAP_SIZE, wrap, clock, NULL, &store), GBAU_E_STORAGE);
    assert_null(store);
}

static void refuses_what_is_no_store(void **state)
{
    (void)state;
    struct session_store *store = NULL;
    char text[8192];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(mkdir(store_path(), 0700), 0);
    write_file(place_path(&place, "sessions/data.mdb"), text, 0600);
    assert_status(session_store_open(store_path(), MAP_SIZE, wrap, &hand_moved_clock, NULL, &store), GBAU_E_CORRUPT);
    assert_null(store);
}

/* Putting and finding ---------------------------------------------------------------------------------------------- */

static void finds_what_was_put(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    (void)snprintf(session.tmpi, sizeof session.tmpi, "%s", TMPI);
    assert_not_found(store, session.b_tid, GBAU_E_NOT_FOUND);
    assert_tmpi(store, TMPI, NULL);
    assert_ok(put_and_wait(store, &session));
    assert_found(store, &session);
    assert_tmpi(store, TMPI, IMPI);
    session_store_close(store);
}

static void finds_nothing_under_impossible_names(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    char endless[2000];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    put_number(store, 1);
    assert_not_found(store, "", GBAU_E_NOT_FOUND);
    assert_not_found(store, endless, GBAU_E_NOT_FOUND);
    assert_tmpi(store, "", NULL);
    assert_tmpi(store, endless, NULL);
    session_store_close(store);
}

static void stores_the_largest_session(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    memset(session.b_tid, 'b', sizeof session.b_tid - 1);
    memset(session.impi, 'i', sizeof session.impi - 1);
    memset(session.tmpi, 't', sizeof session.tmpi - 1);
    memset(session.guss_xml, 'g', sizeof session.guss_xml - 1);
    assert_ok(put_and_wait(store, &session));
    assert_found(store, &session);
    assert_tmpi(store, session.tmpi, session.impi);
    session_store_close(store);
}

static void refuses_to_put_nonsense(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct tally tally = {0};
    struct bootstrapping_session session = session_number(1);
    session.b_tid[0] = '\0';
    assert_status(session_store_put(store, &session, count_completion, &tally), GBAU_E_ARGUMENT);
    session = session_number(1);
    memset(session.tmpi, 'x', sizeof session.tmpi);
    assert_status(session_store_put(store, &session, count_completion, &tally), GBAU_E_ARGUMENT);
    session_store_close(store);
    assert_int_equal(tally.completed, 0);
}

static void replaces_a_session(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    assert_ok(put_and_wait(store, &session));
    memset(session.ks.octets, 0xee, AKA_KS_SIZE);
    session.guss_xml[0] = '\0';
    session.expires += LIFETIME;
    assert_ok(put_and_wait(store, &session));
    assert_found(store, &session);
    session_store_close(store);
    assert_int_equal(entries_of("sessions"), 1);
}

static void the_file_shows_no_ks(void **state)
{
    (void)state;
    static uint8_t content[1 << 20];
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    from_hex("4b732e4b732e4b73deadbeef4b732e4b4b732e4b732e4b73deadbeef4b732e4b", session.ks.octets, AKA_KS_SIZE);
    assert_ok(put_and_wait(store, &session));
    session_store_close(store);
    FILE *file = fopen(place_path(&place, "sessions/data.mdb"), "re");
    assert_non_null(file);
    size_t length = fread(content, 1, sizeof content, file);
    (void)fclose(file);
    assert_non_null(memmem(content, length, session.b_tid, strlen(session.b_tid)));
    assert_null(memmem(content, length, session.ks.octets, 8));
}

static void keeps_sessions_when_it_is_opened_again(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    for (unsigned i = 0; i < 20; i++) {
        put_number(store, i);
    }
    session_store_close(store);
    store = open_store();
    for (unsigned i = 0; i < 20; i++) {
        assert_number_found(store, i);
    }
    session_store_close(store);
}

/* The end of life -------------------------------------------------------------------------------------------------- */

static void sessions_end(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    (void)snprintf(session.tmpi, sizeof session.tmpi, "%s", TMPI);
    assert_ok(put_and_wait(store, &session));
    atomic_store(&time_now, session.expires - 1);
    assert_found(store, &session);
    assert_tmpi(store, TMPI, IMPI);
    atomic_store(&time_now, session.expires);
    assert_not_found(store, session.b_tid, GBAU_E_NOT_FOUND);
    assert_tmpi(store, TMPI, NULL);
    session_store_close(store);
}

static void ended_sessions_are_removed(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    for (unsigned i = 0; i < 30; i++) {
        struct bootstrapping_session session = session_number(i);
        (void)snprintf(session.tmpi, sizeof session.tmpi, "%u@tmpi", i);
        session.expires = START + (i < 10 ? 100 : 1000);
        assert_ok(put_and_wait(store, &session));
    }
    atomic_store(&time_now, START + 100);
    let_it_purge(store);
    session_store_close(store);
    assert_int_equal(entries_of("sessions"), 21);
    assert_int_equal(entries_of("tmpis"), 20);
    assert_int_equal(entries_of("ends"), 40 + ENDS_OF_PURGING);
    atomic_store(&time_now, START + 1000);
    session_store_close(open_store()); /* purges as it opens */
    assert_int_equal(entries_of("sessions"), 1);
    assert_int_equal(entries_of("tmpis"), 0);
    assert_int_equal(entries_of("ends"), ENDS_OF_PURGING);
}

static void more_may_end_than_one_purge_removes(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct tally tally = {0};
    for (unsigned i = 0; i < 1000; i++) {
        struct bootstrapping_session session = session_number(i);
        (void)snprintf(session.tmpi, sizeof session.tmpi, "%u@tmpi", i);
        assert_ok(session_store_put(store, &session, count_completion, &tally));
    }
    session_store_close(store);
    assert_int_equal(tally.failed, 0);
    assert_true(entries_of("ends") >= 2000);
    atomic_store(&time_now, START + LIFETIME);
    store = open_store();
    for (int i = 0; i < 8; i++) {
        let_it_purge(store);
    }
    session_store_close(store);
    assert_int_equal(entries_of("sessions"), 1);
    assert_int_equal(entries_of("tmpis"), 0);
}

static void a_prolonged_session_survives_its_first_end(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    (void)snprintf(session.tmpi, sizeof session.tmpi, "%s", TMPI);
    assert_ok(put_and_wait(store, &session));
    session.expires += LIFETIME;
    assert_ok(put_and_wait(store, &session));
    atomic_store(&time_now, START + LIFETIME);
    let_it_purge(store);
    assert_found(store, &session);
    assert_tmpi(store, TMPI, IMPI);
    atomic_store(&time_now, session.expires);
    let_it_purge(store);
    session_store_close(store);
    assert_int_equal(entries_of("sessions"), 1);
    assert_int_equal(entries_of("tmpis"), 0);
    assert_int_equal(entries_of("ends"), 2 * ENDS_OF_PURGING);
}

static void a_tmpi_leads_to_the_latest(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session first = session_number(1);
    struct bootstrapping_session second = session_number(2);
    (void)snprintf(first.tmpi, sizeof first.tmpi, "%s", TMPI);
    (void)snprintf(second.tmpi, sizeof second.tmpi, "%s", TMPI);
    (void)snprintf(second.impi, sizeof second.impi, "%s", IMPI_2);
    second.expires += LIFETIME;
    assert_ok(put_and_wait(store, &first));
    assert_ok(put_and_wait(store, &second));
    assert_tmpi(store, TMPI, IMPI_2);
    assert_found(store, &first); /* NAFs may still ask for it until it ends */
    atomic_store(&time_now, first.expires);
    let_it_purge(store);
    assert_not_found(store, first.b_tid, GBAU_E_NOT_FOUND);
    assert_found(store, &second);
    assert_tmpi(store, TMPI, IMPI_2);
    atomic_store(&time_now, second.expires);
    assert_tmpi(store, TMPI, NULL);
    session_store_close(store);
}

/* Group commit ----------------------------------------------------------------------------------------------------- */

static void a_thousand_puts_share_their_commits(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct gate gate;
    struct tally tally = {0};
    hold_writer(store, &gate);
    for (unsigned i = 0; i < 1000; i++) {
        struct bootstrapping_session session = session_number(i);
        assert_ok(session_store_put(store, &session, count_completion, &tally));
    }
    assert_int_equal(tally.completed, 0);
    let_writer_go(&gate);
    session_store_close(store);
    assert_int_equal(tally.completed, 1000);
    assert_int_equal(tally.failed, 0);
    assert_int_equal(entries_of("sessions"), 1001);
    assert_in_range(transactions_so_far(), 1, 5); /* the tables, the put that holds, and all the others together */
    destroy_gate(&gate);
}

static void closing_commits_what_waits(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct tally tally = {0};
    for (unsigned i = 0; i < 300; i++) {
        struct bootstrapping_session session = session_number(i);
        assert_ok(session_store_put(store, &session, count_completion, &tally));
    }
    session_store_close(store);
    assert_int_equal(tally.completed, 300);
    assert_int_equal(tally.failed, 0);
    store = open_store();
    for (unsigned i = 0; i < 300; i++) {
        assert_number_found(store, i);
    }
    session_store_close(store);
}

static void too_many_puts_are_refused(void **state)
{
    (void)state;
    struct session_store *store = open_store();
    struct bootstrapping_session session = session_number(1);
    struct gate gate;
    struct tally tally = {0};
    hold_writer(store, &gate);
    for (unsigned i = 0; i < 1024; i++) {
        assert_ok(session_store_put(store, &session, count_completion, &tally));
    }
    assert_status(session_store_put(store, &session, count_completion, &tally), GBAU_E_BUSY);
    assert_status(session_store_put(store, &session, count_completion, &tally), GBAU_E_BUSY);
    let_writer_go(&gate);
    while (session_store_put(store, &session, count_completion, &tally) == GBAU_E_BUSY) {
        (void)sched_yield(); /* until those that waited are taken */
    }
    session_store_close(store);
    assert_int_equal(tally.completed, 1025);
    assert_int_equal(tally.failed, 0);
    destroy_gate(&gate);
}

struct chain {
    struct session_store *store;
    struct completion last;
};

static void put_again(void *context, enum gbau_status status)
{
    struct chain *chain = context;
    struct bootstrapping_session session = session_number(2);
    if (status != GBAU_OK || session_store_put(chain->store, &session, note_completion, &chain->last) != GBAU_OK) {
        note_completion(&chain->last, GBAU_E_STORAGE);
    }
}

static void a_completion_may_put_again(void **state)
{
    (void)state;
    struct chain chain = {.store = open_store()};
    struct bootstrapping_session session = session_number(1);
    assert_int_equal(sem_init(&chain.last.called, 0, 0), 0);
    assert_ok(session_store_put(chain.store, &session, put_again, &chain));
    assert_int_equal(sem_wait(&chain.last.called), 0);
    assert_ok(chain.last.status);
    assert_number_found(chain.store, 2);
    session_store_close(chain.store);
    assert_int_equal(sem_destroy(&chain.last.called), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(makes_a_private_store),
        TEST(refuses_to_open_nonsense),
        TEST(refuses_what_is_no_store),
        TEST(finds_what_was_put),
        TEST(finds_nothing_under_impossible_names),
        TEST(stores_the_largest_session),
        TEST(refuses_to_put_nonsense),
        TEST(replaces_a_session),
        TEST(the_file_shows_no_ks),
        TEST(keeps_sessions_when_it_is_opened_again),
        TEST(sessions_end),
        TEST(ended_sessions_are_removed),
        TEST(more_may_end_than_one_purge_removes),
        TEST(a_prolonged_session_survives_its_first_end),
        TEST(a_tmpi_leads_to_the_latest),
        TEST(a_thousand_puts_share_their_commits),
        TEST(closing_commits_what_waits),
        TEST(too_many_puts_are_refused),
        TEST(a_completion_may_put_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
