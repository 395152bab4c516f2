/* pkcs11_testing.h: what the tests of the module share: the module over a fake card, a session, templates. */
#ifndef TESTS_UNIT_PKCS11_PKCS11_TESTING_H
#define TESTS_UNIT_PKCS11_PKCS11_TESTING_H

#include "testing.h"

#include <stdlib.h>

#include "fake_gbau.h"
#include "gbau/pkcs11.h"
#include "pkcs11/cryptoki.h"

#define assert_rv(call, rv) assert_int_equal((call), (rv))
#define assert_works(call)  assert_rv(call, CKR_OK)

#define CARDS "fake"

static CK_BBOOL yes __attribute__((unused)) = CK_TRUE;
static CK_BBOOL no __attribute__((unused)) = CK_FALSE;
static CK_UTF8CHAR fake_pin[] __attribute__((unused)) = FAKE_PIN;

#define IS(type_)                                                                                                      \
    {                                                                                                                  \
        (type_), &yes, sizeof yes                                                                                      \
    }
#define IS_NOT(type_)                                                                                                  \
    {                                                                                                                  \
        (type_), &no, sizeof no                                                                                        \
    }
#define TEXT(type_, text_)                                                                                             \
    {                                                                                                                  \
        (type_), (void *)(uintptr_t)(text_), sizeof(text_) - 1                                                         \
    }
#define VALUE(type_, value)                                                                                            \
    {                                                                                                                  \
        (type_), &(value), sizeof(value)                                                                               \
    }
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* C_Initialize on a fresh world, with `cards` as slots. */
static inline void initialize(const char *cards)
{
    assert_int_equal(setenv("GBAU_PKCS11_CARD", cards, 1), 0);
    assert_works(C_Initialize(NULL));
}

static inline CK_SESSION_HANDLE open_session(CK_SLOT_ID slot, CK_FLAGS flags)
{
    CK_SESSION_HANDLE session;
    assert_works(C_OpenSession(slot, CKF_SERIAL_SESSION | flags, NULL, NULL, &session));
    return session;
}

static inline void log_in(CK_SESSION_HANDLE session)
{
    assert_works(C_Login(session, CKU_USER, fake_pin, sizeof fake_pin - 1));
}

/* A module with a session that is logged in. */
static inline int open_module(void **state)
{
    static CK_SESSION_HANDLE session;
    fake_reset();
    initialize(CARDS);
    session = open_session(0, CKF_RW_SESSION);
    log_in(session);
    *state = &session;
    return 0;
}

static inline int close_module(void **state)
{
    (void)state;
    return C_Finalize(NULL) == CKR_OK && fake.open_cards == 0 && fake.open_keys == 0 ? 0 : -1;
}

#define module_test(function) cmocka_unit_test_setup_teardown((function), open_module, close_module)

static inline CK_ULONG find(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *found,
                            CK_ULONG room)
{
    CK_ULONG found_count = 0;
    assert_works(C_FindObjectsInit(session, template, count));
    assert_works(C_FindObjects(session, found, room, &found_count));
    assert_works(C_FindObjectsFinal(session));
    return found_count;
}

static inline CK_OBJECT_HANDLE find_labelled(CK_SESSION_HANDLE session, const char *label)
{
    CK_OBJECT_HANDLE found = 0;
    CK_ATTRIBUTE template[] = {{CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
    return find(session, template, 1, &found, 1) == 1 ? found : 0;
}

/* Derives from the NAF key by the template alone. */
static inline CK_RV derive(CK_SESSION_HANDLE session, CK_ATTRIBUTE *template, CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_DERIVE};
    return C_DeriveKey(session, &mechanism, find_labelled(session, "naf.example.com"), template, count, key);
}

/* Derives a session key for one function. */
static inline CK_OBJECT_HANDLE derive_for(CK_SESSION_HANDLE session, CK_ATTRIBUTE_TYPE function, const char *label)
{
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {IS(function), {CKA_LABEL, (void *)(uintptr_t)label, strlen(label)}};
    assert_works(derive(session, template, COUNT(template), &key));
    return key;
}

/* Derives by parameter. */
static inline CK_RV derive_with(CK_SESSION_HANDLE session, struct gbau_pkcs11_derive *parameter, CK_ATTRIBUTE *template,
                                CK_ULONG count, CK_OBJECT_HANDLE *key)
{
    CK_MECHANISM mechanism = {CKM_GBAU_DERIVE, parameter, sizeof *parameter};
    return C_DeriveKey(session, &mechanism, find_labelled(session, "naf.example.com"), template, count, key);
}

static inline CK_ULONG number_of(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_ULONG value = 0;
    CK_ATTRIBUTE attribute = VALUE(type, value);
    assert_works(C_GetAttributeValue(session, object, &attribute, 1));
    return value;
}

static inline bool is_true(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type)
{
    CK_BBOOL value = 2;
    CK_ATTRIBUTE attribute = VALUE(type, value);
    assert_works(C_GetAttributeValue(session, object, &attribute, 1));
    assert_true(value == CK_TRUE || value == CK_FALSE);
    return value == CK_TRUE;
}

static inline void assert_text(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE_TYPE type,
                               const char *expected)
{
    char value[256];
    CK_ATTRIBUTE attribute = VALUE(type, value);
    assert_works(C_GetAttributeValue(session, object, &attribute, 1));
    assert_int_equal(attribute.ulValueLen, strlen(expected));
    assert_memory_equal(value, expected, strlen(expected));
}

#endif
