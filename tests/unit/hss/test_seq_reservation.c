/* test_seq_reservation.c: no SEQ is ever handed out twice, whatever threads, restarts, clocks and names do. */
#include "hss_testing.h"

#include <pthread.h>

#include "base/hash.h"
#include "hss/seq_reservation.h"

enum { BLOCK = 8, THREADS = 16, TAKES = 200, SLOTS = 1024, LIFETIME_S = 60 };

static struct seq_reservation *open_reservation(struct stock *stock, uint32_t block)
{
    struct seq_reservation *reservation = NULL;
    assert_ok(seq_reservation_open(stock->store, block, &stock->clock, &reservation));
    return reservation;
}

static uint64_t take(struct seq_reservation *reservation, const char *impi)
{
    struct subscriber subscriber;
    uint64_t seq = 0;
    assert_ok(seq_reservation_take(reservation, impi, &subscriber, &seq));
    assert_string_equal(subscriber.impi, impi);
    return seq;
}

/* What another process would reserve next: everything below is used up durably. */
static uint64_t reserve_behind(struct stock *stock, const char *impi)
{
    struct subscriber subscriber;
    uint64_t first = 0;
    assert_ok(subscriber_store_reserve_seq(stock->store, impi, 1, &subscriber, &first));
    return first;
}

static void test_in_order_across_blocks(void **state)
{
    struct seq_reservation *reservation = open_reservation(*state, BLOCK);
    for (uint64_t expected = 1; expected <= 5 * BLOCK; expected++) {
        assert_int_equal(take(reservation, IMPI), expected);
    }
    seq_reservation_close(reservation);
}

static void test_gives_the_subscriber(void **state)
{
    struct seq_reservation *reservation = open_reservation(*state, BLOCK);
    for (unsigned i = 0; i < 2; i++) { /* from the store, and from the block */
        struct subscriber subscriber;
        uint64_t seq = 0;
        memset(&subscriber, 0xff, sizeof subscriber);
        assert_ok(seq_reservation_take(reservation, IMPI_2, &subscriber, &seq));
        assert_int_equal(seq, 501 + i);
        assert_string_equal(subscriber.imsi, subscriber_2.imsi);
        assert_memory_equal(subscriber.k.octets, subscriber_2.k.octets, AKA_K_SIZE);
        assert_memory_equal(subscriber.opc.octets, subscriber_2.opc.octets, AKA_OPC_SIZE);
        assert_int_equal(subscriber.uicc_type, GUSS_UICC_GBA);
    }
    seq_reservation_close(reservation);
}

/* A block is durable before its first value is given, and one write pays for all of it. */
static void test_block_boundaries(void **state)
{
    struct seq_reservation *reservation = open_reservation(*state, BLOCK);
    assert_int_equal(take(reservation, IMPI), 1);
    assert_int_equal(reserve_behind(*state, IMPI), BLOCK + 1);
    for (uint64_t expected = 2; expected <= BLOCK; expected++) {
        assert_int_equal(take(reservation, IMPI), expected);
    }
    assert_int_equal(take(reservation, IMPI), BLOCK + 2);
    assert_int_equal(reserve_behind(*state, IMPI), 2 * BLOCK + 2);
    seq_reservation_close(reservation);
}

static void test_block_of_one(void **state)
{
    struct seq_reservation *reservation = open_reservation(*state, 1);
    for (uint64_t expected = 1; expected <= 5; expected += 2) {
        assert_int_equal(take(reservation, IMPI), expected);
        assert_int_equal(reserve_behind(*state, IMPI), expected + 1);
    }
    seq_reservation_close(reservation);
}

static void test_lost_blocks_leave_gaps(void **state)
{
    uint64_t last = 0;
    for (unsigned run = 0; run < 4; run++) {
        struct seq_reservation *reservation = open_reservation(*state, BLOCK);
        assert_int_equal(take(reservation, IMPI), run * BLOCK + 1);
        last = take(reservation, IMPI);
        assert_int_equal(last, run * BLOCK + 2);
        seq_reservation_close(reservation);
    }
    assert_int_equal(reserve_behind(*state, IMPI), 4 * BLOCK + 1);
}

/* Two HSS processes on one database never meet. */
static void test_two_reservations(void **state)
{
    bool seen[200] = {false};
    struct seq_reservation *both[] = {open_reservation(*state, BLOCK), open_reservation(*state, BLOCK)};
    for (unsigned i = 0; i < 100; i++) {
        const uint64_t seq = take(both[i * 7 / 3 % 2], IMPI);
        assert_true(seq < 200);
        assert_false(seen[seq]);
        seen[seq] = true;
    }
    seq_reservation_close(both[0]);
    seq_reservation_close(both[1]);
}

