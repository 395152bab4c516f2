/* test_expected_policies.c: versions are found under their B-TID and Ua protocol until the keys end. */
#include "testing.h"

#include <stdio.h>

#include "naf/expected_policies.h"

enum { START = 1700000000 };

static const uint8_t ua[NAF_ID_UA_SIZE] = {1, 0, 0, 0, 2};
static const uint8_t other_ua[NAF_ID_UA_SIZE] = {1, 0, 0, 0, 3};
static unix_time time_now;

static unix_time read_time(void *context)
{
    (void)context;
    return time_now;
}

static const struct clock hand_moved_clock = {.now = read_time};

static int open_policies(void **state)
{
    struct expected_policies *policies = NULL;
    time_now = START;
    assert_ok(expected_policies_open(&hand_moved_clock, &policies));
    *state = policies;
    return 0;
}

static int close_policies(void **state)
{
    expected_policies_close(*state);
    return 0;
}

static void test_set_and_get(void **state)
{
    assert_int_equal(expected_policies_get(*state, "a", ua), 0);
    assert_ok(expected_policies_set(*state, "a", ua, 7, START + 10));
    assert_int_equal(expected_policies_get(*state, "a", ua), 7);
    assert_int_equal(expected_policies_get(*state, "a", other_ua), 0);
    assert_int_equal(expected_policies_get(*state, "b", ua), 0);
    assert_ok(expected_policies_set(*state, "a", ua, 8, START + 10));
    assert_ok(expected_policies_set(*state, "a", other_ua, 9, START + 10));
    assert_int_equal(expected_policies_get(*state, "a", ua), 8);
    assert_int_equal(expected_policies_get(*state, "a", other_ua), 9);
}

/* Far more than there are chains: none is lost. */
static void test_many(void **state)
{
    char b_tid[16];
    for (unsigned i = 1; i < 20000; i++) {
        (void)snprintf(b_tid, sizeof b_tid, "%u", i);
        assert_ok(expected_policies_set(*state, b_tid, ua, i, START + 10));
    }
    for (unsigned i = 1; i < 20000; i++) {
        (void)snprintf(b_tid, sizeof b_tid, "%u", i);
        assert_int_equal(expected_policies_get(*state, b_tid, ua), i);
    }
}

/* What has ended goes when its chain is changed, and nothing else does. */
static void test_end(void **state)
{
    assert_ok(expected_policies_set(*state, "a", ua, 1, START + 10));
    assert_ok(expected_policies_set(*state, "a", other_ua, 2, START + 20));
    time_now = START + 10;
    assert_ok(expected_policies_set(*state, "a", other_ua, 3, START + 20));
    assert_int_equal(expected_policies_get(*state, "a", ua), 0);
    assert_int_equal(expected_policies_get(*state, "a", other_ua), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_set_and_get, open_policies, close_policies),
        cmocka_unit_test_setup_teardown(test_many, open_policies, close_policies),
        cmocka_unit_test_setup_teardown(test_end, open_policies, close_policies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
