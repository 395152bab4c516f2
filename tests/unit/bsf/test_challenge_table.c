/* test_challenge_table.c: a challenge is taken once, in its time, within its limits; a plain model is the judge. */
#include "testing.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "bsf/challenge_table.h"

enum { START = 1700000000, LIFETIME_S = 60, THREADS = 8, ROUNDS = 2000, BUCKETS = 4096 };

static _Atomic unix_time time_now;

static unix_time read_time(void *context)
{
    (void)context;
    return atomic_load(&time_now);
}

static const struct clock hand_moved_clock = {.now = read_time};

static int set_clock(void **state)
{
    (void)state;
    atomic_store(&time_now, START);
    return 0;
}

static struct challenge_table *open_table(size_t maximum, unsigned maximum_for_one)
{
    struct challenge_table *table = NULL;
    assert_ok(challenge_table_open(maximum, maximum_for_one, LIFETIME_S, &hand_moved_clock, &table));
    return table;
}

static struct aka_rand rand_number(uint32_t number)
{
    struct aka_rand rand = {.octets = {0}};
    memcpy(rand.octets, &number, sizeof number);
    rand.octets[15] = 0xee;
    return rand;
}

static struct challenge challenge_number(uint32_t number, const char *impi)
{
    struct challenge challenge = {.rand = rand_number(number), .resync_round = number};
    (void)snprintf(challenge.impi, sizeof challenge.impi, "%s", impi);
    return challenge;
}

static enum gbau_status put(struct challenge_table *table, uint32_t number, const char *impi)
{
    struct challenge challenge = challenge_number(number, impi);
    return challenge_table_put(table, &challenge);
}

static enum gbau_status take(struct challenge_table *table, uint32_t number)
{
    struct challenge challenge;
    const struct aka_rand rand = rand_number(number);
    enum gbau_status status = challenge_table_take(table, &rand, &challenge);
    if (status == GBAU_OK) {
        assert_int_equal(challenge.resync_round, number);
        challenge_clear(&challenge);
    }
    return status;
}

static void test_what_goes_in_comes_out(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(4, 4);
    struct challenge in = challenge_number(7, "a@b");
    struct challenge out;
    (void)snprintf(in.username, sizeof in.username, "tmpi");
    (void)snprintf(in.opaque, sizeof in.opaque, "0123456789abcdef0123456789abcdef");
    in.xres = (struct aka_res){.length = 8, .octets = "resresre"};
    memset(in.ck.octets, 0xc, sizeof in.ck.octets);
    memset(in.ik.octets, 0x1, sizeof in.ik.octets);
    in.mode = GBA_MODE_U;
    in.key_lifetime_s = 99;
    in.guss_xml = strdup("<guss/>");
    struct challenge expected = in;
    assert_ok(challenge_table_put(table, &in));
    assert_null(in.guss_xml); /* it went over */
    assert_ok(challenge_table_take(table, &expected.rand, &out));
    assert_memory_equal(&out, &expected, sizeof out);
    assert_string_equal(out.guss_xml, "<guss/>");
    challenge_clear(&out);
    assert_null(out.guss_xml);
    assert_int_equal(out.xres.octets[0], 0);
    challenge_table_close(table);
}

static void test_taken_once(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(10, 10);
    assert_status(take(table, 1), GBAU_E_NOT_FOUND);
    assert_ok(put(table, 1, "a"));
    assert_int_equal(challenge_table_count(table), 1);
    assert_status(take(table, 2), GBAU_E_NOT_FOUND);
    assert_ok(take(table, 1));
    assert_status(take(table, 1), GBAU_E_NOT_FOUND);
    assert_int_equal(challenge_table_count(table), 0);
    challenge_table_close(table);
}

