/* test_nonce_table.c: a nonce is good for its time, and each of its counts for one request. */
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "crypto/openssl.h"
#include "naf/nonce_table.h"

enum { START = 1700000000, LIFETIME_S = 300, THREADS = 8, COUNTS = 2000, SLOTS = 8192 };

struct bench {
    struct crypto crypto;
    unix_time now;
    struct clock clock;
    struct nonce_table *table;
    char nonce[NONCE_TEXT_SIZE];
};

static unix_time read_time(void *context)
{
    return *(unix_time *)context;
}

static int open_bench(void **state)
{
    static struct bench bench;
    bench = (struct bench){.now = START, .clock = {.now = read_time, .context = &bench.now}};
    assert_ok(crypto_openssl_open(&bench.crypto));
    assert_ok(nonce_table_open(LIFETIME_S, &bench.clock, &bench.table));
    assert_ok(nonce_table_issue(bench.table, &bench.crypto, bench.nonce));
    *state = &bench;
    return 0;
}

static int close_bench(void **state)
{
    struct bench *bench = *state;
    nonce_table_close(bench->table);
    crypto_openssl_close(&bench->crypto);
    return 0;
}

#define bench_test(function) cmocka_unit_test_setup_teardown((function), open_bench, close_bench)

static void test_form(void **state)
{
    struct bench *bench = *state;
    char other[NONCE_TEXT_SIZE];
    assert_int_equal(strspn(bench->nonce, "0123456789abcdef"), 32);
    assert_int_equal(bench->nonce[32], 0);
    assert_ok(nonce_table_issue(bench->table, &bench->crypto, other));
    assert_string_not_equal(other, bench->nonce);
}

static void test_counts_grow(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 0), NONCE_REPLAYED);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_GOOD);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_REPLAYED);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 2), NONCE_GOOD);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 100), NONCE_GOOD); /* gaps are allowed */
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 99), NONCE_REPLAYED);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, UINT32_MAX), NONCE_GOOD);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, UINT32_MAX), NONCE_REPLAYED);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 0), NONCE_REPLAYED);
}

static void test_nonces_count_apart(void **state)
{
    struct bench *bench = *state;
    char other[NONCE_TEXT_SIZE];
    do { /* not in the same slot */
        assert_ok(nonce_table_issue(bench->table, &bench->crypto, other));
    } while (memcmp(other, bench->nonce, 4) == 0);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 5), NONCE_GOOD);
    assert_int_equal(nonce_table_judge(bench->table, other, 1), NONCE_GOOD);
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 5), NONCE_REPLAYED);
}

static void test_lifetime(void **state)
{
    struct bench *bench = *state;
    bench->now = START + LIFETIME_S - 1;
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_GOOD); /* use does not lengthen it */
    bench->now = START + LIFETIME_S;
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 2), NONCE_STALE);
}

static void test_others_are_stale(void **state)
{
    static const char *const nonces[] = {"",
                                         "x",
                                         "00000000000000000000000000000000",
                                         "dcd98b7102dd2f0e8b11d0f600bfb0c0",
                                         "dcd98b7102dd2f0e8b11d0f600bfb0c",
                                         "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                                         "zzd98b7102dd2f0e8b11d0f600bfb0c0"};
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof nonces / sizeof nonces[0]; i++) {
        assert_int_equal(nonce_table_judge(bench->table, nonces[i], 1), NONCE_STALE);
    }
    for (size_t i = 0; i < 32; i++) { /* every digit counts */
        char near[NONCE_TEXT_SIZE];
        memcpy(near, bench->nonce, sizeof near);
        near[i] = near[i] == '0' ? '1' : '0';
        assert_int_equal(nonce_table_judge(bench->table, near, 1), NONCE_STALE);
    }
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_GOOD);
}

/* A flood of requests drives nonces out, but never makes an old count good again. */
static void test_overwritten_nonces(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_GOOD);
    for (size_t i = 0; i < 10 * (size_t)SLOTS; i++) {
        char flood[NONCE_TEXT_SIZE];
        assert_ok(nonce_table_issue(bench->table, &bench->crypto, flood));
        assert_int_equal(nonce_table_judge(bench->table, flood, 1), NONCE_GOOD);
    }
    assert_int_not_equal(nonce_table_judge(bench->table, bench->nonce, 1), NONCE_GOOD);
    if (nonce_table_judge(bench->table, bench->nonce, 2) != NONCE_GOOD) {
        assert_int_equal(nonce_table_judge(bench->table, bench->nonce, 3), NONCE_STALE);
    }
}

struct judge {
    struct bench *bench;
    pthread_t thread;
    atomic_uint *good;
};

static void *judge_all(void *context)
{
    struct judge *judge = context;
    for (uint32_t count = 1; count <= COUNTS; count++) {
        if (nonce_table_judge(judge->bench->table, judge->bench->nonce, count) == NONCE_GOOD) {
            atomic_fetch_add(&judge->good[count], 1);
        }
    }
    return NULL;
}

/* No count is good twice, whoever brings it. */
static void test_threads(void **state)
{
    static atomic_uint good[COUNTS + 1];
    static struct judge judges[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        judges[i] = (struct judge){.bench = *state, .good = good};
        assert_int_equal(pthread_create(&judges[i].thread, NULL, judge_all, &judges[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(judges[i].thread, NULL), 0);
    }
    for (size_t count = 1; count <= COUNTS; count++) {
        assert_true(atomic_load(&good[count]) <= 1);
    }
    assert_int_equal(atomic_load(&good[COUNTS]), 1);
}

static void test_close_nothing(void **state)
{
    (void)state;
    nonce_table_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        bench_test(test_form),     bench_test(test_counts_grow),         bench_test(test_nonces_count_apart),
        bench_test(test_lifetime), bench_test(test_others_are_stale),    bench_test(test_overwritten_nonces),
        bench_test(test_threads),  cmocka_unit_test(test_close_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
