/* test_key_derivation.c: parameters and templates of C_DeriveKey. */
#include "pkcs11_testing.h"

static CK_ULONG aes = CKK_AES;
static CK_ULONG generic = CKK_GENERIC_SECRET;
static CK_ULONG rsa = CKK_RSA;
static CK_ULONG secret_key = CKO_SECRET_KEY;
static CK_ULONG private_key = CKO_PRIVATE_KEY;
static CK_ULONG length_16 = 16;
static CK_ULONG length_32 = 32;
static CK_ULONG length_24 = 24;
static CK_ULONG seven = 7;
static uint8_t much[33];

#define LABEL TEXT(CKA_LABEL, "a")

static void test_templates_say_usage_direction_algorithm(void **state)
{
    static const struct {
        CK_ATTRIBUTE template[4];
        CK_ULONG count;
        CK_ULONG usage;
        CK_ULONG direction;
        CK_ULONG algorithm;
    } rows[] = {
        {{LABEL, IS(CKA_ENCRYPT)}, 2, GBAU_USAGE_ENCRYPT, GBAU_CARD_TO_NAF, GBAU_AES_256_GCM},
        {{LABEL, IS(CKA_DECRYPT), IS_NOT(CKA_ENCRYPT)}, 3, GBAU_USAGE_ENCRYPT, GBAU_NAF_TO_CARD, GBAU_AES_256_GCM},
        {{LABEL, IS(CKA_ENCRYPT), VALUE(CKA_KEY_TYPE, aes), VALUE(CKA_VALUE_LEN, length_16)},
         4,
         GBAU_USAGE_ENCRYPT,
         GBAU_CARD_TO_NAF,
         GBAU_AES_128_GCM},
        {{LABEL, IS(CKA_SIGN)}, 2, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_HMAC_SHA256},
        {{LABEL, IS(CKA_VERIFY), VALUE(CKA_CLASS, secret_key)}, 3, GBAU_USAGE_MAC, GBAU_NAF_TO_CARD, GBAU_HMAC_SHA256},
        {{LABEL, IS(CKA_SIGN), VALUE(CKA_KEY_TYPE, aes)}, 3, GBAU_USAGE_MAC, GBAU_CARD_TO_NAF, GBAU_AES_256_CMAC},
        {{LABEL, IS(CKA_SIGN), VALUE(CKA_KEY_TYPE, aes), VALUE(CKA_VALUE_LEN, length_16)},
         4,
         GBAU_USAGE_MAC,
         GBAU_CARD_TO_NAF,
         GBAU_AES_128_CMAC},
        {{LABEL, IS(CKA_DERIVE), VALUE(CKA_KEY_TYPE, generic), VALUE(CKA_VALUE_LEN, length_32)},
         4,
         GBAU_USAGE_DERIVE,
         GBAU_NO_DIRECTION,
         GBAU_KDF},
        {{LABEL, IS(CKA_ENCRYPT), IS(CKA_DECRYPT), IS(CKA_TOKEN)},
         4,
         GBAU_USAGE_ENCRYPT,
         GBAU_CARD_TO_CARD,
         GBAU_AES_256_GCM},
        {{LABEL, IS(CKA_SIGN), IS(CKA_VERIFY), IS(CKA_TOKEN)}, 4, GBAU_USAGE_MAC, GBAU_CARD_TO_CARD, GBAU_HMAC_SHA256},
    };
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CK_OBJECT_HANDLE key;
        CK_ATTRIBUTE template[4];
        memcpy(template, rows[i].template, sizeof template);
        assert_works(derive(session, template, rows[i].count, &key));
        assert_int_equal(number_of(session, key, CKA_GBAU_USAGE), rows[i].usage);
        assert_int_equal(number_of(session, key, CKA_GBAU_DIRECTION), rows[i].direction);
        assert_int_equal(number_of(session, key, CKA_GBAU_ALGORITHM), rows[i].algorithm);
        assert_text(session, key, CKA_LABEL, "a");
        assert_works(C_DestroyObject(session, key));
    }
}