/* RANDs that begin alike stand in one bucket. */
static void test_one_bucket(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(1, 1);
    challenge_table_close(table);
    table = open_table(8, 8);
    struct challenge challenge;
    for (uint8_t i = 0; i < 8; i++) {
        challenge = challenge_number(0, "a");
        challenge.rand.octets[8] = i;
        assert_ok(challenge_table_put(table, &challenge));
    }
    static const uint8_t order[] = {3, 0, 7, 4, 1, 6, 2, 5};
    for (size_t i = 0; i < sizeof order; i++) {
        struct aka_rand rand = rand_number(0);
        rand.octets[8] = order[i];
        assert_ok(challenge_table_take(table, &rand, &challenge));
        assert_int_equal(challenge.rand.octets[8], order[i]);
        assert_status(challenge_table_take(table, &rand, &challenge), GBAU_E_NOT_FOUND);
    }
    challenge_table_close(table);
}

/* An HSS that repeats itself: each challenge is still taken once. */
static void test_same_rand_twice(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(4, 4);
    assert_ok(put(table, 5, "a"));
    assert_ok(put(table, 5, "a"));
    assert_ok(take(table, 5));
    assert_ok(take(table, 5));
    assert_status(take(table, 5), GBAU_E_NOT_FOUND);
    assert_int_equal(challenge_table_count(table), 0);
    challenge_table_close(table);
}

static void test_expiry(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(10, 10);
    assert_ok(put(table, 1, "a"));
    atomic_store(&time_now, START + 30);
    assert_ok(put(table, 2, "a"));
    atomic_store(&time_now, START + LIFETIME_S - 1);
    assert_int_equal(challenge_table_count(table), 2);
    atomic_store(&time_now, START + LIFETIME_S);
    assert_status(take(table, 1), GBAU_E_NOT_FOUND);
    assert_int_equal(challenge_table_count(table), 1);
    assert_ok(take(table, 2));
    assert_ok(put(table, 3, "a"));
    atomic_store(&time_now, INT64_MAX / 2);
    assert_int_equal(challenge_table_count(table), 0);
    challenge_table_close(table);
}

/* When the clock is put back, what is there must not stay for as long as it was put back. */
static void test_clock_put_back(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(2, 2);
    assert_ok(put(table, 1, "a"));
    assert_ok(put(table, 2, "a"));
    assert_false(challenge_table_has_room(table, "a"));
    atomic_store(&time_now, START - 86400);
    assert_true(challenge_table_has_room(table, "a"));
    assert_status(take(table, 1), GBAU_E_NOT_FOUND);
    assert_ok(put(table, 3, "a"));
    assert_ok(put(table, 4, "a"));
    assert_ok(take(table, 3));
    atomic_store(&time_now, START - 86400 + LIFETIME_S);
    assert_status(take(table, 4), GBAU_E_NOT_FOUND);
    assert_true(challenge_table_has_room(table, "a"));
    challenge_table_close(table);
}

static void test_bound_in_all(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(3, 3);
    for (uint32_t i = 1; i <= 3; i++) {
        char impi[8];
        (void)snprintf(impi, sizeof impi, "%u", i);
        assert_true(challenge_table_has_room(table, impi));
        assert_ok(put(table, i, impi));
    }
    assert_false(challenge_table_has_room(table, "4"));
    assert_status(put(table, 4, "4"), GBAU_E_LIMIT);
    assert_ok(take(table, 2));
    assert_true(challenge_table_has_room(table, "4"));
    assert_ok(put(table, 4, "4"));
    assert_status(put(table, 5, "5"), GBAU_E_LIMIT);
    challenge_table_close(table);
}

static void test_refused_put_keeps_its_guss(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(1, 1);
    struct challenge challenge = challenge_number(2, "a");
    assert_ok(put(table, 1, "a"));
    challenge.guss_xml = strdup("<guss/>");
    assert_status(challenge_table_put(table, &challenge), GBAU_E_LIMIT);
    assert_string_equal(challenge.guss_xml, "<guss/>");
    challenge_clear(&challenge);
    challenge_table_close(table);
}

static void test_bound_for_one(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(100, 2);
    assert_ok(put(table, 1, "a"));
    assert_ok(put(table, 2, "a"));
    assert_status(put(table, 3, "a"), GBAU_E_LIMIT);
    assert_ok(put(table, 4, "b"));
    assert_ok(take(table, 1));
    assert_ok(put(table, 3, "a"));
    assert_status(put(table, 5, "a"), GBAU_E_LIMIT);
    atomic_store(&time_now, START + LIFETIME_S);
    assert_ok(put(table, 5, "a"));
    challenge_table_close(table);
}

