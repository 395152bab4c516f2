/* test_return_value.c: every status has a word of PKCS#11. */
#include "testing.h"

#include "pkcs11/return_value.h"

static void test_only_success_is_success(void **state)
{
    (void)state;
    assert_int_equal(return_value_of(GBAU_OK), CKR_OK);
    for (int status = GBAU_OK + 1; status < GBAU_STATUS_COUNT; status++) {
        assert_int_not_equal(return_value_of((enum gbau_status)status), CKR_OK);
        assert_int_not_equal(return_value_of_card((enum gbau_status)status), CKR_OK);
    }
    assert_int_equal(return_value_of((enum gbau_status)GBAU_STATUS_COUNT), CKR_GENERAL_ERROR);
    assert_int_equal(return_value_of((enum gbau_status) - 1), CKR_GENERAL_ERROR);
}

static void test_what_applications_look_for(void **state)
{
    (void)state;
    assert_int_equal(return_value_of(GBAU_E_PIN_WRONG), CKR_PIN_INCORRECT);
    assert_int_equal(return_value_of(GBAU_E_PIN_BLOCKED), CKR_PIN_LOCKED);
    assert_int_equal(return_value_of(GBAU_E_PIN_REQUIRED), CKR_USER_NOT_LOGGED_IN);
    assert_int_equal(return_value_of(GBAU_E_SPACE), CKR_BUFFER_TOO_SMALL);
    assert_int_equal(return_value_of(GBAU_E_AUTHENTICATION), CKR_ENCRYPTED_DATA_INVALID);
    assert_int_equal(return_value_of(GBAU_E_NOT_FOUND), CKR_KEY_HANDLE_INVALID);
    assert_int_equal(return_value_of_card(GBAU_E_NOT_FOUND), CKR_TOKEN_NOT_PRESENT);
    assert_int_equal(return_value_of_card(GBAU_E_UNSUPPORTED), CKR_TOKEN_NOT_RECOGNIZED);
    assert_int_equal(return_value_of_card(GBAU_E_PIN_WRONG), CKR_PIN_INCORRECT);
    assert_int_equal(return_value_of_card(GBAU_OK), CKR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_success_is_success),
        cmocka_unit_test(test_what_applications_look_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
