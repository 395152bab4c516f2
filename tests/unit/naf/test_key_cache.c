/* test_key_cache.c: keys are found under their B-TID and use until they expire, and nobody else's are. */
#include "testing.h"

#include <pthread.h>
#include <stdio.h>

#include "naf/key_cache.h"

enum { START = 1700000000, THREADS = 8, ROUNDS = 5000 };

static unix_time time_now;

static unix_time read_time(void *context)
{
    (void)context;
    return time_now;
}

static const struct clock hand_moved_clock = {.now = read_time};

static struct key_cache *open_cache(size_t maximum)
{
    struct key_cache *cache = NULL;
    time_now = START;
    assert_ok(key_cache_open(maximum, &hand_moved_clock, &cache));
    return cache;
}

/* Keys whose every octet follows from their number. */
static struct naf_keys keys_number(unsigned number, enum naf_use use)
{
    struct naf_keys keys = {.use = use, .has_int_key = true, .expires = START + 3600};
    (void)snprintf(keys.b_tid, sizeof keys.b_tid, "%u@bsf", number);
    (void)snprintf(keys.impi, sizeof keys.impi, "%u@ims", number);
    memset(keys.ext_key.octets, (int)(number & 0xff), NAF_KEY_SIZE);
    memset(keys.int_key.octets, (int)(number >> 8 & 0xff), NAF_KEY_SIZE);
    return keys;
}

static void put_number(struct key_cache *cache, unsigned number, enum naf_use use)
{
    const struct naf_keys keys = keys_number(number, use);
    key_cache_put(cache, &keys);
}

/* True when they are there; fails the test when something else is in their place. */
static bool number_is_there(struct key_cache *cache, unsigned number, enum naf_use use)
{
    const struct naf_keys expected = keys_number(number, use);
    struct naf_keys found;
    if (!key_cache_find(cache, expected.b_tid, use, &found)) {
        return false;
    }
    assert_string_equal(found.b_tid, expected.b_tid);
    assert_string_equal(found.impi, expected.impi);
    assert_int_equal(found.use, use);
    assert_memory_equal(found.ext_key.octets, expected.ext_key.octets, NAF_KEY_SIZE);
    assert_memory_equal(found.int_key.octets, expected.int_key.octets, NAF_KEY_SIZE);
    return true;
}

static void test_put_and_find(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    assert_false(number_is_there(cache, 1, NAF_USE_DIGEST));
    put_number(cache, 1, NAF_USE_DIGEST);
    assert_true(number_is_there(cache, 1, NAF_USE_DIGEST));
    assert_true(number_is_there(cache, 1, NAF_USE_DIGEST)); /* it stays */
    assert_false(number_is_there(cache, 2, NAF_USE_DIGEST));
    key_cache_close(cache);
}

static void test_uses_are_apart(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(1);
    put_number(cache, 1, NAF_USE_SEALED);
    assert_false(number_is_there(cache, 1, NAF_USE_DIGEST));
    assert_true(number_is_there(cache, 1, NAF_USE_SEALED));
    key_cache_close(cache);
}

/* An empty slot is not the keys of an empty B-TID. */
static void test_empty_b_tid(void **state)
{
    (void)state;
    struct naf_keys keys;
    struct key_cache *cache = open_cache(1);
    assert_false(key_cache_find(cache, "", NAF_USE_DIGEST, &keys));
    key_cache_close(cache);
}

static void test_expiry(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    put_number(cache, 1, NAF_USE_DIGEST);
    time_now = START + 3599;
    assert_true(number_is_there(cache, 1, NAF_USE_DIGEST));
    time_now = START + 3600;
    assert_false(number_is_there(cache, 1, NAF_USE_DIGEST));
    time_now = START; /* they are gone, not merely hidden */
    assert_false(number_is_there(cache, 1, NAF_USE_DIGEST));
    key_cache_close(cache);
}

static void test_newer_keys_replace_older(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    struct naf_keys keys = keys_number(1, NAF_USE_SEALED);
    struct naf_keys found;
    key_cache_put(cache, &keys);
    keys.has_int_key = false;
    keys.expires += 10;
    memset(keys.int_key.octets, 0, NAF_KEY_SIZE);
    key_cache_put(cache, &keys);
    assert_true(key_cache_find(cache, keys.b_tid, NAF_USE_SEALED, &found));
    assert_false(found.has_int_key);
    assert_int_equal(found.expires, keys.expires);
    key_cache_close(cache);
}

/* In one slot the last stays; who was driven out is asked for again. */
static void test_one_slot(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(1);
    for (unsigned number = 0; number < 50; number++) {
        put_number(cache, number, NAF_USE_DIGEST);
        assert_true(number_is_there(cache, number, NAF_USE_DIGEST));
        assert_true(number == 0 || !number_is_there(cache, number - 1, NAF_USE_DIGEST));
    }
    key_cache_close(cache);
}

static void test_many(void **state)
{
    (void)state;
    unsigned found = 0;
    struct key_cache *cache = open_cache(4096);
    for (unsigned number = 0; number < 1000; number++) {
        put_number(cache, number, NAF_USE_DIGEST);
    }
    for (unsigned number = 0; number < 1000; number++) {
        found += number_is_there(cache, number, NAF_USE_DIGEST);
    }
    assert_true(found > 700); /* the names are spread */
    key_cache_close(cache);
}

static void test_bounds_of_opening(void **state)
{
    (void)state;
    struct key_cache *cache = NULL;
    assert_status(key_cache_open(0, &hand_moved_clock, &cache), GBAU_E_ARGUMENT);
    assert_null(cache);
    assert_status(key_cache_open((1U << 20) + 1, &hand_moved_clock, &cache), GBAU_E_ARGUMENT);
    assert_null(cache);
    key_cache_close(NULL);
}

struct user {
    struct key_cache *cache;
    pthread_t thread;
    unsigned first;
};

static void *put_and_find(void *context)
{
    struct user *user = context;
    for (unsigned i = 0; i < ROUNDS; i++) {
        put_number(user->cache, user->first + i % 10, NAF_USE_DIGEST);
        (void)number_is_there(user->cache, (user->first + i * 7) % (10 * THREADS), NAF_USE_DIGEST);
    }
    return NULL;
}

/* Few slots and many threads: what is found is always whole. */
static void test_threads(void **state)
{
    (void)state;
    static struct user users[THREADS];
    struct key_cache *cache = open_cache(7);
    for (unsigned i = 0; i < THREADS; i++) {
        users[i] = (struct user){.cache = cache, .first = 10 * i};
        assert_int_equal(pthread_create(&users[i].thread, NULL, put_and_find, &users[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(users[i].thread, NULL), 0);
    }
    key_cache_close(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_put_and_find),
        cmocka_unit_test(test_uses_are_apart),
        cmocka_unit_test(test_empty_b_tid),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_newer_keys_replace_older),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_bounds_of_opening),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