static void test_closing_frees_what_waits(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(10, 10);
    for (uint32_t i = 0; i < 5; i++) {
        struct challenge challenge = challenge_number(i, "a");
        challenge.guss_xml = strdup("<guss/>");
        assert_ok(challenge_table_put(table, &challenge));
    }
    atomic_store(&time_now, START + LIFETIME_S);
    assert_int_equal(challenge_table_count(table), 0); /* expiry frees too */
    struct challenge challenge = challenge_number(9, "a");
    challenge.guss_xml = strdup("<guss/>");
    assert_ok(challenge_table_put(table, &challenge));
    challenge_table_close(table);
    challenge_table_close(NULL);
}

static void check_opening(size_t maximum, unsigned maximum_for_one, unsigned lifetime_s, enum gbau_status expected)
{
    struct challenge_table *table = NULL;
    assert_status(challenge_table_open(maximum, maximum_for_one, lifetime_s, &hand_moved_clock, &table), expected);
    assert_true((table != NULL) == (expected == GBAU_OK));
    challenge_table_close(table);
}

static void test_bounds_of_opening(void **state)
{
    (void)state;
    check_opening(1, 1, 1, GBAU_OK);
    check_opening(1, UINT16_MAX, UINT32_MAX, GBAU_OK);
    check_opening(0, 1, 1, GBAU_E_ARGUMENT);
    check_opening((1U << 20) + 1, 1, 1, GBAU_E_ARGUMENT);
    check_opening(1, 0, 1, GBAU_E_ARGUMENT);
    check_opening(1, UINT16_MAX + 1, 1, GBAU_E_ARGUMENT); /* more than is counted */
    check_opening(1, 1, 0, GBAU_E_ARGUMENT);
}

/* Against a model */

enum { MODEL_MAX = 40, MODEL_FOR_ONE = 5, MODEL_USERS = 12, MODEL_NUMBERS = 120 };

struct model_entry {
    bool is_there;
    unsigned user;
    unix_time ends;
};

static struct model_entry model[MODEL_NUMBERS];

static void model_expire(void)
{
    for (size_t i = 0; i < MODEL_NUMBERS; i++) {
        model[i].is_there = model[i].is_there && model[i].ends > atomic_load(&time_now);
    }
}

static unsigned model_count(bool (*belongs)(const struct model_entry *entry, unsigned user), unsigned user)
{
    unsigned count = 0;
    for (size_t i = 0; i < MODEL_NUMBERS; i++) {
        count += model[i].is_there && belongs(&model[i], user);
    }
    return count;
}

static bool is_anyones(const struct model_entry *entry, unsigned user)
{
    (void)entry;
    (void)user;
    return true;
}

static bool is_users(const struct model_entry *entry, unsigned user)
{
    return entry->user == user;
}

static void name_user(unsigned user, char name[16])
{
    (void)snprintf(name, 16, "user%u", user);
}

static void step_put(struct challenge_table *table, uint32_t number, unsigned user)
{
    char name[16];
    name_user(user, name);
    const bool room = model_count(is_anyones, 0) < MODEL_MAX && model_count(is_users, user) < MODEL_FOR_ONE;
    assert_int_equal(challenge_table_has_room(table, name), room);
    if (model[number].is_there) {
        return;
    }
    assert_status(put(table, number, name), room ? GBAU_OK : GBAU_E_LIMIT);
    model[number] = (struct model_entry){room, user, atomic_load(&time_now) + LIFETIME_S};
}

static void step_take(struct challenge_table *table, uint32_t number)
{
    assert_status(take(table, number), model[number].is_there ? GBAU_OK : GBAU_E_NOT_FOUND);
    model[number].is_there = false;
}

static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525U + 1013904223U;
    return *state >> 8;
}

