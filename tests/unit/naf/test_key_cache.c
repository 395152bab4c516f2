/* test_key_cache.c: keys are found under their B-TID and Ua protocol until they expire, and nobody else's are. */
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

/* Two Ua protocols of one NAF. */
static const uint8_t ua_digest[NAF_ID_UA_SIZE] = {0x01, 0x00, 0x00, 0x00, 0x02};
static const uint8_t ua_sealed[NAF_ID_UA_SIZE] = {0xff, 0x67, 0x62, 0x00, 0x01};

static struct key_cache *open_cache(size_t maximum)
{
    struct key_cache *cache = NULL;
    time_now = START;
    assert_ok(key_cache_open(maximum, &hand_moved_clock, &cache));
    return cache;
}

/* Keys whose every octet follows from their number. */
static struct naf_keys keys_number(unsigned number, const uint8_t *ua)
{
    struct naf_keys keys = {.has_int_key = true, .expires = START + 3600};
    memcpy(keys.ua, ua, NAF_ID_UA_SIZE);
    (void)snprintf(keys.b_tid, sizeof keys.b_tid, "%u@bsf", number);
    (void)snprintf(keys.impi, sizeof keys.impi, "%u@ims", number);
    memset(keys.ext_key.octets, (int)(number & 0xff), NAF_KEY_SIZE);
    memset(keys.int_key.octets, (int)(number >> 8 & 0xff), NAF_KEY_SIZE);
    return keys;
}

static void put_number(struct key_cache *cache, unsigned number, const uint8_t *ua)
{
    const struct naf_keys keys = keys_number(number, ua);
    key_cache_put(cache, &keys);
}

/* True when they are there; fails the test when something else is in their place. */
static bool number_is_there(struct key_cache *cache, unsigned number, const uint8_t *ua)
{
    const struct naf_keys expected = keys_number(number, ua);
    struct naf_keys found;
    if (key_cache_find(cache, expected.b_tid, ua, &found) != GBAU_OK) {
        return false;
    }
    assert_string_equal(found.b_tid, expected.b_tid);
    assert_string_equal(found.impi, expected.impi);
    assert_memory_equal(found.ua, ua, NAF_ID_UA_SIZE);
    assert_memory_equal(found.ext_key.octets, expected.ext_key.octets, NAF_KEY_SIZE);
    assert_memory_equal(found.int_key.octets, expected.int_key.octets, NAF_KEY_SIZE);
    return true;
}

static void test_put_and_find(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    assert_false(number_is_there(cache, 1, ua_digest));
    put_number(cache, 1, ua_digest);
    assert_true(number_is_there(cache, 1, ua_digest));
    assert_true(number_is_there(cache, 1, ua_digest)); /* it stays */
    assert_false(number_is_there(cache, 2, ua_digest));
    key_cache_close(cache);
}

static void test_ua_protocols_are_apart(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(1);
    put_number(cache, 1, ua_sealed);
    assert_false(number_is_there(cache, 1, ua_digest));
    assert_true(number_is_there(cache, 1, ua_sealed));
    key_cache_close(cache);
}

/* An empty slot is not the keys of an empty B-TID. */
static void test_empty_b_tid(void **state)
{
    (void)state;
    struct naf_keys keys;
    struct key_cache *cache = open_cache(1);
    assert_status(key_cache_find(cache, "", ua_digest, &keys), GBAU_E_NOT_FOUND);
    key_cache_close(cache);
}

static void test_expiry(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    put_number(cache, 1, ua_digest);
    time_now = START + 3599;
    assert_true(number_is_there(cache, 1, ua_digest));
    time_now = START + 3600;
    const struct naf_keys expired = keys_number(1, ua_digest);
    struct naf_keys found;
    assert_status(key_cache_find(cache, expired.b_tid, ua_digest, &found), GBAU_E_EXPIRED);
    assert_status(key_cache_find(cache, expired.b_tid, ua_sealed, &found), GBAU_E_NOT_FOUND);
    assert_false(number_is_there(cache, 1, ua_digest));
    time_now = START; /* they are gone, not merely hidden */
    assert_false(number_is_there(cache, 1, ua_digest));
    key_cache_close(cache);
}

static void test_newer_keys_replace_older(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(100);
    struct naf_keys keys = keys_number(1, ua_sealed);
    struct naf_keys found;
    key_cache_put(cache, &keys);
    keys.has_int_key = false;
    keys.expires += 10;
    memset(keys.int_key.octets, 0, NAF_KEY_SIZE);
    key_cache_put(cache, &keys);
    assert_ok(key_cache_find(cache, keys.b_tid, ua_sealed, &found));
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
        put_number(cache, number, ua_digest);
        assert_true(number_is_there(cache, number, ua_digest));
        assert_true(number == 0 || !number_is_there(cache, number - 1, ua_digest));
    }
    key_cache_close(cache);
}

static void test_many(void **state)
{
    (void)state;
    unsigned found = 0;
    struct key_cache *cache = open_cache(4096);
    for (unsigned number = 0; number < 1000; number++) {
        put_number(cache, number, ua_digest);
    }
    for (unsigned number = 0; number < 1000; number++) {
        found += number_is_there(cache, number, ua_digest);
    }
    assert_int_equal(found, 1000); /* there is room for all */
    key_cache_close(cache);
}

/* A full table drives out what expires first, and nothing else. */
static void test_what_expires_first_gives_way(void **state)
{
    (void)state;
    struct key_cache *cache = open_cache(8);
    for (unsigned number = 0; number < 8; number++) {
        struct naf_keys keys = keys_number(number, ua_digest);
        keys.expires = START + 100 + (number == 5 ? 0 : number + 1);
        key_cache_put(cache, &keys);
    }
    put_number(cache, 8, ua_digest);
    for (unsigned number = 0; number < 9; number++) {
        assert_int_equal(number_is_there(cache, number, ua_digest), number != 5);
    }
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
        put_number(user->cache, user->first + i % 10, ua_digest);
        (void)number_is_there(user->cache, (user->first + i * 7) % (10 * THREADS), ua_digest);
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
        cmocka_unit_test(test_ua_protocols_are_apart),
        cmocka_unit_test(test_empty_b_tid),
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_newer_keys_replace_older),
        cmocka_unit_test(test_one_slot),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_what_expires_first_gives_way),
        cmocka_unit_test(test_bounds_of_opening),
        cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
