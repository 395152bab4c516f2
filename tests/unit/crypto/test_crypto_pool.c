/* test_crypto_pool.c: borrowing cryptos: one thread at a time has each, waiting for a free one, no memory. */
#include "crypto/crypto_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "testing.h"

/* Global, because the linker puts the function below in the place of the library's. Below 0: none fails. */
static int calls_left = -1;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size)
{
    return calls_left >= 0 && calls_left-- == 0 ? NULL : __real_calloc(count, size);
}

static void test_counts(void **state)
{
    (void)state;
    struct crypto_pool *pool = (void *)&pool;
    assert_status(crypto_pool_open(0, &pool), GBAU_E_ARGUMENT);
    assert_null(pool);
    assert_status(crypto_pool_open(65, &pool), GBAU_E_ARGUMENT);
    assert_null(pool);
    assert_ok(crypto_pool_open(64, &pool));
    crypto_pool_close(pool);
    crypto_pool_close(NULL);
}

static void test_each_is_lent_once(void **state)
{
    (void)state;
    enum { COUNT = 8 };
    struct crypto_pool *pool = NULL;
    struct crypto *lent[COUNT];
    assert_ok(crypto_pool_open(COUNT, &pool));
    for (size_t i = 0; i < COUNT; i++) {
        lent[i] = crypto_pool_borrow(pool);
        assert_non_null(lent[i]);
        for (size_t j = 0; j < i; j++) {
            assert_ptr_not_equal(lent[i], lent[j]);
            assert_ptr_not_equal(lent[i]->state, lent[j]->state);
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        crypto_pool_return(pool, lent[i]);
    }
    crypto_pool_close(pool);
}

struct waiter {
    struct crypto_pool *pool;
    atomic_bool got_one;
};

static void *wait_for_one(void *context)
{
    struct waiter *waiter = context;
    struct crypto *crypto = crypto_pool_borrow(waiter->pool);
    atomic_store(&waiter->got_one, true);
    crypto_pool_return(waiter->pool, crypto);
    return NULL;
}

static void test_borrowing_waits(void **state)
{
    (void)state;
    struct waiter waiter = {0};
    pthread_t thread;
    assert_ok(crypto_pool_open(1, &waiter.pool));
    struct crypto *crypto = crypto_pool_borrow(waiter.pool);
    assert_int_equal(pthread_create(&thread, NULL, wait_for_one, &waiter), 0);
    (void)usleep(20000);
    assert_false(atomic_load(&waiter.got_one));
    crypto_pool_return(waiter.pool, crypto);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(atomic_load(&waiter.got_one));
    crypto_pool_close(waiter.pool);
}

/* One of many threads that hash with whatever crypto they get; a crypto in two hands would give wrong hashes. */
struct worker {
    struct crypto_pool *pool;
    size_t number;
    size_t wrong;
};

static void *work(void *context)
{
    struct worker *worker = context;
    uint8_t key[AES128_KEY_SIZE] = {(uint8_t)worker->number};
    const uint8_t zeros[AES_BLOCK_SIZE] = {0};
    uint8_t expected[AES_BLOCK_SIZE] = {0};
    for (size_t i = 0; i < 300; i++) {
        uint8_t block[AES_BLOCK_SIZE];
        struct crypto *crypto = crypto_pool_borrow(worker->pool);
        bool worked = crypto_block_set_key(crypto, BLOCK_AES128, BLOCK_ENCRYPT, key) == GBAU_OK &&
                      crypto_block_run(crypto, BLOCK_AES128, BLOCK_ENCRYPT, zeros, block, 1) == GBAU_OK;
        crypto_pool_return(worker->pool, crypto);
        if (i == 0) {
            memcpy(expected, block, sizeof expected);
        }
        worker->wrong += !worked || memcmp(block, expected, sizeof block) != 0 ? 1 : 0;
    }
    return NULL;
}

static void test_many_threads(void **state)
{
    (void)state;
    enum { THREADS = 12 };
    struct crypto_pool *pool = NULL;
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    assert_ok(crypto_pool_open(3, &pool));
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.pool = pool, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    crypto_pool_close(pool);
}

/* The pool itself, or any of its cryptos. */
static void test_no_memory(void **state)
{
    (void)state;
    for (int failing = 0; failing < 4; failing++) {
        struct crypto_pool *pool = (void *)&pool;
        calls_left = failing;
        enum gbau_status status = crypto_pool_open(3, &pool);
        calls_left = -1;
        assert_status(status, GBAU_E_MEMORY);
        assert_null(pool);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),          cmocka_unit_test(test_each_is_lent_once),
        cmocka_unit_test(test_borrowing_waits), cmocka_unit_test(test_many_threads),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