static void test_block_expires(void **state)
{
    struct stock *stock = *state;
    struct seq_reservation *reservation = open_reservation(stock, BLOCK);
    assert_int_equal(take(reservation, IMPI), 1);
    atomic_store(&stock->now, START + LIFETIME_S - 1);
    assert_int_equal(take(reservation, IMPI), 2);
    atomic_store(&stock->now, START + LIFETIME_S);
    assert_int_equal(take(reservation, IMPI), BLOCK + 1);
    atomic_store(&stock->now, START + 2 * LIFETIME_S - 1);
    assert_int_equal(take(reservation, IMPI), BLOCK + 2);
    atomic_store(&stock->now, START + 2 * LIFETIME_S);
    assert_int_equal(take(reservation, IMPI), 2 * BLOCK + 1);
    seq_reservation_close(reservation);
}

static void test_clock_steps_back(void **state)
{
    struct stock *stock = *state;
    struct seq_reservation *reservation = open_reservation(stock, BLOCK);
    assert_int_equal(take(reservation, IMPI), 1);
    atomic_store(&stock->now, START - 100000);
    assert_int_equal(take(reservation, IMPI), 2);
    atomic_store(&stock->now, START + 100000);
    assert_int_equal(take(reservation, IMPI), BLOCK + 1);
    seq_reservation_close(reservation);
}

static void test_raise(void **state)
{
    struct seq_reservation *reservation = open_reservation(*state, BLOCK);
    assert_int_equal(take(reservation, IMPI), 1);
    assert_ok(seq_reservation_raise(reservation, IMPI, 1000));
    assert_int_equal(take(reservation, IMPI), 1001);
    assert_ok(seq_reservation_raise(reservation, IMPI, 5)); /* never lowers, but gives the block up */
    assert_int_equal(take(reservation, IMPI), 1001 + BLOCK);
    assert_int_equal(take(reservation, IMPI_2), 501);
    assert_status(seq_reservation_raise(reservation, NOBODY, 7), GBAU_E_NOT_FOUND);
    assert_status(seq_reservation_raise(reservation, IMPI, SUBSCRIBER_SEQ_MAX + 1), GBAU_E_ARGUMENT);
    assert_int_equal(take(reservation, IMPI), 1001 + 2 * BLOCK);
    seq_reservation_close(reservation);
}

static void test_no_numbers_left(void **state)
{
    struct subscriber subscriber;
    uint64_t seq = 0;
    struct seq_reservation *reservation = open_reservation(*state, 4);
    assert_ok(seq_reservation_raise(reservation, IMPI, SUBSCRIBER_SEQ_MAX - 4));
    for (uint64_t expected = SUBSCRIBER_SEQ_MAX - 3; expected <= SUBSCRIBER_SEQ_MAX; expected++) {
        assert_int_equal(take(reservation, IMPI), expected);
    }
    assert_status(seq_reservation_take(reservation, IMPI, &subscriber, &seq), GBAU_E_LIMIT);
    assert_status(seq_reservation_take(reservation, IMPI, &subscriber, &seq), GBAU_E_LIMIT);
    assert_int_equal(take(reservation, IMPI_2), 501);
    seq_reservation_close(reservation);
}

/* Names that share a slot */

static void find_colliding_name(char *name, size_t size)
{
    for (unsigned number = 0;; number++) {
        (void)snprintf(name, size, "%u@nobody.example.com", number);
        if (hash_text(name) % SLOTS == hash_text(IMPI) % SLOTS) {
            return;
        }
    }
}

/* Anyone can name users who do not exist: that must not cost those who do their blocks. */
static void test_unknown_name_costs_no_block(void **state)
{
    char name[64];
    struct subscriber subscriber;
    uint64_t seq = 0;
    struct seq_reservation *reservation = open_reservation(*state, BLOCK);
    find_colliding_name(name, sizeof name);
    for (uint64_t expected = 1; expected <= BLOCK; expected++) {
        assert_int_equal(take(reservation, IMPI), expected);
        assert_status(seq_reservation_take(reservation, name, &subscriber, &seq), GBAU_E_NOT_FOUND);
    }
    assert_int_equal(reserve_behind(*state, IMPI), BLOCK + 1);
    seq_reservation_close(reservation);
}

