/* test_status.c: every status has a text and a hint, and what is none has too. */
#include "gbau/status.h"

#include "testing.h"

static void test_texts(void **state)
{
    (void)state;
    for (int status = 0; status < GBAU_STATUS_COUNT; status++) {
        const char *text = gbau_status_text((enum gbau_status)status);
        const char *hint = gbau_status_hint((enum gbau_status)status);
        assert_non_null(text);
        assert_non_null(hint);
        assert_true(strlen(text) > 0);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        assert_null(strchr(text, '\n'));
        assert_null(strchr(hint, '\n'));
        for (int other = 0; other < status; other++) {
            assert_string_not_equal(text, gbau_status_text((enum gbau_status)other));
        }
    }
}

static void test_no_status(void **state)
{
    (void)state;
    static const int values[] = {-1, GBAU_STATUS_COUNT, 1000, INT32_MIN, INT32_MAX};
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        assert_string_equal(gbau_status_text((enum gbau_status)values[i]), "unknown status");
        assert_string_equal(gbau_status_hint((enum gbau_status)values[i]), "");
    }
}

/* The values are part of the interface: a program compiled yesterday must understand the library of today. */
static void test_values_are_stable(void **state)
{
    (void)state;
    assert_int_equal(GBAU_OK, 0);
    assert_int_equal(GBAU_E_ARGUMENT, 1);
    assert_int_equal(GBAU_E_AUTHENTICATION, 9);
    assert_int_equal(GBAU_E_PIN_WRONG, 14);
    assert_int_equal(GBAU_E_CORRUPT, 17);
    assert_int_equal(GBAU_E_REFUSED, 23);
    assert_int_equal(GBAU_E_CONFIGURATION, 27);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts),
        cmocka_unit_test(test_no_status),
        cmocka_unit_test(test_values_are_stable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
