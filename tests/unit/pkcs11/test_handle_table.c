/* test_handle_table.c: numbers that are found, forgotten, and not given again soon. */
#include "testing.h"

#include "pkcs11/handle_table.h"

static void test_finds_what_was_added(void **state)
{
    int things[100];
    unsigned long handles[100];
    struct handle_table table = {0};
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        handles[i] = handle_table_add(&table, &things[i]);
        assert_int_not_equal(handles[i], 0);
        assert_true(handles[i] <= HANDLE_MASK);
    }
    for (size_t i = 0; i < 100; i++) {
        assert_ptr_equal(handle_table_get(&table, handles[i]), &things[i]);
    }
    handle_table_clear(&table);
    assert_null(handle_table_get(&table, handles[0]));
}

static void test_refuses_what_was_never_given(void **state)
{
    int thing;
    struct handle_table table = {0};
    (void)state;
    assert_null(handle_table_get(&table, 0));
    assert_null(handle_table_get(&table, 1));
    const unsigned long handle = handle_table_add(&table, &thing);
    assert_null(handle_table_get(&table, 0));
    assert_null(handle_table_get(&table, handle + 1));
    assert_null(handle_table_get(&table, handle | 0x10000));
    assert_null(handle_table_get(&table, ~0UL));
    handle_table_remove(&table, handle + 1);
    assert_ptr_equal(handle_table_get(&table, handle), &thing);
    handle_table_clear(&table);
}

static void test_stale_numbers_stay_stale(void **state)
{
    int thing;
    struct handle_table table = {0};
    const unsigned long first = handle_table_add(&table, &thing);
    unsigned long last = first;
    (void)state;
    for (size_t i = 0; i < 4000; i++) { /* 16 places take turns, each with 256 numbers */
        handle_table_remove(&table, last);
        assert_null(handle_table_get(&table, last));
        last = handle_table_add(&table, &thing);
        assert_int_not_equal(last, first);
        assert_null(handle_table_get(&table, first));
    }
    handle_table_clear(&table);
}

static void test_visits_all_and_allows_removal(void **state)
{
    int things[10];
    unsigned long handles[10];
    size_t position = 0;
    size_t seen = 0;
    struct handle_table table = {0};
    (void)state;
    for (size_t i = 0; i < 10; i++) {
        handles[i] = handle_table_add(&table, &things[i]);
    }
    handle_table_remove(&table, handles[3]);
    for (int *thing; (thing = handle_table_next(&table, &position)) != NULL; seen++) {
        assert_ptr_not_equal(thing, &things[3]);
        handle_table_remove(&table, handles[thing - things]);
    }
    assert_int_equal(seen, 9);
    position = 0;
    assert_null(handle_table_next(&table, &position));
    handle_table_clear(&table);
}

static void test_is_full_some_day(void **state)
{
    int thing;
    unsigned long last = 0;
    struct handle_table table = {0};
    (void)state;
    for (size_t i = 0; i < HANDLE_TABLE_MAX; i++) {
        last = handle_table_add(&table, &thing);
        assert_int_not_equal(last, 0);
    }
    assert_int_equal(handle_table_add(&table, &thing), 0);
    handle_table_remove(&table, last);
    assert_int_not_equal(handle_table_add(&table, &thing), 0);
    handle_table_clear(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_was_added),     cmocka_unit_test(test_refuses_what_was_never_given),
        cmocka_unit_test(test_stale_numbers_stay_stale), cmocka_unit_test(test_visits_all_and_allows_removal),
        cmocka_unit_test(test_is_full_some_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