static void test_two_in_one_slot(void **state)
{
    struct stock *stock = *state;
    struct subscriber other = {.imsi = "001010000000003"};
    struct seq_reservation *reservation = open_reservation(stock, BLOCK);
    find_colliding_name(other.impi, sizeof other.impi);
    assert_ok(subscriber_store_add(stock->store, &other, 90000));
    for (uint64_t round = 0; round < 5; round++) {
        assert_int_equal(take(reservation, IMPI), round * BLOCK + 1);
        assert_int_equal(take(reservation, other.impi), 90000 + round * BLOCK + 1);
    }
    seq_reservation_close(reservation);
}

/* Threads */

struct taker {
    struct seq_reservation *reservation;
    atomic_uint *go;
    unsigned failures;
    uint64_t seqs[TAKES];
};

static void *run_taker(void *context)
{
    struct taker *taker = context;
    atomic_fetch_add(taker->go, 1);
    while (atomic_load(taker->go) < THREADS) {
    }
    for (size_t i = 0; i < TAKES; i++) {
        struct subscriber subscriber;
        taker->failures += seq_reservation_take(taker->reservation, IMPI, &subscriber, &taker->seqs[i]) != GBAU_OK ||
                           strcmp(subscriber.impi, IMPI) != 0;
    }
    return NULL;
}

static int compare_seqs(const void *a, const void *b)
{
    const uint64_t *first = a;
    const uint64_t *second = b;
    return (*first > *second) - (*first < *second);
}

/* Sorts all that was taken and returns the greatest; fails the test when one was given twice. */
static uint64_t assert_all_distinct(struct taker takers[THREADS])
{
    static uint64_t all[THREADS * TAKES];
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(takers[i].failures, 0);
        for (size_t j = 0; j < TAKES; j++) {
            all[i * TAKES + j] = takers[i].seqs[j];
            assert_true(j == 0 || takers[i].seqs[j] > takers[i].seqs[j - 1]);
        }
    }
    qsort(all, THREADS * TAKES, sizeof all[0], compare_seqs);
    for (size_t i = 1; i < THREADS * TAKES; i++) {
        assert_int_not_equal(all[i], all[i - 1]);
    }
    return all[THREADS * TAKES - 1];
}

static void start_takers(struct seq_reservation *reservation, struct taker takers[THREADS], pthread_t threads[THREADS],
                         atomic_uint *go)
{
    atomic_store(go, 0);
    for (size_t i = 0; i < THREADS; i++) {
        takers[i] = (struct taker){.reservation = reservation, .go = go};
        assert_int_equal(pthread_create(&threads[i], NULL, run_taker, &takers[i]), 0);
    }
}

static void join_takers(pthread_t threads[THREADS])
{
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
}

static void test_threads(void **state)
{
    static struct taker takers[THREADS];
    pthread_t threads[THREADS];
    atomic_uint go;
    struct seq_reservation *reservation = open_reservation(*state, 32);
    start_takers(reservation, takers, threads, &go);
    join_takers(threads);
    /* under one lock nothing is lost either: the blocks are used up in full */
    assert_int_equal(assert_all_distinct(takers), THREADS * TAKES);
    seq_reservation_close(reservation);
}

static void test_raise_during_reservations(void **state)
{
    static struct taker takers[THREADS];
    pthread_t threads[THREADS];
    atomic_uint go;
    struct seq_reservation *reservation = open_reservation(*state, 32);
    start_takers(reservation, takers, threads, &go);
    for (uint64_t raise = 1; raise <= 20; raise++) {
        assert_ok(seq_reservation_raise(reservation, IMPI, raise * 1000));
        assert_true(take(reservation, IMPI) > raise * 1000);
    }
    join_takers(threads);
    (void)assert_all_distinct(takers);
    assert_true(take(reservation, IMPI) > 20000);
    seq_reservation_close(reservation);
}

static void test_close_nothing(void **state)
{
    (void)state;
    seq_reservation_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        stock_test(test_in_order_across_blocks),
        stock_test(test_gives_the_subscriber),
        stock_test(test_block_boundaries),
        stock_test(test_block_of_one),
        stock_test(test_lost_blocks_leave_gaps),
        stock_test(test_two_reservations),
        stock_test(test_block_expires),
        stock_test(test_clock_steps_back),
        stock_test(test_raise),
        stock_test(test_no_numbers_left),
        stock_test(test_unknown_name_costs_no_block),
        stock_test(test_two_in_one_slot),
        stock_test(test_threads),
        stock_test(test_raise_during_reservations),
        cmocka_unit_test(test_close_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