/* The names of the model share no bucket: then its limit for one user is exact. */
static void assert_users_share_no_bucket(void)
{
    bool used[BUCKETS] = {false};
    for (unsigned user = 0; user < MODEL_USERS; user++) {
        char name[16];
        name_user(user, name);
        assert_false(used[hash_text(name) % BUCKETS]);
        used[hash_text(name) % BUCKETS] = true;
    }
}

static void test_against_a_model(void **state)
{
    (void)state;
    uint32_t random = 20260101;
    struct challenge_table *table = open_table(MODEL_MAX, MODEL_FOR_ONE);
    assert_users_share_no_bucket();
    memset(model, 0, sizeof model);
    for (unsigned step = 0; step < 60000; step++) {
        const uint32_t number = next_random(&random) % MODEL_NUMBERS;
        const uint32_t choice = next_random(&random) % 100;
        if (choice < 60) {
            step_put(table, number, next_random(&random) % MODEL_USERS);
        } else if (choice < 90) {
            step_take(table, number);
        } else {
            atomic_fetch_add(&time_now, next_random(&random) % 20);
            model_expire();
        }
        assert_int_equal(challenge_table_count(table), model_count(is_anyones, 0));
    }
    challenge_table_close(table);
}

/* Threads */

struct racer {
    struct challenge_table *table;
    pthread_t thread;
    atomic_uint *taken;
    unsigned put_failures;
    uint32_t first;
};

static void *race_for_all(void *context)
{
    struct racer *racer = context;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        struct challenge challenge;
        const struct aka_rand rand = rand_number((i + racer->first) % ROUNDS);
        if (challenge_table_take(racer->table, &rand, &challenge) == GBAU_OK) {
            atomic_fetch_add(&racer->taken[challenge.resync_round], 1);
            challenge_clear(&challenge);
        }
    }
    return NULL;
}

static void *put_and_take(void *context)
{
    struct racer *racer = context;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        char impi[16];
        (void)snprintf(impi, sizeof impi, "%u", i % 50);
        racer->put_failures += put(racer->table, racer->first + i, impi) != GBAU_OK;
        racer->put_failures += take(racer->table, racer->first + i) != GBAU_OK;
    }
    return NULL;
}

static void run_racers(struct challenge_table *table, atomic_uint *taken, void *(*run)(void *context), uint32_t stride)
{
    static struct racer racers[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        racers[i] = (struct racer){.table = table, .taken = taken, .first = i * stride};
        assert_int_equal(pthread_create(&racers[i].thread, NULL, run, &racers[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(racers[i].thread, NULL), 0);
        assert_int_equal(racers[i].put_failures, 0);
    }
    assert_int_equal(challenge_table_count(table), 0);
}

static void test_one_taker_among_threads(void **state)
{
    (void)state;
    static atomic_uint taken[ROUNDS];
    struct challenge_table *table = open_table(ROUNDS, ROUNDS);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        assert_ok(put(table, i, "a"));
    }
    run_racers(table, taken, race_for_all, 3);
    for (size_t i = 0; i < ROUNDS; i++) {
        assert_int_equal(atomic_load(&taken[i]), 1);
    }
    challenge_table_close(table);
}

static void test_threads_put_and_take(void **state)
{
    (void)state;
    struct challenge_table *table = open_table(64, 64);
    run_racers(table, NULL, put_and_take, ROUNDS);
    challenge_table_close(table);
}

#define clock_test(function) cmocka_unit_test_setup(function, set_clock)

int main(void)
{
    const struct CMUnitTest tests[] = {
        clock_test(test_what_goes_in_comes_out),
        clock_test(test_taken_once),
        clock_test(test_one_bucket),
        clock_test(test_same_rand_twice),
        clock_test(test_expiry),
        clock_test(test_clock_put_back),
        clock_test(test_bound_in_all),
        clock_test(test_refused_put_keeps_its_guss),
        clock_test(test_bound_for_one),
        clock_test(test_closing_frees_what_waits),
        clock_test(test_bounds_of_opening),
        clock_test(test_against_a_model),
        clock_test(test_one_taker_among_threads),
        clock_test(test_threads_put_and_take),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
