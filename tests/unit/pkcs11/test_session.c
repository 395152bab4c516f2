/* test_session.c: sessions, login states, searches, objects of sessions. */
#include "pkcs11_testing.h"

#include <unistd.h>

#include "pkcs11/module.h"

static CK_STATE state_of(CK_SESSION_HANDLE session)
{
    CK_SESSION_INFO info;
    assert_works(C_GetSessionInfo(session, &info));
    assert_int_equal(info.slotID, 0);
    return info.state;
}

static void test_states(void **state)
{
    const CK_SESSION_HANDLE writable = *(CK_SESSION_HANDLE *)*state;
    const CK_SESSION_HANDLE reading = open_session(0, 0);
    assert_int_equal(state_of(writable), CKS_RW_USER_FUNCTIONS);
    assert_int_equal(state_of(reading), CKS_RO_USER_FUNCTIONS);
    assert_rv(C_Login(reading, CKU_USER, fake_pin, 4), CKR_USER_ALREADY_LOGGED_IN);
    assert_works(C_Logout(reading));
    assert_int_equal(state_of(writable), CKS_RW_PUBLIC_SESSION);
    assert_int_equal(state_of(reading), CKS_RO_PUBLIC_SESSION);
    assert_rv(C_Logout(writable), CKR_USER_NOT_LOGGED_IN);
}

static void test_login_ends_with_the_last_session(void **state)
{
    const CK_SESSION_HANDLE first = *(CK_SESSION_HANDLE *)*state;
    const CK_SESSION_HANDLE second = open_session(0, 0);
    assert_works(C_CloseSession(first));
    assert_int_equal(state_of(second), CKS_RO_USER_FUNCTIONS);
    assert_works(C_CloseSession(second));
    assert_int_equal(fake.open_cards, 0);
    assert_int_equal(state_of(open_session(0, 0)), CKS_RO_PUBLIC_SESSION);
    assert_rv(C_CloseSession(first), CKR_SESSION_HANDLE_INVALID);
}

static void test_login_is_kept_when_configured(void **state)
{
    char path[] = "/tmp/gbau-pkcs11-XXXXXX";
    static const char text[] = "slots:\n  - card: fake\n    keep_login: true\n";
    const int file = mkstemp(path);
    (void)state;
    assert_true(file >= 0);
    assert_int_equal(write(file, text, sizeof text - 1), sizeof text - 1);
    assert_int_equal(close(file), 0);
    assert_works(C_Finalize(NULL));
    assert_int_equal(unsetenv("GBAU_PKCS11_CARD"), 0);
    assert_int_equal(setenv("GBAU_PKCS11_CONFIG", path, 1), 0);
    assert_works(C_Initialize(NULL));
    assert_int_equal(unlink(path), 0);
    const CK_SESSION_HANDLE first = open_session(0, 0);
    log_in(first);
    const CK_OBJECT_HANDLE key = find_labelled(first, "naf.example.com");
    assert_works(C_CloseSession(first));
    assert_int_equal(fake.open_cards, 0);
    const CK_SESSION_HANDLE second = open_session(0, 0);
    assert_int_equal(state_of(second), CKS_RO_USER_FUNCTIONS);
    assert_int_equal(find_labelled(second, "naf.example.com"), key);
    assert_int_equal(unsetenv("GBAU_PKCS11_CONFIG"), 0);
}

static void test_handles_do_not_survive_a_logout(void **state)
{
    CK_ULONG size;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE before = find_labelled(session, "naf.example.com");
    assert_works(C_Logout(session));
    log_in(session);
    assert_int_not_equal(find_labelled(session, "naf.example.com"), before);
    assert_rv(C_GetObjectSize(session, before, &size), CKR_OBJECT_HANDLE_INVALID);
}

static void test_closing_all(void **state)
{
    CK_TOKEN_INFO info;
    const CK_SESSION_HANDLE first = *(CK_SESSION_HANDLE *)*state;
    (void)open_session(0, 0);
    assert_works(C_GetTokenInfo(0, &info));
    assert_int_equal(info.ulSessionCount, 2);
    assert_int_equal(info.ulRwSessionCount, 1);
    assert_works(C_CloseAllSessions(0));
    assert_works(C_GetTokenInfo(0, &info));
    assert_int_equal(info.ulSessionCount, 0);
    assert_rv(C_CloseSession(first), CKR_SESSION_HANDLE_INVALID);
}

static void test_too_many_sessions(void **state)
{
    CK_SESSION_HANDLE session;
    (void)state;
    for (size_t i = 1; i < SESSION_MAX; i++) {
        (void)open_session(0, 0);
    }
    assert_rv(C_OpenSession(0, CKF_SERIAL_SESSION, NULL, NULL, &session), CKR_SESSION_COUNT);
}