static void test_templates_that_are_refused(void **state)
{
    static const struct {
        CK_ATTRIBUTE template[3];
        CK_ULONG count;
        CK_RV rv;
    } rows[] = {
        {{LABEL}, 1, CKR_TEMPLATE_INCOMPLETE},
        {{IS(CKA_SIGN)}, 1, CKR_TEMPLATE_INCOMPLETE},
        {{LABEL, IS(CKA_SIGN), IS(CKA_ENCRYPT)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_ENCRYPT), IS(CKA_DECRYPT)}, 3, CKR_TEMPLATE_INCONSISTENT}, /* needs CKA_TOKEN */
        {{LABEL, IS(CKA_SIGN), IS(CKA_EXTRACTABLE)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), IS_NOT(CKA_SENSITIVE)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), IS_NOT(CKA_PRIVATE)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), IS(CKA_WRAP)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), VALUE(CKA_CLASS, private_key)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), VALUE(CKA_KEY_TYPE, rsa)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_ENCRYPT), VALUE(CKA_KEY_TYPE, generic)}, 3, CKR_TEMPLATE_INCONSISTENT},
        {{LABEL, IS(CKA_SIGN), VALUE(CKA_VALUE_LEN, length_24)}, 3, CKR_ATTRIBUTE_VALUE_INVALID},
        {{LABEL, IS(CKA_SIGN), {CKA_TOKEN, NULL, 0}}, 3, CKR_ATTRIBUTE_VALUE_INVALID},
        {{LABEL, IS(CKA_SIGN), {CKA_VALUE_LEN, &length_32, 1}}, 3, CKR_ATTRIBUTE_VALUE_INVALID},
        {{LABEL, IS(CKA_SIGN), {CKA_ID, NULL, 2}}, 3, CKR_ATTRIBUTE_VALUE_INVALID},
        {{LABEL, IS(CKA_SIGN), {CKA_ID, much, 33}}, 3, CKR_ATTRIBUTE_VALUE_INVALID},
        {{LABEL, IS(CKA_SIGN), TEXT(CKA_VALUE, "secret")}, 3, CKR_ATTRIBUTE_TYPE_INVALID},
        {{LABEL, IS(CKA_SIGN), TEXT(CKA_MODULUS, "1")}, 3, CKR_ATTRIBUTE_TYPE_INVALID},
    };
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        CK_OBJECT_HANDLE key;
        CK_ATTRIBUTE template[3];
        memcpy(template, rows[i].template, sizeof template);
        assert_rv(derive(session, template, rows[i].count, &key), rows[i].rv);
    }
    assert_int_equal(find_labelled(session, "a"), 0);
    assert_int_equal(fake.open_keys, 0);
}

static void test_parameter_says_all(void **state)
{
    CK_OBJECT_HANDLE key;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    struct gbau_pkcs11_derive parameter = {.usage = GBAU_USAGE_ENCRYPT,
                                           .direction = GBAU_NAF_TO_CARD,
                                           .algorithm = GBAU_SM4_CCM,
                                           .label = (const unsigned char *)"b",
                                           .label_length = 1,
                                           .context = (const unsigned char *)"c",
                                           .context_length = 1};
    CK_ATTRIBUTE id[] = {TEXT(CKA_ID, "\x42")};
    assert_works(derive_with(session, &parameter, id, 1, &key));
    assert_int_equal(number_of(session, key, CKA_GBAU_ALGORITHM), GBAU_SM4_CCM);
    assert_true(is_true(session, key, CKA_DECRYPT));
    assert_false(is_true(session, key, CKA_ENCRYPT));
    assert_text(session, key, CKA_LABEL, "b");
    assert_text(session, key, CKA_ID, "\x42");
    assert_text(session, key, CKA_GBAU_B_TID, "first@bsf");
}

static void test_parameter_and_template_agree(void **state)
{
    CK_OBJECT_HANDLE key;
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    struct gbau_pkcs11_derive parameter = {
        .usage = GBAU_USAGE_MAC, .direction = GBAU_CARD_TO_NAF, .algorithm = GBAU_AES_128_CMAC};
    CK_ATTRIBUTE good[] = {LABEL, IS(CKA_SIGN), VALUE(CKA_VALUE_LEN, length_16)};
    CK_ATTRIBUTE other_function[] = {LABEL, IS(CKA_VERIFY)};
    CK_ATTRIBUTE other_length[] = {LABEL, VALUE(CKA_VALUE_LEN, length_32)};
    assert_works(derive_with(session, &parameter, good, COUNT(good), &key));
    assert_rv(derive_with(session, &parameter, other_function, 2, &key), CKR_TEMPLATE_INCONSISTENT);
    assert_rv(derive_with(session, &parameter, other_length, 2, &key), CKR_TEMPLATE_INCONSISTENT);
    parameter.label = (const unsigned char *)"b";
    parameter.label_length = 1;
    assert_rv(derive_with(session, &parameter, good, COUNT(good), &key), CKR_TEMPLATE_INCONSISTENT);
}

