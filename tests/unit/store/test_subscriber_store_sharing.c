/* test_subscriber_store_sharing.c: no SEQ is ever given out twice, whoever asks and whoever is killed. */
#include "subscriber_store_testing.h"

#include <pthread.h>
#include <time.h>

enum { THREADS = 64, RESERVATIONS = 16, RESERVED_AT_ONCE = 3 };

struct reserver {
    struct subscriber_store *store;
    uint64_t firsts[RESERVATIONS];
    bool failed;
};

static void *reserve_often(void *argument)
{
    struct reserver *reserver = argument;
    struct subscriber subscriber;
    for (size_t i = 0; i < RESERVATIONS; i++) {
        reserver->failed |= subscriber_store_reserve_seq(reserver->store, IMPI, RESERVED_AT_ONCE, &subscriber,
                                                         &reserver->firsts[i]) != GBAU_OK;
    }
    return NULL;
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;
    return (*left > *right) - (*left < *right);
}

/* Reservations of `step` values each that overlap nowhere and leave no gap, the first of them at 1. */
static void assert_distinct(uint64_t *firsts, size_t count, uint64_t step)
{
    qsort(firsts, count, sizeof *firsts, compare_numbers);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(firsts[i], 1 + i * step);
    }
}

static void sixty_four_threads_never_share_a_value(void **state)
{
    (void)state;
    static struct reserver reservers[THREADS];
    static uint64_t firsts[THREADS * RESERVATIONS];
    pthread_t threads[THREADS];
    struct subscriber_store *store = open_store_with(&subscriber_1, 0);
    for (size_t i = 0; i < THREADS; i++) {
        reservers[i] = (struct reserver){.store = store};
        assert_int_equal(pthread_create(&threads[i], NULL, reserve_often, &reservers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(reservers[i].failed);
        memcpy(firsts + i * RESERVATIONS, reservers[i].firsts, sizeof reservers[i].firsts);
    }
    assert_distinct(firsts, THREADS * RESERVATIONS, RESERVED_AT_ONCE);
    subscriber_store_close(store);
}

/* A child: opens the store for itself and writes what it reserves into the pipe, `count` times. */
static void reserve_into(int pipe_end, size_t count)
{
    struct subscriber_store *store = NULL;
    struct subscriber subscriber;
    uint64_t first = 0;
    bool well = subscriber_store_open(database_path(), true, wrap, NULL, &store) == GBAU_OK;
    for (size_t i = 0; well && i < count; i++) {
        well = subscriber_store_reserve_seq(store, IMPI, RESERVED_AT_ONCE, &subscriber, &first) == GBAU_OK &&
               write(pipe_end, &first, sizeof first) == (ssize_t)sizeof first;
    }
    subscriber_store_close(store);
    end_child(well);
}

static pid_t start_reserver(int pipe_end, size_t count)
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        reserve_into(pipe_end, count);
    }
    return child;
}

static void many_processes_never_share_a_value(void **state)
{
    (void)state;
    enum { PROCESSES = 6, EACH = 40 };
    static uint64_t firsts[PROCESSES * EACH];
    pid_t children[PROCESSES];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = start_reserver(ends[1], EACH);
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_child_ended_well(children[i]);
    }
    for (size_t i = 0; i < PROCESSES * EACH; i++) {
        assert_int_equal(read(ends[0], &firsts[i], sizeof firsts[i]), sizeof firsts[i]);
    }
    assert_distinct(firsts, PROCESSES * EACH, RESERVED_AT_ONCE);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

static void many_processes_make_one_database(void **state)
{
    (void)state;
    enum { PROCESSES = 8 };
    pid_t children[PROCESSES];
    for (size_t i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            struct subscriber_store *store = NULL;
            bool well = subscriber_store_open(database_path(), true, wrap, NULL, &store) == GBAU_OK;
            subscriber_store_close(store);
            end_child(well);
        }
    }
    for (size_t i = 0; i < PROCESSES; i++) {
        assert_child_ended_well(children[i]);
    }
}

static void pause_milliseconds(long milliseconds)
{
    const struct timespec pause = {.tv_nsec = milliseconds * 1000000L};
    (void)nanosleep(&pause, NULL);
}

/* All that a killed child told; each value must be above every one told before. */
static size_t assert_growing(int pipe_end, uint64_t *last)
{
    uint64_t first = 0;
    size_t count = 0;
    while (read(pipe_end, &first, sizeof first) == (ssize_t)sizeof first) {
        assert_true(first > *last);
        *last = first + RESERVED_AT_ONCE - 1;
        count++;
    }
    return count;
}

static void no_value_comes_again_after_kill(void **state)
{
    (void)state;
    enum { KILLS = 50 };
    uint64_t last = 0;
    size_t told = 0;
    subscriber_store_close(open_store_with(&subscriber_1, 0));
    for (long i = 0; i < KILLS; i++) {
        int ends[2];
        assert_int_equal(pipe(ends), 0);
        pid_t child = start_reserver(ends[1], SIZE_MAX);
        (void)close(ends[1]);
        pause_milliseconds(3 + i % 17);
        kill_child(child);
        told += assert_growing(ends[0], &last);
        (void)close(ends[0]);
    }
    assert_true(told > 0);
    struct subscriber_store *store = open_store();
    assert_true(reserve(store, 1) > last);
    assert_find(store, IMPI, GBAU_OK);
    subscriber_store_close(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(sixty_four_threads_never_share_a_value),
        TEST(many_processes_never_share_a_value),
        TEST(many_processes_make_one_database),
        TEST(no_value_comes_again_after_kill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
