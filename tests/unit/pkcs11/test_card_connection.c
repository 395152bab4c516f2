/* test_card_connection.c: waiting for other processes, giving the card back, and keys in order of use. */
#include "testing.h"

#include <time.h>

#include "fake_gbau.h"
#include "pkcs11/card_connection.h"

struct bench {
    struct slot_configuration configuration;
    struct card_connection connection;
};

static int set_up(void **state)
{
    static struct bench bench;
    fake_reset();
    bench = (struct bench){.configuration = {.card = "fake", .idle_ms = 20, .turn_ms = 40, .wait_ms = 500}};
    bench.connection.configuration = &bench.configuration;
    *state = &bench;
    return 0;
}

static int tear_down(void **state)
{
    struct bench *bench = *state;
    card_connection_close(&bench->connection);
    return fake.open_cards == 0 && fake.open_keys == 0 ? 0 : -1;
}

static void pass_ms(long ms)
{
    const struct timespec time = {.tv_nsec = ms * 1000000};
    (void)nanosleep(&time, NULL);
}

static double now_s(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void open_key(struct bench *bench, struct open_key *open, const char *label)
{
    static const uint8_t ua[5] = {1, 0, 0, 0, 2};
    struct gbau_key *key;
    const struct gbau_key_request request = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_HMAC_SHA256, .label = label};
    assert_ok(gbau_key_open(bench->connection.gbau, "naf.example.com", ua, &request, &key));
    card_connection_add_key(&bench->connection, open, key);
}

static void test_opens_once(void **state)
{
    struct bench *bench = *state;
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    assert_ok(card_connection_open(&bench->connection, NULL));
    assert_int_equal(fake.opens, 1);
    card_connection_close(&bench->connection);
    card_connection_close(&bench->connection);
    assert_int_equal(fake.open_cards, 0);
}

static void test_waits_for_another_process(void **state)
{
    struct bench *bench = *state;
    fake.busy = 3;
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    assert_int_equal(fake.busy, 0);
}

static void test_does_not_wait_for_ever(void **state)
{
    struct bench *bench = *state;
    const double start = now_s();
    fake.busy = 1000000;
    bench->configuration.wait_ms = 50;
    assert_status(card_connection_open(&bench->connection, FAKE_PIN), GBAU_E_BUSY);
    assert_null(bench->connection.gbau);
    assert_in_range((unsigned long)(1000 * (now_s() - start)), 40, 400);
}

static void test_other_errors_come_at_once(void **state)
{
    struct bench *bench = *state;
    assert_status(card_connection_open(&bench->connection, "9999"), GBAU_E_PIN_WRONG);
    assert_status(card_connection_open(&bench->connection, NULL), GBAU_E_PIN_REQUIRED);
    fake.open_status = GBAU_E_IO;
    assert_status(card_connection_open(&bench->connection, FAKE_PIN), GBAU_E_IO);
    assert_null(bench->connection.gbau);
}

static void test_becomes_idle(void **state)
{
    struct bench *bench = *state;
    assert_false(card_connection_is_idle(&bench->connection));
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    assert_false(card_connection_is_idle(&bench->connection));
    pass_ms(60);
    assert_true(card_connection_is_idle(&bench->connection));
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN)); /* used again */
    assert_false(card_connection_is_idle(&bench->connection));
}

static void test_turn_ends_and_leaves_a_gap(void **state)
{
    struct bench *bench = *state;
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    card_connection_end_turn(&bench->connection);
    assert_non_null(bench->connection.gbau);
    pass_ms(80);
    card_connection_end_turn(&bench->connection);
    assert_null(bench->connection.gbau);
    const double start = now_s();
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    assert_true(now_s() - start > 0.001);
    assert_int_equal(fake.opens, 2);
}

static void test_oldest_key_goes_first(void **state)
{
    struct bench *bench = *state;
    struct open_key keys[3] = {0};
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    for (size_t i = 0; i < 3; i++) {
        open_key(bench, &keys[i], "abc" + i);
    }
    card_connection_use_key(&bench->connection, &keys[0]);
    assert_true(card_connection_close_oldest_key(&bench->connection, NULL));
    assert_null(keys[1].key);
    assert_true(card_connection_close_oldest_key(&bench->connection, &keys[2]));
    assert_null(keys[0].key);
    assert_false(card_connection_close_oldest_key(&bench->connection, &keys[2]));
    assert_non_null(keys[2].key);
    assert_true(card_connection_close_oldest_key(&bench->connection, NULL));
    assert_false(card_connection_close_oldest_key(&bench->connection, NULL));
    assert_int_equal(fake.open_keys, 0);
}

static void test_keys_go_with_the_card(void **state)
{
    struct bench *bench = *state;
    struct open_key keys[2] = {0};
    assert_ok(card_connection_open(&bench->connection, FAKE_PIN));
    open_key(bench, &keys[0], "a");
    open_key(bench, &keys[1], "b");
    card_connection_close_key(&bench->connection, &keys[0]);
    card_connection_close_key(&bench->connection, &keys[0]);
    card_connection_close(&bench->connection);
    assert_null(keys[1].key);
    assert_int_equal(fake.open_keys, 0);
}

#define connection_test(function) cmocka_unit_test_setup_teardown((function), set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        connection_test(test_opens_once),
        connection_test(test_waits_for_another_process),
        connection_test(test_does_not_wait_for_ever),
        connection_test(test_other_errors_come_at_once),
        connection_test(test_becomes_idle),
        connection_test(test_turn_ends_and_leaves_a_gap),
        connection_test(test_oldest_key_goes_first),
        connection_test(test_keys_go_with_the_card),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
