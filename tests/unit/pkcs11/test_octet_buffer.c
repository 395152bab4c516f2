/* test_octet_buffer.c: growing, emptying, wiping. */
#include "testing.h"

#include "pkcs11/octet_buffer.h"

static void test_grows_and_keeps(void **state)
{
    uint8_t octets[1000];
    struct octet_buffer buffer = {0};
    (void)state;
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)i;
        assert_ok(octet_buffer_append(&buffer, octets_of(&octets[i], 1)));
    }
    assert_true(octets_equal(octet_buffer_view(&buffer), octets_of(octets, sizeof octets)));
    octet_buffer_free(&buffer);
    assert_null(buffer.data);
}

static void test_emptying_wipes_and_keeps_room(void **state)
{
    struct octet_buffer buffer = {0};
    (void)state;
    assert_ok(octet_buffer_append(&buffer, octets_of_text("secret")));
    const uint8_t *data = buffer.data;
    octet_buffer_empty(&buffer);
    assert_int_equal(buffer.length, 0);
    assert_ptr_equal(buffer.data, data);
    assert_octets(octets_of(data, 6), "000000000000");
    octet_buffer_free(&buffer);
}

static void test_nothing_is_appended_to_nothing(void **state)
{
    struct octet_buffer buffer = {0};
    (void)state;
    assert_ok(octet_buffer_append(&buffer, octets_of(NULL, 0)));
    assert_null(buffer.data);
    octet_buffer_empty(&buffer);
    octet_buffer_free(&buffer);
}

static void test_too_much_is_refused(void **state)
{
    struct octet_buffer buffer = {0};
    (void)state;
    assert_ok(octet_buffer_append(&buffer, octets_of_text("a")));
    assert_status(octet_buffer_append(&buffer, octets_of("b", SIZE_MAX)), GBAU_E_MEMORY);
    assert_octets(octet_buffer_view(&buffer), "61");
    octet_buffer_free(&buffer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_and_keeps),
        cmocka_unit_test(test_emptying_wipes_and_keeps_room),
        cmocka_unit_test(test_nothing_is_appended_to_nothing),
        cmocka_unit_test(test_too_much_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