static void test_parameters_that_are_refused(void **state)
{
    char label[66];
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {LABEL, IS(CKA_SIGN)};
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const struct gbau_pkcs11_derive bad[] = {
        {.usage = 5},
        {.usage = 8},
        {.usage = 1, .direction = 4},
        {.usage = 1, .direction = 1, .algorithm = 0x42},
        {.usage = 1, .direction = 1, .algorithm = 1, .context_length = 1},
        {.usage = 1, .direction = 1, .algorithm = 1, .context = (const unsigned char *)label, .context_length = 65},
        {.usage = 1, .direction = 1, .algorithm = 1, .label = (const unsigned char *)label, .label_length = 65},
        {.usage = 1, .direction = 1, .algorithm = 1, .label = (const unsigned char *)"a\0b", .label_length = 3},
    };
    memset(label, 'l', sizeof label);
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct gbau_pkcs11_derive parameter = bad[i];
        assert_rv(derive_with(session, &parameter, template, 2, &key), CKR_MECHANISM_PARAM_INVALID);
    }
    CK_MECHANISM wrong_size = {CKM_GBAU_DERIVE, label, 3};
    CK_MECHANISM other = {.mechanism = CKM_SHA256_HMAC};
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_DERIVE};
    const CK_OBJECT_HANDLE base = find_labelled(session, "naf.example.com");
    assert_rv(C_DeriveKey(session, &wrong_size, base, template, 2, &key), CKR_MECHANISM_PARAM_INVALID);
    assert_rv(C_DeriveKey(session, &other, base, template, 2, &key), CKR_MECHANISM_INVALID);
    assert_rv(C_DeriveKey(session, &mechanism, base + 1, template, 2, &key), CKR_KEY_HANDLE_INVALID);
}

static void test_bases(void **state)
{
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {LABEL, IS(CKA_SIGN)};
    CK_MECHANISM mechanism = {.mechanism = CKM_GBAU_DERIVE};
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_OBJECT_HANDLE root = derive_for(session, CKA_DERIVE, "root");
    const CK_OBJECT_HANDLE mac = derive_for(session, CKA_SIGN, "mac");
    assert_rv(C_DeriveKey(session, &mechanism, mac, template, 2, &key), CKR_KEY_FUNCTION_NOT_PERMITTED);
    assert_works(C_DeriveKey(session, &mechanism, root, template, 2, &key));
    assert_works(C_DestroyObject(session, root));
    assert_works(C_Logout(session)); /* with the list made anew, the child is gone with its parent */
    log_in(session);
    assert_int_equal(find_labelled(session, "a"), 0);
}

static void test_keeping(void **state)
{
    CK_OBJECT_HANDLE key;
    CK_ATTRIBUTE template[] = {LABEL, IS(CKA_SIGN), IS(CKA_TOKEN), VALUE(CKA_GBAU_OPERATIONS, seven)};
    const CK_SESSION_HANDLE session = *(CK_SESSION_HANDLE *)*state;
    const CK_SESSION_HANDLE reading = open_session(0, 0);
    assert_rv(derive(reading, template, COUNT(template), &key), CKR_SESSION_READ_ONLY);
    assert_works(derive(session, template, COUNT(template), &key));
    assert_true(is_true(session, key, CKA_TOKEN));
    assert_int_equal(number_of(session, key, CKA_GBAU_OPERATIONS), 7);
    assert_int_equal(fake.persisted_operations, 7);
    assert_int_equal(find_labelled(session, "a"), key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        module_test(test_templates_say_usage_direction_algorithm),
        module_test(test_templates_that_are_refused),
        module_test(test_parameter_says_all),
        module_test(test_parameter_and_template_agree),
        module_test(test_parameters_that_are_refused),
        module_test(test_bases),
        module_test(test_keeping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