static void test_logins_that_are_refused(void **state)
{
    CK_UTF8CHAR pin[] = FAKE_PIN;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    assert_works(C_Logout(session));
    assert_rv(C_Login(session, CKU_SO, pin, 4), CKR_USER_TYPE_INVALID);
    assert_rv(C_Login(session, CKU_CONTEXT_SPECIFIC, pin, 4), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_Login(session, 77, pin, 4), CKR_USER_TYPE_INVALID);
    assert_rv(C_Login(session, CKU_USER, NULL, 0), CKR_ARGUMENTS_BAD);
    pin[0] = '9';
    assert_rv(C_Login(session, CKU_USER, pin, 4), CKR_PIN_INCORRECT);
    fake.open_status = GBAU_E_PIN_BLOCKED;
    assert_rv(C_Login(session, CKU_USER, pin, 4), CKR_PIN_LOCKED);
}

static void test_nothing_to_find_before_the_login(void **state)
{
    CK_OBJECT_HANDLE found;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    assert_int_equal(find(session, NULL, 0, &found, 1), 1);
    assert_works(C_Logout(session));
    assert_int_equal(find(session, NULL, 0, &found, 1), 0);
    CK_ATTRIBUTE label = VALUE(CKA_LABEL, found);
    assert_rv(C_GetAttributeValue(session, found, &label, 1), CKR_OBJECT_HANDLE_INVALID);
}

static void test_finding_in_portions(void **state)
{
    CK_ULONG count;
    CK_OBJECT_HANDLE found[3];
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    for (uint8_t i = 0; i < 4; i++) {
        (void)fake_add_key("naf.example.com", (uint8_t)(10 + i), NULL);
    }
    assert_works(C_Logout(session));
    log_in(session);
    assert_works(C_FindObjectsInit(session, NULL, 0));
    assert_rv(C_FindObjectsInit(session, NULL, 0), CKR_OPERATION_ACTIVE);
    assert_works(C_FindObjects(session, found, 3, &count));
    assert_int_equal(count, 3);
    assert_works(C_FindObjects(session, found, 3, &count));
    assert_int_equal(count, 2);
    assert_works(C_FindObjects(session, found, 3, &count));
    assert_int_equal(count, 0);
    assert_works(C_FindObjectsFinal(session));
    assert_rv(C_FindObjectsFinal(session), CKR_OPERATION_NOT_INITIALIZED);
    assert_rv(C_FindObjects(session, found, 3, &count), CKR_OPERATION_NOT_INITIALIZED);
}

static void test_session_objects_end_with_their_session(void **state)
{
    const CK_SESSION_HANDLE first = *(CK_SESSION_HANDLE *)*state;
    const CK_SESSION_HANDLE second = open_session(0, 0);
    const CK_OBJECT_HANDLE key = derive_for(second, CKA_SIGN, "mine");
    assert_int_equal(find_labelled(first, "mine"), key); /* all sessions of the application see it */
    assert_works(C_CloseSession(second));
    assert_int_equal(find_labelled(first, "mine"), 0);
}

static void test_destroying(void **state)
{
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_SESSION_HANDLE reading = open_session(0, 0);
    const CK_OBJECT_HANDLE key = derive_for(session, CKA_SIGN, "mine");
    const CK_OBJECT_HANDLE naf_key = find_labelled(session, "naf.example.com");
    (void)fake_add_key("naf.example.com", 2, "kept");
    assert_works(C_DestroyObject(reading, key));
    assert_rv(C_DestroyObject(session, key), CKR_OBJECT_HANDLE_INVALID);
    assert_rv(C_DestroyObject(session, naf_key), CKR_ACTION_PROHIBITED);
    assert_works(C_Logout(session));
    log_in(session);
    const CK_OBJECT_HANDLE kept = find_labelled(session, "kept");
    assert_rv(C_DestroyObject(reading, kept), CKR_SESSION_READ_ONLY);
    assert_works(C_DestroyObject(session, kept));
    assert_int_equal(fake.key_count, 1);
}

static void test_attributes_by_session(void **state)
{
    CK_ULONG size = 0;
    uint8_t value[32];
    CK_BBOOL derives = CK_FALSE;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE key = find_labelled(session, "naf.example.com");
    CK_ATTRIBUTE template[] = {VALUE(CKA_VALUE, value), VALUE(CKA_DERIVE, derives)};
    assert_rv(C_GetAttributeValue(session, key, template, 2), CKR_ATTRIBUTE_SENSITIVE);
    assert_int_equal(derives, CK_TRUE); /* answered all the same */
    assert_text(session, key, CKA_GBAU_B_TID, "first@bsf");
    assert_text(session, key, CKA_GBAU_NAF, "naf.example.com");
    assert_rv(C_SetAttributeValue(session, key, template, 2), CKR_ATTRIBUTE_READ_ONLY);
    assert_works(C_GetObjectSize(session, key, &size));
    assert_int_equal(size, CK_UNAVAILABLE_INFORMATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        module_test(test_states),
        module_test(test_login_ends_with_the_last_session),
        module_test(test_login_is_kept_when_configured),
        module_test(test_handles_do_not_survive_a_logout),
        module_test(test_closing_all),
        module_test(test_too_many_sessions),
        module_test(test_logins_that_are_refused),
        module_test(test_nothing_to_find_before_the_login),
        module_test(test_finding_in_portions),
        module_test(test_session_objects_end_with_their_session),
        module_test(test_destroying),
        module_test(test_attributes_by_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
